// Players, ratings and leaderboards in C++: answers that are no failures, ownership, transactions, iteration.
#include <joinly/storage.hpp>

#include <chrono>
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

const auto gold = joinly::Holding::currency("gold");
const auto sword = joinly::Holding::item("sword");

static_assert(std::is_copy_constructible_v<joinly::Players> && std::is_copy_constructible_v<joinly::Leaderboards>);
static_assert(std::is_nothrow_move_constructible_v<joinly::Saved> && !std::is_copy_constructible_v<joinly::Saved>);
static_assert(std::is_aggregate_v<joinly::ObjectWrite> && std::is_aggregate_v<joinly::SaveOptions>);

void profiles_and_presence() {
    auto store = joinly::Store::open("memory:");
    auto players = store.players();
    CHECK(!players.get("ada") && !players.by_account("steam", "a1"));
    const auto ada = players.create("ada", R"({"name":"Ada","accounts":{"steam":"a1"}})");
    CHECK(has(ada, R"("name":"Ada")") && *players.by_account("steam", "a1") == ada.view());
    CHECK(thrown([&] { (void)players.create("ada"); }) == joinly::Status::exists);
    CHECK(thrown([&] { (void)players.patch("ada", R"({"nmae":"x"})"); }) == joinly::Status::invalid);
    CHECK(has(players.patch("ada", R"({"properties":{"level":7}})", 1), R"("level":7)"));
    try {
        (void)players.patch("ada", "{}", 1);
        CHECK(false);
    } catch (const joinly::Conflict& conflict) {
        CHECK(conflict.present_version() == 2);
    }

    CHECK(!players.presence("ada") && !players.leave("ada"));
    CHECK(has(players.heartbeat("ada", 1h, "in a raid"), R"("status":"in a raid")"));
    CHECK(has(*players.presence("ada"), R"("until":)") && players.leave("ada") && !players.presence("ada"));
    CHECK(thrown([&] { (void)players.heartbeat("ada", 0ms); }) == joinly::Status::invalid);
    CHECK(thrown([&] { (void)players.heartbeat("ada", -1ms); }) == joinly::Status::invalid);
}

void holdings() {
    auto store = joinly::Store::open("memory:");
    auto players = store.players();
    CHECK(players.adjust({{"ada", gold, 100}}) == std::vector<std::int64_t>{100});
    CHECK((players.adjust({{"ada", gold, -60}, {"ada", sword, 1}}) == std::vector<std::int64_t>{40, 1}));
    CHECK(thrown([&] {
              (void)players.adjust({{"ada", gold, -60}, {"ada", sword, 1}});
          }) == joinly::Status::insufficient);
    players.transfer("ada", "bob", gold, 15);
    CHECK(players.balances("ada") == R"({"currencies":{"gold":25},"items":{"sword":1}})");
    CHECK(players.balances("bob") == R"({"currencies":{"gold":15},"items":{}})");
    CHECK(players.adjust({}).empty());
}

void objects() {
    auto store = joinly::Store::open("memory:");
    auto players = store.players();
    const auto absent = joinly::Expected::absent();
    const auto written =
        players.write_objects({{"ada", "decks", "main", "[1]", absent}, {"ada", "decks", "side", "[2]", absent}});
    CHECK(written && written.version() > 0 && players.object("ada", "decks", "main")->version() == written.version());
    const auto expected = joinly::Expected::version(written.version());
    const auto stale = players.write_objects({{"ada", "decks", "new", "1"}, {"ada", "decks", "main", "1", absent}});
    CHECK(!stale && stale.conflict() == 1 && stale.present() == written.version());
    CHECK(!players.object("ada", "decks", "new"));
    std::string found;
    for (const auto& [key, document] : players.objects("ada", "decks").page_size(1)) {
        found += std::string(key.substr(key.rfind(':'))) + std::string(document);
    }
    CHECK(found == ":main[1]:side[2]");
    CHECK(players.write_objects({{"ada", "decks", "main", {}, expected}}));
    const auto gone = players.write_objects({{"ada", "decks", "main", {}, expected}});
    CHECK(!gone && gone.conflict() == 0 && gone.present() == 0);
    CHECK(thrown([&] { (void)players.write_objects({}); }) == joinly::Status::invalid);
}

void saves() {
    auto store = joinly::Store::open("memory:");
    auto players = store.players();
    CHECK(!players.load("ada", "auto"));
    joinly::SaveOptions on_pc;
    on_pc.device = "pc";
    CHECK(has(players.save("ada", "auto", "one", on_pc).info(), R"("device":"pc")"));
    joinly::SaveOptions on_phone;
    on_phone.device = "phone";
    const auto conflict = players.save("ada", "auto", "mine", on_phone);
    CHECK(!conflict && conflict.stored() == "one" && has(conflict.info(), R"("version":1,)"));
    on_phone.parent = 1;
    on_phone.keep = 1;
    CHECK(players.save("ada", "auto", "merged", on_phone));
    const auto latest = players.load("ada", "auto");
    CHECK(latest && latest->game == "merged" && has(latest->info, R"("parent":1,)"));
    CHECK(!players.load("ada", "auto", 1) && has(players.save_history("ada", "auto"), R"([{"version":2,)"));
    CHECK(players.clear_save("ada", "auto") && !players.clear_save("ada", "auto"));
}

