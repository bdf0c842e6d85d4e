// Lobbies in C++: options, ownership, transactions, searches while iterating, events.
#include <joinly/storage.hpp>

#include <chrono>
#include <future>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

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

joinly::LobbyOptions owned_by(const std::string& player) {
    joinly::LobbyOptions options;
    options.owner = joinly::Join{player};
    return options;
}

static_assert(std::is_aggregate_v<joinly::Join> && std::is_aggregate_v<joinly::LobbyOptions> &&
              std::is_aggregate_v<joinly::SeatRequest> && std::is_aggregate_v<joinly::LobbyQuery>);
static_assert(std::is_copy_constructible_v<joinly::Lobby> && std::is_copy_constructible_v<joinly::Lobbies>);
static_assert(std::is_nothrow_move_constructible_v<joinly::Joined> && !std::is_copy_constructible_v<joinly::Joined>);
static_assert(std::is_nothrow_move_constructible_v<joinly::LobbyEvents> &&
              !std::is_copy_constructible_v<joinly::LobbyEvents>);

void from_creation_to_end() {
    auto store = joinly::Store::open("memory:");
    auto lobbies = store.lobbies();
    auto options = owned_by("ada");
    options.kind = "duel";
    options.name = "Ada's";
    options.max_members = 3;
    options.attributes = R"({"map":"dust"})";
    auto lobby = lobbies.create(options);
    CHECK(lobby.number() == 1);

    const auto joined = lobby.join({"bob"});
    CHECK(joined.lobby == 1 && joined.sequence == 4 && !joined.repeated);
    CHECK(has(joined.snapshot, R"("player":"bob")") && has(joined.snapshot, R"("map":"dust")"));
    CHECK(lobby.enter({{"cy"}}).sequence == 5);
    CHECK(thrown([&] { lobby.join({"dan"}); }) == joinly::Status::lobby_full);
    CHECK(thrown([&] { lobby.join({"bob"}); }) == joinly::Status::exists);

    CHECK(thrown([&] { lobby.as("bob", 1).lock(); }) == joinly::Status::forbidden);
    lobby.as("ada", 1).lock();
    lobby.unlock();
    lobby.start(1min);
    lobby.cancel();
    lobby.start(1min);
    for (const char* player : {"ada", "bob", "cy"}) {
        lobby.ready(player);
    }
    CHECK(has(lobby.get(joinly::Viewer::public_), R"("state":"in_game")"));
    lobby.reopen();
    lobby.transfer("bob");
    CHECK(thrown([&] { lobby.as("ada", 1).kick("cy"); }) == joinly::Status::forbidden);
    lobby.as("bob", 2).kick("cy");
    lobby.ban("cy");
    CHECK(thrown([&] { lobby.join({"cy"}); }) == joinly::Status::forbidden);
    lobby.unban("cy");
    lobby.ban("cy", joinly::TimePoint{});
    lobby.join({"cy"});
    lobby.ban("cy", store.try_now().value() + 1h);
    CHECK(thrown([&] { lobby.join({"cy"}); }) == joinly::Status::forbidden);

    CHECK((lobby.heartbeat({"ada", "cy"}) == std::vector<bool>{true, false}));
    lobby.heartbeat_host();
    CHECK(lobbies.of_player("duel", "ada")->number() == 1 && !lobbies.of_player("duel", "cy"));
    lobby.leave("ada");
    lobby.close();
    CHECK(thrown([&] { lobby.join({"ada"}); }) == joinly::Status::wrong_state);
    CHECK(lobbies.sweep(0ms).deleted == 1);
    CHECK(thrown([&] { (void)lobby.get(); }) == joinly::Status::not_found);
    CHECK(thrown([&] { (void)lobbies[99].get(); }) == joinly::Status::not_found);
}

