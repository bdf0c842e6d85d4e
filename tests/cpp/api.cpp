// What storage.hpp adds to the C ABI: ownership, iteration, exceptions, retries.
#include <joinly/storage.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

/// The status that `call` throws; ok when it throws nothing.
template <class Call>
joinly::Status thrown(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const joinly::Error& error) {
        return error.status();
    }
    return joinly::Status::ok;
}

template <class T>
constexpr bool move_only = std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T> &&
                           !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(move_only<joinly::Store> && move_only<joinly::Transaction> && move_only<joinly::Batch>);
static_assert(move_only<joinly::Watch> && move_only<joinly::Cache> && move_only<joinly::Value>);
static_assert(move_only<joinly::Page> && move_only<joinly::Commit> && move_only<joinly::SqlRows>);
static_assert(std::is_base_of_v<std::runtime_error, joinly::Error>);

void values_own_their_bytes() {
    std::optional<joinly::Value> value;
    {
        auto store = joinly::Store::open("memory:");
        CHECK(!store.get("k"));
        store.put("k", "bytes", 1h);
        value = store.get("k");
        store.put("k", "other");
        CHECK(store.get_string("k") == "other");
    }
    CHECK(value && *value == "bytes");
    CHECK(value->size() == 5 && !value->empty() && value->version() > 0);
    CHECK(value->expires_at() && *value->expires_at() > joinly::TimePoint{});
    const joinly::Value moved = *std::move(value);
    const std::string_view view = moved;
    CHECK(view == "bytes" && moved.str() == "bytes");
}

void copies_of_every_size() {
    auto store = joinly::Store::open("memory:");
    for (const std::size_t size : {0, 1, 511, 512, 513, 100000}) {
        store.put("k", std::string(size, 'x'));
        CHECK(store.get_string("k") == std::string(size, 'x'));
    }
    CHECK(!store.get_string("missing"));
}

void stores_move_and_close() {
    auto first = joinly::Store::open("memory:");
    first.put("k", "v");
    auto second = std::move(first);
    CHECK(second.exists("k") && second.engine() == "memory");
    // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what a moved-from store answers
    CHECK(thrown([&] { (void)first.get("k"); }) == joinly::Status::bad_handle);
    second.close();
    CHECK(thrown([&] { second.close(); }) == joinly::Status::bad_handle);
    CHECK(second.engine().empty());
}

void errors_tell_what_happened() {
    try {
        (void)joinly::Store::open("memory:?cache_megs=1");
        CHECK(false);
    } catch (const joinly::Error& error) {
        CHECK(error.status() == joinly::Status::invalid && !error.retryable() && error.engine_code() == 0);
        CHECK(std::string_view(error.what()).find("cache_megs") != std::string_view::npos);
    }
    auto store = joinly::Store::open("memory:");
    CHECK(thrown([&] { store.put("", "v"); }) == joinly::Status::invalid);
    CHECK(thrown([&] { store.put("k", "v", -1ms); }) == joinly::Status::invalid);
    CHECK(joinly::name(joinly::Status::wrong_type) == "WRONG_TYPE");

    joinly::Batch batch;
    batch.check_absent("k").put("k", "v");
    store.commit(batch);
    try {
        store.commit(batch);
        CHECK(false);
    } catch (const joinly::Conflict& conflict) {
        CHECK(conflict.status() == joinly::Status::conflict && conflict.retryable());
    }
}

void results_carry_value_or_error() {
    auto opened = joinly::Store::try_open("memory:");
    CHECK(opened && opened.status() == joinly::Status::ok);
    auto store = *std::move(opened);
    CHECK(store.try_put("k", "v"));
    const auto refused = store.try_put("", "v");
    CHECK(!refused && refused.status() == joinly::Status::invalid);
    const auto sum = store.try_add("k");
    CHECK(!sum && sum.error().status() == joinly::Status::wrong_type);
    const auto missing = store.try_get("missing");
    CHECK(missing && !*missing);
}

std::vector<std::string> keys(joinly::Scan scan) {
    std::vector<std::string> found;
    for (auto& [key, value] : scan) {
        found.emplace_back(key);
    }
    return found;
}

using Keys = std::vector<std::string>;

