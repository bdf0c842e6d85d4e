// Queues in C++: from a ticket to a match in its lobby, what parties ask for, transactions.
#include <joinly/storage.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

template <class Call>
joinly::Status thrown(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const joinly::Error& error) {
        return error.status();
    }
    return joinly::Status::ok;
}

bool has(std::string_view json, std::string_view part) { return json.find(part) != std::string_view::npos; }

joinly::Ticket ticket_of(const std::string& player) { return {{{player, {20, 2, 0}}}}; }

static_assert(std::is_aggregate_v<joinly::Seeker> && std::is_aggregate_v<joinly::Ticket>);
static_assert(std::is_copy_constructible_v<joinly::Queues>);
static_assert(std::is_nothrow_move_constructible_v<joinly::Enqueued> &&
              !std::is_copy_constructible_v<joinly::Enqueued>);

void two_players_meet_in_a_lobby() {
    auto store = joinly::Store::open("memory:");
    auto queues = store.queues();
    CHECK(!queues.queue("duel") && !queues.ticket("duel", 1) && !queues.match("duel-1"));
    CHECK(thrown([&] { (void)queues.enqueue("duel", ticket_of("ada")); }) == joinly::Status::not_found);
    CHECK(thrown([&] { (void)queues.tick("duel", "me", 1ms); }) == joinly::Status::not_found);
    queues.configure("duel", R"({"rules":{"accept_ms":60000,"pairing":"greedy"},"lobby":{"kind":"duel"}})");
    CHECK(has(*queues.queue("duel"), R"("kind":"duel")") && has(*queues.queue("duel"), R"("pairing":"greedy")"));
    CHECK(thrown([&] { queues.configure("duel", "{"); }) == joinly::Status::invalid);

    const auto ada = queues.enqueue("duel", ticket_of("ada"));
    CHECK(ada.ticket == 1 && *queues.ticket("duel", 1) == ada.document.view());
    CHECK(has(queues.tick("duel", "me", 1h), R"("matches":[])"));
    CHECK(has(queues.tick("duel", "you", 1h), R"("held_by":"me")"));
    CHECK(thrown([&] { (void)queues.tick("duel", "me", 0ms); }) == joinly::Status::invalid);
    CHECK(thrown([&] { (void)queues.tick("duel", "me", -1ms); }) == joinly::Status::invalid);
    CHECK(queues.enqueue("duel", ticket_of("bob")).ticket == 2);
    CHECK(has(queues.tick("duel", "me", 1h), R"("state":"PENDING")"));
    CHECK(has(*queues.match("duel-1"), R"("lobby":1)") && has(store.lobbies()[1].get(), R"("reserved":2)"));
    CHECK(thrown([&] { queues.cancel("duel", 1); }) == joinly::Status::already_matched);
    CHECK(thrown([&] { (void)queues.accept("duel-1", "eve"); }) == joinly::Status::forbidden);
    queues.decline("duel-1", "bob");
    CHECK(has(*queues.ticket("duel", 1), "QUEUED") && has(*queues.ticket("duel", 2), "CANCELLED"));

    queues.enqueue("duel", ticket_of("cy"));
    queues.tick("duel", "me", 1h);
    CHECK(has(queues.accept("duel-1.1", "ada"), R"("accepted":["ada"])"));
    CHECK(has(queues.accept("duel-1.1", "cy"), "CONFIRMED"));
    CHECK(thrown([&] { queues.decline("duel-1.1", "cy"); }) == joinly::Status::already_matched);
    CHECK(store.lobbies()[2].join({"cy"}).lobby == 2 && has(queues.report("duel", 100), R"("matches":1)"));
}

void everything_that_a_party_asks_for_counts() {
    auto store = joinly::Store::open("memory:");
    auto queues = store.queues();
    queues.configure("raid", R"({"rules":{"team_size":2,"roles":{"tank":1,"healer":1}}})");
    const auto rating = store.leaderboards().rating("ada", "raid");
    joinly::Ticket asked;
    asked.party = {{"ada", rating, "tank"}, {"bob", rating}};
    asked.deadline = joinly::TimePoint(4'000'000'000'000ms);
    asked.keys = R"({"mode":"ranked"})";
    asked.attributes = R"({"level":7})";
    asked.filters = R"([{"key":"level","test":{"at_least":5}}])";
    asked.latencies = R"({"eu":30})";
    asked.blocked = R"(["eve"])";
    const auto stored = queues.enqueue("raid", asked).document;
    for (const char* part : {R"({"player":"ada","mu":25.0,"sigma":8.33)", R"("role":"tank")", R"({"player":"bob")",
                             R"("deadline":4000000000000)", R"("mode":"ranked")", R"("level":7)", R"("at_least":5)",
                             R"("eu":30)", R"("blocked":["eve"])"}) {
        CHECK(has(stored, part));
    }
    CHECK(thrown([&] { (void)queues.enqueue("raid", asked); }) == joinly::Status::exists);
    queues.cancel("raid", 1);
    asked.deadline = joinly::TimePoint{};
    CHECK(thrown([&] { (void)queues.enqueue("raid", asked); }) == joinly::Status::expired);
    CHECK(thrown([&] { (void)queues.enqueue("raid", {}); }) == joinly::Status::invalid);
}

void a_match_under_way_is_filled() {
    auto store = joinly::Store::open("memory:");
    auto queues = store.queues();
    queues.configure("duel");
    joinly::LobbyOptions options;
    options.max_members = 2;
    options.teams = {1, 1};
    options.owner = joinly::Join{"host"};
    const auto lobby = store.lobbies().create(options).number();
    CHECK(!queues.backfilled("duel", lobby) && !queues.stop_backfill("duel", lobby));
    const auto wanted = R"({"lobby":1,"teams":[[{"player":"host","mu":20,"sigma":2}],[]]})";
    CHECK(has(queues.backfill("duel", wanted), R"("created":1)"));
    queues.enqueue("duel", ticket_of("ada"));
    CHECK(has(queues.tick("duel", "me", 1ms), R"("backfill":true)"));
    CHECK(has(*queues.backfilled("duel", lobby), R"("player":"ada")"));
    CHECK(queues.stop_backfill("duel", lobby) && !queues.stop_backfill("duel", lobby));
}

void a_ticket_is_part_of_a_transaction() {
    auto store = joinly::Store::open("memory:");
    auto queues = store.queues();
    queues.configure("duel");
    auto transaction = store.begin();
    auto within = store.queues(transaction);
    const auto ada = within.enqueue("duel", ticket_of("ada"));
    transaction.put("paid:ada", "1");
    CHECK(within.ticket("duel", ada.ticket) && !queues.ticket("duel", ada.ticket));
    transaction.rollback();
    CHECK(!queues.ticket("duel", ada.ticket));
    store.transaction([&](joinly::Transaction& tx) { store.queues(tx).enqueue("duel", ticket_of("bob")); });
    CHECK(has(queues.report("duel", 1), R"("tickets":1)"));
    auto other = joinly::Store::open("memory:");
    auto foreign = other.begin();
    CHECK(thrown([&] { store.queues(foreign).cancel("duel", 1); }) == joinly::Status::invalid);
}

}  // namespace

int main() {
    two_players_meet_in_a_lobby();
    everything_that_a_party_asks_for_counts();
    a_match_under_way_is_filled();
    a_ticket_is_part_of_a_transaction();
    return EXIT_SUCCESS;
}