void every_option_counts() {
    auto store = joinly::Store::open("memory:");
    auto options = owned_by("ada");
    options.max_members = 4;
    options.teams = {2, 2};
    options.visibility = joinly::Visibility::private_;
    options.password = "s3cret";
    options.build = "1.2";
    options.migration = joinly::Migration::manual;
    options.exclusive = false;
    options.backfill = true;
    options.keep_empty = true;
    options.member_lease = 11s;
    options.reservation = 12s;
    options.stale_after = 13s;
    options.close_after = 14s;
    options.keep_events = 15;
    options.member_attributes = R"({"voice":"eu1"})";
    options.owner_attributes = R"({"seed":7})";
    auto lobby = store.lobbies().create(options);
    const auto seen = lobby.get().str();
    for (const char* part :
         {R"("visibility":"private")", R"("build":"1.2")", R"("migration":"manual")", R"("exclusive":false)",
          R"("backfill":true)", R"("keep_empty":true)", R"("max_members":4)", R"("protected":true)",
          R"("member_ms":11000,"reservation_ms":12000,"stale_ms":13000,"close_ms":14000)", R"("keep_events":15)",
          R"("voice":"eu1")", R"("seed":7)"}) {
        CHECK(has(seen, part));
    }
    CHECK(!has(lobby.get(joinly::Viewer::member), "seed") && !has(lobby.get(joinly::Viewer::public_), "eu1"));

    const auto at = seen.find(R"("code":")") + 8;
    joinly::Join bob{"bob"};
    bob.password = "s3cret";
    bob.build = "1.2";
    CHECK(thrown([&] { lobby.join(bob); }) == joinly::Status::forbidden);
    bob.code = seen.substr(at, 6);
    CHECK(store.lobbies().by_code(*bob.code)->number() == lobby.number());
    bob.team = 1;
    bob.role = "tank";
    bob.attributes = R"({"hat":"red"})";
    const auto joined = lobby.join(bob);
    CHECK(has(joined.snapshot, R"("team":1,"role":"tank")") && has(joined.snapshot, R"("hat":"red")"));
    joinly::SeatRequest seat{"cy"};
    seat.team = 0;
    seat.lasts = 1min;
    lobby.reserve({seat});
    CHECK(has(lobby.get(), R"("reserved":1)"));
    options.member_lease = -1ms;
    CHECK(thrown([&] { (void)store.lobbies().create(options); }) == joinly::Status::invalid);
}

void requests_and_expected_versions() {
    auto store = joinly::Store::open("memory:");
    auto lobbies = store.lobbies();
    auto lobby = lobbies.request("make").create(owned_by("ada"));
    CHECK(lobbies.request("make").create(owned_by("ada")).number() == lobby.number());
    CHECK(!lobby.request("join").join({"bob"}).repeated && lobby.request("join").join({"bob"}).repeated);

    CHECK(lobby.patch(R"({"name":"new"})", 4).sequence == 5);
    lobby.patch_member("bob", R"({"hat":1})", 5);
    try {
        lobby.patch(R"({"name":"newer"})", 4);
        CHECK(false);
    } catch (const joinly::Conflict& conflict) {
        CHECK(conflict.present_version() == 6 && !conflict.retryable());
    }

    // To repeat it would be no use.
    int runs = 0;
    CHECK(thrown([&] {
              store.transaction([&](joinly::Transaction& transaction) {
                  runs++;
                  store.lobbies(transaction)[lobby.number()].patch(R"({"name":"newer"})", 4);
              });
          }) == joinly::Status::conflict);
    CHECK(runs == 1);
}

void within_a_transaction() {
    auto store = joinly::Store::open("memory:");
    auto number = store.lobbies().create(owned_by("ada")).number();
    try {
        store.transaction([&](joinly::Transaction& transaction) {
            transaction.add("coins:bob", -5);
            store.lobbies(transaction)[number].join({"bob"});
            store.lobbies(transaction)[number].join({"ada"});
        });
        CHECK(false);
    } catch (const joinly::Error& error) {
        CHECK(error.status() == joinly::Status::exists);
    }
    CHECK(!store.exists("coins:bob") && !store.lobbies().of_player("", "bob"));
    store.transaction([&](joinly::Transaction& transaction) {
        transaction.add("coins:bob", -5);
        auto lobby = store.lobbies(transaction)[number];
        lobby.join({"bob"});
        CHECK(has(lobby.get(), "\"bob\"") && !has(store.lobbies()[number].get(), "\"bob\""));
    });
    CHECK(store.get_string("coins:bob") == "-5" && store.lobbies().of_player("", "bob")->number() == number);
}