void scans_cross_pages() {
    auto store = joinly::Store::open("memory:");
    joinly::Batch batch;
    for (int i = 0; i < 1000; i++) {
        batch.put("n:" + std::to_string(1000 + i), std::to_string(i));
    }
    batch.put("m", "1").put("o", "1");
    store.commit(batch);

    int expected = 0;
    for (auto& [key, value] : store.prefix("n:")) {
        CHECK(key == "n:" + std::to_string(1000 + expected));
        CHECK(value == std::to_string(expected));
        expected++;
    }
    CHECK(expected == 1000);
    for (const auto& row : store.prefix("n:").reverse().page_size(7)) {
        expected--;
        CHECK(row.value() == std::to_string(expected) && row.version() > 0 && !row.expires_at());
    }
    CHECK(expected == 0);
    for (auto& [key, value] : store.scan("n:1998", "").keys_only()) {
        CHECK(key >= "n:1998" && value.empty());
        expected++;
    }
    CHECK(expected == 3);
    CHECK(keys(store.scan("n:1000", "n:1003")) == (Keys{"n:1000", "n:1001", "n:1002"}));
    CHECK(keys(store.prefix("nothing")).empty());

    auto twice = store.scan("n:1000", "n:1002");
    CHECK(std::distance(twice.begin(), twice.end()) == 2);
    CHECK(std::distance(twice.begin(), twice.end()) == 2);
}

void pages_continue_where_they_ended() {
    auto store = joinly::Store::open("memory:");
    for (const char* key : {"a", "b", "c"}) {
        store.put(key, key);
    }
    const auto first = store.prefix("").page_size(2).page();
    CHECK(first.size() == 2 && first[1].key() == "b" && !first.cursor().empty());
    const auto second = store.prefix("").page_size(2).after(first.cursor()).page();
    CHECK(second.size() == 1 && second[0].key() == "c" && second.cursor().empty());
    CHECK(keys(store.prefix("").after(first.cursor())) == Keys{"c"});

    const auto many = store.get_many({"c", "missing", "a"});
    CHECK(many.size() == 3 && many[0].value() == "c" && !many[1].exists() && many[2].exists());
}

void a_scan_of_a_closed_store_throws() {
    auto store = joinly::Store::open("memory:");
    auto scan = store.prefix("");
    store.close();
    CHECK(thrown([&] { (void)scan.begin(); }) == joinly::Status::bad_handle);
}

void transactions_return_what_their_body_returns() {
    auto store = joinly::Store::open("memory:");
    const auto sum = store.transaction([](auto& tx) {
        tx.put("k", "v");
        return tx.add("n", 5);
    });
    CHECK(sum == 5);
    store.transaction([](joinly::Transaction& tx) { tx.erase("k"); });
    CHECK(!store.exists("k"));
}

void transactions_are_repeated_when_overtaken() {
    auto store = joinly::Store::open("memory:");
    store.put("n", "1");
    int runs = 0;
    store.transaction([&](auto& tx) {
        const auto seen = tx.get_string("n");
        if (++runs < 3) {
            store.put("n", std::to_string(runs * 10));
        }
        tx.put("n", *seen + "!");
    });
    CHECK(runs == 3);
    CHECK(store.get_string("n") == "20!");
}

void transactions_give_up_in_the_end() {
    auto store = joinly::Store::open("memory:");
    joinly::Retry retry;
    retry.attempts = 3;
    retry.first_pause = 0ms;
    int runs = 0;
    const auto overtaken = [&](auto& tx) {
        (void)tx.get("n");
        store.add("n");
        tx.put("other", "x");
        runs++;
    };
    CHECK(thrown([&] { store.transaction(overtaken, retry); }) == joinly::Status::conflict);
    CHECK(runs == 3);
    CHECK(!store.exists("other"));
}

void an_exception_rolls_back() {
    auto store = joinly::Store::open("memory:");
    bool caught = false;
    try {
        store.transaction([](auto& tx) {
            tx.put("k", "v");
            throw std::logic_error("enough");
        });
    } catch (const std::logic_error&) {
        caught = true;
    }
    CHECK(caught && !store.exists("k"));
}

void transactions_scan_their_own_writes() {
    auto store = joinly::Store::open("memory:");
    store.put("p:b", "2");
    const auto joined = store.transaction([](auto& tx) {
        tx.put("p:a", "1");
        tx.put("p:c", "3");
        std::string values;
        for (auto& [key, value] : tx.prefix("p:").page_size(1).reverse()) {
            values += value;
        }
        return values;
    });
    CHECK(joined == "321");
}

