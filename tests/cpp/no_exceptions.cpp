// storage.hpp under -fno-exceptions: everything is reachable by the functions named `try_...`.
#include <joinly/storage.hpp>

#include <optional>
#include <string>

#include "../c/check.h"

static_assert(JOINLY_EXCEPTIONS == 0, "this test is compiled without exceptions");

namespace {

using joinly::Result;
using joinly::Status;

/// A body of a transaction: errors are handed up.
Result<std::int64_t> transfer(joinly::Transaction& tx, std::int64_t amount) {
    const auto left = tx.try_add("from", -amount);
    if (!left) {
        return left.error();
    }
    if (*left < 0) {
        return joinly::Error(Status::out_of_range, "not enough to transfer");
    }
    return tx.try_add("to", amount);
}

void transactions(joinly::Store& store) {
    CHECK(store.try_put("from", "100"));
    const auto done = store.try_transaction([](auto& tx) { return transfer(tx, 30); });
    CHECK(done && *done == 30);
    const auto refused = store.try_transaction([](auto& tx) { return transfer(tx, 71); });
    CHECK(refused.status() == Status::out_of_range);
    CHECK(**store.try_get_string("from") == "70");

    int runs = 0;
    const auto overtaken = store.try_transaction([&](joinly::Transaction& tx) -> Result<void> {
        const auto seen = tx.try_get("from");
        if (++runs < 3) {
            CHECK(store.try_add("from"));
        }
        return seen ? tx.try_put("seen", (*seen)->view()) : Result<void>(seen.error());
    });
    CHECK(overtaken && runs == 3);
    CHECK(**store.try_get_string("seen") == "72");
}

void scans(const joinly::Store& store) {
    auto scan = store.prefix("").page_size(2);
    std::string keys;
    for (auto row = scan.try_next();; row = scan.try_next()) {
        CHECK(row);
        if (*row == nullptr) {
            break;
        }
        keys += std::string((*row)->key()) + " ";
    }
    CHECK(keys == "from seen to ");
    const auto page = store.prefix("").page_size(2).try_page();
    CHECK(page && page->size() == 2);
}

void lobbies(joinly::Store& store) {
    auto lobbies = store.lobbies();
    auto lobby = lobbies.try_create({});
    CHECK(lobby && lobby->try_join({"ada"}) && lobby->try_enter({{"bob"}}));
    CHECK(lobby->try_join({"bob"}).status() == Status::exists);
    CHECK(lobby->try_patch("{}", 1).error().present_version() == (*lobby->try_poll(0))->next());
    CHECK(lobby->try_heartbeat({"ada"})->front() && lobby->try_get() && lobby->try_as_of(1) && lobby->try_said());
    CHECK((*lobbies.try_of_player("", "ada"))->number() == lobby->number() && !*lobbies.try_of_player("", "eve"));
    CHECK(lobbies.search().try_page()->size() == 1 && lobbies.try_quick_join({{"cy"}})->lobby == lobby->number());
    auto transaction = store.try_begin();
    CHECK(transaction && store.lobbies(*transaction)[lobby->number()].try_leave("cy") && transaction->try_rollback());
    CHECK(lobby->try_kick("cy") && lobby->try_close() && lobbies.try_poll(0) && lobbies.try_sweep({})->deleted == 1);
}

void the_rest(joinly::Store& store) {
    auto batch = joinly::Batch::try_new();
    CHECK(batch && batch->try_put("p:1", R"({"n":1})") && batch->try_erase("seen") && batch->try_add("n", 2));
    CHECK(batch->try_check("p:1", 0) && batch->try_expire("p:1", std::chrono::hours(1)));
    CHECK(store.try_commit(*batch));
    CHECK(store.try_commit(*batch).status() == Status::conflict);
    CHECK(store.try_declare_index("n", "p:", "$.n"));
    CHECK(store.find("n").equal(1).try_page()->size() == 1);
    CHECK(store.try_indexes()->size() == 1 && store.try_rebuild_index("n") && store.try_drop_index("n"));
    auto watch = store.try_watch("", joinly::Watch::oldest);
    CHECK(watch && watch->try_poll() && *watch->try_poll());
    CHECK(*store.try_exists("n") && store.try_get_many({"n", "m"})->size() == 2);
    CHECK(*store.try_expire("n", std::chrono::hours(1)) && *store.try_erase("n") && !*store.try_erase("n"));
    CHECK(store.try_stats()->commits > 0 && store.try_limits()->max_key_bytes > 0);
    CHECK(*store.try_version() > 0 && store.try_now());
    CHECK(store.try_flush() && store.try_checkpoint() && store.try_verify() && store.try_compact());
    auto rows = store.try_sql("SELECT ?", {1});
    CHECK(rows && (**rows->try_next())[0].integer() == 1 && *rows->try_next() == nullptr);
    CHECK(store.try_sql("no SQL").status() == Status::invalid);
    auto cache = joinly::Cache::try_new();
    CHECK(cache && cache->try_set("k", "v") && **cache->try_get_string("k") == "v" && *cache->try_erase("k"));
    CHECK(cache->try_stats()->hits == 1);
}

void players(joinly::Store& store) {
    auto players = store.players();
    const auto gold = joinly::Holding::currency("gold");
    CHECK(players.try_create("ada") && players.try_patch("ada", R"({"accounts":{"steam":"a"}})", 1));
    CHECK(players.try_patch("ada", "{}", 1).error().present_version() == 2 && !*players.try_get("bob"));
    CHECK((*players.try_get("ada"))->view() == (*players.try_by_account("steam", "a"))->view());
    CHECK(players.try_heartbeat("ada", std::chrono::hours(1)) && *players.try_presence("ada"));
    CHECK(*players.try_leave("ada") && !*players.try_leave("ada") && !*players.try_presence("ada"));
    CHECK(players.try_adjust({{"ada", gold, 5}})->front() == 5 && players.try_transfer("ada", "bob", gold, 2));
    CHECK(players.try_adjust({{"ada", gold, -4}}).status() == Status::insufficient);
    CHECK(*players.try_balances("bob") == R"({"currencies":{"gold":2},"items":{}})");
    CHECK(*players.try_write_objects({{"ada", "decks", "main", "1", joinly::Expected::absent()}}));
    CHECK(!*players.try_write_objects({{"ada", "decks", "main", "2", joinly::Expected::absent()}}));
    CHECK(**players.try_object("ada", "decks", "main") == "1");
    CHECK(players.objects("ada", "decks").try_page()->size() == 1);
    CHECK(*players.try_save("ada", "auto", "one") && !*players.try_save("ada", "auto", "two"));
    CHECK((*players.try_load("ada", "auto"))->game == "one" && !*players.try_load("ada", "auto", 7));
    CHECK(*players.try_clear_save("ada", "auto") && *players.try_save_history("ada", "auto") == "[]");
}

void leaderboards(joinly::Store& store) {
    auto boards = store.leaderboards();
    CHECK(boards.try_count("duel").status() == Status::not_found);
    CHECK(boards.try_rank("duel", "ada").status() == Status::not_found);
    CHECK(boards.try_create("duel") && boards.try_submit("duel", "ada", 3) && *boards.try_count("duel") == 1);
    CHECK(*boards.try_rank("duel", "ada") && !*boards.try_rank("duel", "bob"));
    CHECK(boards.try_top("duel", 1)->size() > 2 && *boards.try_around("duel", "bob", 1, 1) == "[]");
    const auto applied = boards.try_apply_result(
        R"({"id":"m","ladder":"duel","teams":[{"players":["ada"],"place":1},{"players":["bob"],"place":2}]})");
    CHECK(applied && !applied->repeated && boards.try_rating("ada", "duel")->mu > 25);
    const joinly::RatingSystem system;
    const auto start = system.try_initial();
    CHECK(start && system.try_rate({{{*start}, 1}, {{*start}, 2}})->size() == 2);
    CHECK(system.try_win_probabilities({{{*start}}, {{*start}}})->front() == 0.5);
    CHECK(joinly::RatingSystem("{}").try_initial().status() == Status::invalid);
}

void queues(joinly::Store& store) {
    auto queues = store.queues();
    CHECK(!*queues.try_queue("duel") &&
          queues.try_tick("duel", "me", std::chrono::hours(1)).status() == Status::not_found);
    CHECK(queues.try_configure("duel", R"({"rules":{"accept_ms":60000},"lobby":{}})") && *queues.try_queue("duel"));
    const joinly::Rating rating{25, 8, 0};
    const auto ada = queues.try_enqueue("duel", {{{"ada", rating}}});
    CHECK(ada && *queues.try_ticket("duel", ada->ticket) && !*queues.try_ticket("duel", 99));
    CHECK(queues.try_enqueue("duel", {{{"bob", rating}}}) && queues.try_tick("duel", "me", std::chrono::hours(1)));
    CHECK(queues.try_cancel("duel", ada->ticket).status() == Status::already_matched);
    CHECK(*queues.try_match("duel-1") && !*queues.try_match("duel-2") && queues.try_accept("duel-1", "ada"));
    CHECK(queues.try_decline("duel-1", "bob") && queues.try_cancel("duel", ada->ticket));
    CHECK(!*queues.try_backfilled("duel", 1) && !*queues.try_stop_backfill("duel", 1));
    CHECK(queues.try_backfill("duel", "{}").status() == Status::invalid && queues.try_report("duel", 1));
}

}  // namespace

int main() {
    auto store = joinly::Store::try_open("memory:");
    CHECK(store);
    transactions(*store);
    scans(*store);
    the_rest(*store);
    lobbies(*store);
    players(*store);
    leaderboards(*store);
    queues(*store);
    CHECK(joinly::Store::try_open("memory:?nonsense=1").status() == Status::invalid);
    CHECK(store->try_close());
    CHECK(store->try_close().status() == Status::bad_handle);
    return EXIT_SUCCESS;
}