void one_transaction() {
    auto store = joinly::Store::open("memory:");
    store.leaderboards().create("spent");
    store.players().adjust({{"ada", gold, 5}});
    const auto buy = [&](std::int64_t price) {
        store.transaction([&](joinly::Transaction& tx) {
            auto players = store.players(tx);
            players.adjust({{"ada", sword, 1}, {"ada", gold, -price}});
            CHECK(players.write_objects({{"ada", "deeds", "sword", "1"}}));
            store.leaderboards(tx).submit("spent", "ada", price);
            tx.put("receipt", "paid");
        });
    };
    CHECK(thrown([&] { buy(6); }) == joinly::Status::insufficient);
    CHECK(!store.exists("receipt") && store.leaderboards().count("spent") == 0);
    buy(5);
    CHECK(store.exists("receipt") && store.leaderboards().count("spent") == 1);
    CHECK(store.players().balances("ada") == R"({"currencies":{},"items":{"sword":1}})");
    auto other = joinly::Store::open("memory:");
    auto foreign = other.begin();
    CHECK(thrown([&] { (void)store.players(foreign).get("ada"); }) == joinly::Status::invalid);
}

void ratings() {
    const auto played =
        joinly::RatingSystem::glicko2().rate_period({1500, 200, 0.06}, {{{1400, 30, 0.06}, joinly::Score::win},
                                                                        {{1550, 100, 0.06}, joinly::Score::loss},
                                                                        {{1700, 300, 0.06}, joinly::Score::loss}});
    CHECK(played.mu > 1464.0 && played.mu < 1464.1 && played.sigma > 151.5 && played.sigma < 151.6);

    const joinly::RatingSystem system;
    const auto start = system.initial();
    CHECK(start.mu == 25.0);
    const auto rated = system.rate({{{start}, 1}, {{start, start}, 2}});
    CHECK(rated.size() == 2 && rated[0].size() == 1 && rated[1].size() == 2);
    CHECK(rated[0][0].mu > 25.0 && rated[1][0].mu < 25.0 && rated[1][1].mu < 25.0);
    const auto chances = system.win_probabilities({{{start}}, {{start, start}}});
    CHECK(chances.size() == 2 && chances[1] > chances[0]);
    CHECK(joinly::RatingSystem::glicko2().initial().sigma == 350.0);
    CHECK(thrown([&] { (void)system.rate({}); }) == joinly::Status::invalid);
    CHECK(thrown([&] { (void)system.win_probabilities({}); }) == joinly::Status::invalid);
    CHECK(thrown([] { (void)joinly::RatingSystem(R"({"system":"elo"})").initial(); }) == joinly::Status::invalid);
}

void boards() {
    auto store = joinly::Store::open("memory:");
    auto boards = store.leaderboards();
    CHECK(thrown([&] { (void)boards.rank("duel", "ada"); }) == joinly::Status::not_found);
    boards.create("duel", R"({"order":"lowest"})");
    CHECK(thrown([&] { boards.create("duel"); }) == joinly::Status::exists);
    CHECK(has(boards.submit("duel", "ada", 70), R"("changed":true)"));
    boards.submit("duel", "bob", 60);
    CHECK(!boards.rank("duel", "cy") && has(*boards.rank("duel", "ada"), R"({"rank":2,"player":"ada")"));
    CHECK(has(boards.top("duel", 1), "bob") && !has(boards.top("duel", 1), "ada"));
    CHECK(has(boards.top("duel", 1, 1, "all"), "ada") && has(boards.around("duel", "ada", 1, 0), "bob"));
    CHECK(boards.count("duel") == 2 && boards.count("duel", "2026-01-05") == 0);
    CHECK(thrown([&] { (void)boards.count("duel", ""); }) == joinly::Status::invalid);

    const auto result =
        R"({"id":"m1","ladder":"duel","teams":[{"players":["ada"],"place":1},{"players":["bob"],"place":2}]})";
    CHECK(!boards.apply_result(result).repeated);
    const auto again = boards.apply_result(result);
    CHECK(again.repeated && has(again.document, R"("changes":{"ada":{"before":{"mu":25.0)"));
    CHECK(boards.rating("ada", "duel").mu > 25.0 && boards.rating("cy", "duel").mu == 25.0);
}

}  // namespace

int main() {
    profiles_and_presence();
    holdings();
    objects();
    saves();
    one_transaction();
    ratings();
    boards();
    return EXIT_SUCCESS;
}