void searches_are_read_while_iterating() {
    auto store = joinly::Store::open("memory:");
    auto lobbies = store.lobbies();
    for (int elo = 1000; elo < 1100; elo += 10) {
        joinly::LobbyOptions options;
        options.kind = elo < 1050 ? "duel" : "ctf";
        options.attributes = "{\"elo\":" + std::to_string(elo) + "}";
        (void)lobbies.create(options);
    }
    joinly::LobbyQuery query;
    query.filter = R"([{"key":"elo","op":">=","value":1020}])";
    query.order = R"([{"key":"elo","near":1052}])";
    std::vector<std::string> found;
    for (const auto& [key, document] : lobbies.search(query).page_size(3)) {
        CHECK(has(document, R"("elo":)"));
        found.emplace_back(key);
    }
    CHECK((found == std::vector<std::string>{"lobby:6", "lobby:7", "lobby:5", "lobby:8", "lobby:4", "lobby:9",
                                             "lobby:3", "lobby:10"}));
    query.kind = "ctf";
    auto search = lobbies.search(query).page_size(2);
    const auto page = search.page();
    CHECK(page.size() == 2 && search.explain().read == 10 && search.explain().exhausted == 0);
    CHECK(lobbies.search(query).after(page.cursor()).page().size() == 3);
    query.filter = "[";
    CHECK(thrown([&] { (void)lobbies.search(query).page(); }) == joinly::Status::invalid);

    joinly::LobbyOptions duel;
    duel.kind = "duel";
    CHECK(lobbies.quick_join({{"ada"}, {"bob"}}, duel).lobby == lobbies.quick_join({{"cy"}}, duel).lobby);
}

void events_are_pulled_and_waited_for() {
    auto store = joinly::Store::open("memory:");
    auto lobbies = store.lobbies();
    auto lobby = lobbies.create(owned_by("ada"));
    const auto told = lobby.poll(0);
    CHECK(told && told->size() == 3 && told->next() == 3 && !told->is_resync() && told->snapshot().empty());
    const auto& first = (*told)[0];
    CHECK(first.kind == joinly::LobbyEventKind::created && first.version == 1 && first.actor == "ada");
    CHECK(first.time > joinly::TimePoint{} && has(first.json, R"("kind":"created")"));
    const auto present = lobbies.poll(0)->next();
    CHECK(!lobby.poll(3) && !lobby.poll(3, 1ms) && !lobbies.poll(present, 1ms));

    // A poll on another thread is woken by what happens here, and by the end of the store.
    auto one = std::async(std::launch::async, [&] { return lobby.poll(3, 1min, joinly::Viewer::member); });
    auto all = std::async(std::launch::async, [&] { return lobbies.poll(present, 1min); });
    lobby.join({"bob"});
    const auto heard = one.get();
    CHECK(heard && heard->begin()->kind == joinly::LobbyEventKind::joined && heard->next() == 4);
    const auto commit = all.get();
    CHECK(commit && commit->size() == 1 && (*commit)[0].sequence > present && commit->next() == (*commit)[0].sequence);
    lobby.say("bob", "hello");
    const auto said = lobby.said();
    CHECK(said.size() == 1 && said[0].actor == "bob" && has(said[0].json, "hello"));
    CHECK(has(lobby.as_of(3).view(), R"("members":1)"));

    auto last = std::async(std::launch::async, [&] { return thrown([&] { (void)lobby.poll(5, 1min); }); });
    store.close();
    const auto end = last.get();
    CHECK(end == joinly::Status::closed || end == joinly::Status::bad_handle);
    CHECK(has(first.json, "created"));
}

}  // namespace

int main() {
    from_creation_to_end();
    every_option_counts();
    requests_and_expected_versions();
    within_a_transaction();
    searches_are_read_while_iterating();
    events_are_pulled_and_waited_for();
    return EXIT_SUCCESS;
}