void watches_report_each_commit() {
    auto store = joinly::Store::open("memory:");
    auto watch = store.watch("k");
    CHECK(!watch.poll());
    store.put("kept", "1");
    store.put("other", "1");
    joinly::Batch batch;
    store.commit(batch.put("k1", "1").erase("kept"));

    const auto first = watch.poll(10s);
    CHECK(first && first->size() == 1 && (*first)[0].key == "kept");
    const auto second = watch.poll(10s);
    CHECK(second && second->version() > first->version() && second->time() >= first->time());
    std::string told;
    for (auto& [key, kind] : *second) {
        told += std::string(key) + (kind == joinly::ChangeKind::erased ? "- " : "+ ");
    }
    CHECK(told == "k1+ kept- ");
    CHECK(!watch.poll());
    CHECK(watch.version() >= second->version());

    auto again = store.watch("k", first->version());
    const auto repeated = again.poll();
    CHECK(repeated && repeated->version() == second->version());
}

void expiry_is_reported() {
    joinly::Options options;
    options.sweep_interval_ms = 10;
    auto store = joinly::Store::open("memory:", options);
    auto watch = store.watch("lease:");
    store.put("lease:1", "", 5ms);
    const auto put = watch.poll(10s);
    CHECK(put && (*put)[0].kind == joinly::ChangeKind::put);
    const auto expired = watch.poll(30s);
    CHECK(expired && (*expired)[0].kind == joinly::ChangeKind::expired && (*expired)[0].key == "lease:1");
}

void a_log_that_was_cut_says_so() {
    joinly::Options options;
    options.log_keep = 5;
    auto store = joinly::Store::open("memory:", options);
    store.add("n");
    auto watch = store.watch("");
    for (int i = 0; i < 5000; i++) {
        store.add("n");
    }
    CHECK(thrown([&] { (void)watch.poll(); }) == joinly::Status::compacted);
    const auto oldest = watch.poll();
    CHECK(oldest && oldest->version() > 2);
}

void indexes_find_by_plain_values() {
    auto store = joinly::Store::open("memory:");
    store.declare_index("rating", "player:", "$.rating");
    store.declare_index("name", "player:", "$.name");
    store.put("player:1", R"({"name":"Ada","rating":1800})");
    store.put("player:2", R"({"name":"Bob \"the\" \\","rating":1200})");
    store.put("player:3", R"({"name":"tab\t","rating":1500.5})");
    store.put("player:4", R"({"name":null,"rating":true,"text":")" + std::string(5000, 'x') + R"("})");

    const auto found = [](joinly::Find find) {
        std::string numbers;
        for (auto& [key, document] : find) {
            CHECK(document.front() == '{');
            numbers += key.back();
        }
        return numbers;
    };
    CHECK(found(store.find("rating")) == "4231");
    CHECK(found(store.find("rating").descending().page_size(1)) == "1324");
    CHECK(found(store.find("rating").at_least(1200).less_than(1800)) == "23");
    CHECK(found(store.find("rating").greater_than(1200.0).at_most(1800)) == "31");
    CHECK(found(store.find("rating").equal(1500.5)) == "3");
    CHECK(found(store.find("rating").equal(true)) == "4");
    CHECK(found(store.find("name").equal("Ada")) == "1");
    CHECK(found(store.find("name").equal(std::string("Bob \"the\" \\"))) == "2");
    CHECK(found(store.find("name").equal(std::string_view("tab\t"))) == "3");
    CHECK(found(store.find("name").equal(nullptr)) == "4");
    CHECK(found(store.find("name").equal(joinly::Scalar::json("\"Ada\""))) == "1");
    CHECK(thrown([&] { (void)store.find("none").page(); }) == joinly::Status::not_found);
    CHECK(store.indexes().size() == 2);
    store.drop_index("name");
    store.rebuild_index("rating");
    CHECK(store.indexes().size() == 1);
}

void figures_move() {
    auto store = joinly::Store::open("memory:?cache_mb=1");
    const auto before = store.version();
    store.put("k", "v");
    for (int i = 0; i < 10; i++) {
        CHECK(store.get("k"));
    }
    const auto stats = store.stats();
    CHECK(stats.cache_hits >= 9 && stats.commits == 1 && stats.cache_capacity == 1U << 20U);
    CHECK(stats.version == store.version() && store.version() > before);
    CHECK(store.limits().max_key_bytes == 2048);
    CHECK(store.now() > joinly::TimePoint{});
    store.flush();
    store.checkpoint();
    store.verify();
    store.compact();
    CHECK(thrown([&] { store.flush(store.version() + 1000); }) == joinly::Status::out_of_range);
}

void caches_stand_alone() {
    joinly::CacheOptions options;
    options.max_entries = 2;
    joinly::Cache cache(options);
    cache.set("a", "1");
    cache.set("b", std::string(1000, 'b'), 1h);
    CHECK(cache.get("a") && *cache.get("a") == "1");
    CHECK(cache.get_string("b") == std::string(1000, 'b'));
    cache.set("c", "3");
    CHECK(!cache.get("a"));
    CHECK(cache.erase("c") && !cache.erase("c"));
    char buffer[4];
    CHECK(cache.get_into("b", buffer, sizeof buffer) == std::size_t{1000});
    CHECK(cache.stats().evictions == 1);
    cache.clear();
    CHECK(cache.stats().entries == 0);
    auto moved = std::move(cache);
    moved.set("d", "4");
    CHECK(moved.get("d"));
}

void queries_give_rows_of_every_kind() {
    auto store = joinly::Store::open("memory:");
    const std::string text = "text";
    auto rows = store.sql("SELECT ?, ?, ?, ?, ? AS last", {nullptr, -7, 0.5, text, joinly::Blob{{"\0\xff", 2}}});
    CHECK(rows.columns() == 5 && rows.column(4) == "last");
    const auto row = *rows.begin();
    CHECK(row.size() == 5 && row[0].is_null() && row[0].kind() == joinly::SqlKind::null);
    CHECK(row[1].integer() == -7 && row[1].real() == -7.0 && !row[1].text());
    CHECK(row[2].real() == 0.5 && !row[2].integer());
    CHECK(row[3].text() == "text" && !row[3].blob() && !row[3].real());
    CHECK(row[4].blob() == std::string_view("\0\xff", 2) && row[4].kind() == joinly::SqlKind::blob);
    CHECK(rows.begin() == rows.end());
    auto named = store.sql("SELECT :a - :b", {{"b", 1}, {":a", 3}});
    CHECK((*named.begin())[0].integer() == 2);
}

void queries_cross_pages_of_one_moment() {
    auto store = joinly::Store::open("memory:");
    for (int i = 100; i < 200; ++i) {
        store.put("k:" + std::to_string(i), std::to_string(i));
    }
    joinly::SqlOptions options;
    options.page_size = 7;
    int next = 100;
    auto rows = store.sql("SELECT id FROM kv WHERE space = 'k' ORDER BY id", {}, options);
    for (const auto& row : rows) {
        store.erase("k:199");
        CHECK(row[0].integer() == next++);
    }
    CHECK(next == 200);
    auto rest = store.sql("SELECT count(*) FROM kv WHERE id > ?", {149});
    CHECK((*rest.begin())[0].integer() == 49);
    auto closed = store.sql("SELECT key FROM kv", {}, options);
    store.close();
    CHECK(thrown([&] {
              for (auto at = closed.begin(); at != closed.end(); ++at) {
              }
          }) == joinly::Status::closed);
}

void queries_only_read_and_end() {
    auto store = joinly::Store::open("memory:");
    store.put("k", "v");
    for (const char* sql : {"DELETE FROM kv", "SELECT 1; DELETE FROM kv", "ATTACH 'x' AS x", "SELECT ?", ""}) {
        CHECK(thrown([&] { (void)store.sql(sql); }) == joinly::Status::invalid);
    }
    auto injected = store.sql("SELECT * FROM kv WHERE key = ?", {"' OR 1 = 1; DELETE FROM kv; --"});
    CHECK(injected.begin() == injected.end() && store.exists("k"));
    joinly::SqlOptions options;
    options.timeout = 20ms;
    const auto endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    CHECK(thrown([&] { (void)store.sql(endless, {}, options); }) == joinly::Status::timeout);
}

}  // namespace

int main() {
    values_own_their_bytes();
    copies_of_every_size();
    stores_move_and_close();
    errors_tell_what_happened();
    results_carry_value_or_error();
    scans_cross_pages();
    pages_continue_where_they_ended();
    a_scan_of_a_closed_store_throws();
    transactions_return_what_their_body_returns();
    transactions_are_repeated_when_overtaken();
    transactions_give_up_in_the_end();
    an_exception_rolls_back();
    transactions_scan_their_own_writes();
    watches_report_each_commit();
    expiry_is_reported();
    a_log_that_was_cut_says_so();
    indexes_find_by_plain_values();
    figures_move();
    caches_stand_alone();
    queries_give_rows_of_every_kind();
    queries_cross_pages_of_one_moment();
    queries_only_read_and_end();
    return EXIT_SUCCESS;
}
