// Joinly Storage for C++17: the classes over joinly_storage.h. Include this one.
//
//     auto store = joinly::Store::open("game.db");
//     store.put("lobby:1", R"({"state":"waiting"})");
//     for (auto& [key, lobby] : store.prefix("lobby:")) { ... }
//
// Keys and values are bytes: std::string_view in, owning values out. Failures throw joinly::Error, which carries a
// status and a message; a missing key is no failure but an empty optional. Each function has a twin named `try_...`
// that returns a joinly::Result instead; under -fno-exceptions only those exist.
#ifndef JOINLY_STORAGE_HPP
#define JOINLY_STORAGE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <joinly_storage.h>

#include "batch.hpp"
#include "cache.hpp"
#include "chats.hpp"
#include "detail/backoff.hpp"
#include "detail/call.hpp"
#include "error.hpp"
#include "leaderboards.hpp"
#include "lobbies.hpp"
#include "players.hpp"
#include "queues.hpp"
#include "scan.hpp"
#include "sql.hpp"
#include "stats.hpp"
#include "tables.hpp"
#include "transaction.hpp"
#include "value.hpp"
#include "watch.hpp"

namespace joinly {

/// How to open a store: the fields of `joinly_options`, set to their defaults. The options in a URL win over these.
struct Options : joinly_options {
    Options() noexcept : joinly_options{} { struct_size = sizeof(joinly_options); }
};

using Stats = joinly_stats;
using Limits = joinly_limits;
/// What may be relied on; engines and ways of opening them differ in it.
using Capabilities = joinly_capabilities;

/// The library's version and that of the SQLite inside it.
inline std::string_view library_version() noexcept { return joinly_version_string(); }

/// An open store. Usable from any thread at the same time; move-only; closed when destroyed.
class Store {
  public:
    using milliseconds = std::chrono::milliseconds;

    /// Opens or creates a store: a path, or a URL such as "sqlite:game.db?cache_mb=64&durability=power",
    /// "leveldb:folder", "jsonl:folder" or "memory:".
    static Result<Store> try_open(const std::string& url, const Options& options = {}) {
        return detail::make<Store, joinly_store*>([&](joinly_store** out, joinly_error** error) {
            return joinly_store_open(url.c_str(), &options, out, error);
        });
    }

    /// Opens the store that a TOML file describes.
    static Result<Store> try_open_config(const std::string& path) {
        return detail::make<Store, joinly_store*>([&](joinly_store** out, joinly_error** error) {
            return joinly_store_open_config(path.c_str(), out, error);
        });
    }

    /// Closes the store and reports what went wrong; it is closed in any case. Values and pages stay valid.
    Result<void> try_close() {
        joinly_store* store = store_.release();
        return detail::run([&](joinly_error** error) { return joinly_store_close(store, error); });
    }

    /// Reads a key: a pin of its value, without a copy; nothing when it does not exist.
    Result<std::optional<Value>> try_get(std::string_view key) const {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>([&](joinly_value** out, joinly_error** error) {
            return joinly_kv_get(c_store(), detail::bytes(key), key.size(), out, error);
        });
    }

    /// Reads a key into a buffer: the true length of its value, of which nothing was copied when it is more than
    /// `capacity`; nothing when the key does not exist. The fastest way to read.
    Result<std::optional<std::size_t>> try_get_into(std::string_view key, void* buffer, std::size_t capacity) const {
        return detail::get_into(
            buffer, capacity, [&](std::uint8_t* to, std::size_t cap, std::size_t* length, joinly_error** error) {
                return joinly_kv_get_into(c_store(), detail::bytes(key), key.size(), to, cap, length, error);
            });
    }

    /// Reads a copy of a key's value.
    Result<std::optional<std::string>> try_get_string(std::string_view key) const {
        return detail::get_string(*this, key);
    }

    Result<bool> try_exists(std::string_view key) const {
        return detail::make<bool, std::uint8_t>([&](std::uint8_t* out, joinly_error** error) {
            return joinly_kv_exists(c_store(), detail::bytes(key), key.size(), out, error);
        });
    }

    /// Reads many keys as of one moment: one row per key, in their order.
    Result<Page> try_get_many(const std::vector<std::string_view>& keys) const {
        std::vector<joinly_bytes> list;
        list.reserve(keys.size());
        for (const std::string_view key : keys) {
            list.push_back({detail::bytes(key), key.size()});
        }
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            return joinly_kv_get_many(c_store(), list.data(), list.size(), out, error);
        });
    }

    /// Writes a key that lives for `ttl` from the commit on; 0: for ever.
    Result<void> try_put(std::string_view key, std::string_view value, milliseconds ttl = {}) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_kv_put_ttl(c_store(), detail::bytes(key), key.size(), detail::bytes(value), value.size(),
                                     *lifetime, error);
        });
    }

    /// Deletes a key: whether it existed.
    Result<bool> try_erase(std::string_view key) {
        return detail::existed(
            [&](joinly_error** error) { return joinly_kv_delete(c_store(), detail::bytes(key), key.size(), error); });
    }

    /// Changes how long a key lives, 0: for ever; false when it does not exist.
    Result<bool> try_expire(std::string_view key, milliseconds ttl) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::existed([&](joinly_error** error) {
            return joinly_kv_expire(c_store(), detail::bytes(key), key.size(), *lifetime, error);
        });
    }

    /// Adds to a counter, a value holding a decimal integer: the sum. A missing key counts as 0.
    Result<std::int64_t> try_add(std::string_view key, std::int64_t delta = 1) {
        return detail::make<std::int64_t, std::int64_t>([&](std::int64_t* sum, joinly_error** error) {
            return joinly_kv_add(c_store(), detail::bytes(key), key.size(), delta, sum, error);
        });
    }

    /// The keys in [start, end), an empty border being none, read while iterating. Not to outlive the store.
    [[nodiscard]] Scan scan(std::string_view start, std::string_view end) const {
        return {c_store(), Scan::Kind::range, start, end};
    }

    /// The keys that start with `prefix`; otherwise as `scan`.
    [[nodiscard]] Scan prefix(std::string_view prefix) const { return {c_store(), Scan::Kind::prefix, prefix, {}}; }

    /// Commits a batch: its version. `Status::conflict` when a check failed.
    Result<std::uint64_t> try_commit(const Batch& batch) {
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* version, joinly_error** error) {
            return joinly_store_commit(c_store(), batch.c_batch(), version, error);
        });
    }

    /// Begins a transaction on the present state; `try_transaction` also commits and repeats it.
    Result<Transaction> try_begin() {
        return detail::make<Transaction, joinly_txn*>(
            [&](joinly_txn** out, joinly_error** error) { return joinly_txn_begin(c_store(), out, error); });
    }

    /// Runs `body(transaction)`, which returns a `Result`, and commits when that is true; repeats both when another
    /// writer was faster. The body may run several times. A conflict that tells the present version, of a call that
    /// expected another one, is final.
    template <class Body>
    auto try_transaction(Body&& body, const Retry& retry = {}) -> std::invoke_result_t<Body&, Transaction&> {
        for (detail::Backoff backoff(retry);;) {
            auto outcome = attempt(body);
            if (outcome.status() != Status::conflict || !outcome.error().retryable() || !backoff.again()) {
                return outcome;
            }
        }
    }

    /// The lobbies of the store.
    [[nodiscard]] Lobbies lobbies() { return Lobbies(c_store()); }

    /// The same for calls that become part of a transaction on this store: committed and undone with it.
    [[nodiscard]] Lobbies lobbies(Transaction& transaction) { return Lobbies(c_store(), transaction.c_txn()); }

    /// The players of the store.
    [[nodiscard]] Players players() { return Players(c_store()); }
    /// The same within a transaction on this store.
    [[nodiscard]] Players players(Transaction& transaction) { return Players(c_store(), transaction.c_txn()); }

    /// Statistics of the sessions of players.
    [[nodiscard]] Sessions sessions() { return Sessions(c_store()); }

    /// The chat sessions of the store.
    [[nodiscard]] Chats chats() { return Chats(c_store()); }
    /// The same within a transaction on this store.
    [[nodiscard]] Chats chats(Transaction& transaction) { return Chats(c_store(), transaction.c_txn()); }

    /// The leaderboards of the store.
    [[nodiscard]] Leaderboards leaderboards() { return Leaderboards(c_store()); }
    /// The same within a transaction on this store.
    [[nodiscard]] Leaderboards leaderboards(Transaction& transaction) {
        return Leaderboards(c_store(), transaction.c_txn());
    }

    /// The tables of the store.
    [[nodiscard]] Tables tables() { return Tables(c_store()); }
    /// A table by its name.
    [[nodiscard]] Table table(std::string name) { return {c_store(), nullptr, std::move(name)}; }
    /// The same within a transaction on this store.
    [[nodiscard]] Table table(std::string name, Transaction& transaction) {
        return {c_store(), transaction.c_txn(), std::move(name)};
    }

    /// The queues of the store, and the matches that they make.
    [[nodiscard]] Queues queues() { return Queues(c_store()); }
    /// The same within a transaction on this store.
    [[nodiscard]] Queues queues(Transaction& transaction) { return Queues(c_store(), transaction.c_txn()); }

    /// Watches the keys that start with `prefix`, for commits after version `from`, of every process.
    Result<Watch> try_watch(std::string_view prefix, std::uint64_t from = Watch::now) const {
        return detail::make<Watch, joinly_watch*>([&](joinly_watch** out, joinly_error** error) {
            return joinly_watch_open(c_store(), from, detail::bytes(prefix), prefix.size(), out, error);
        });
    }

    /// Declares an index on the JSON documents whose key starts with `prefix`, by the scalar at `path`, for example
    /// "$.state" or "$.owner.id". Declaring the same again does nothing.
    Result<void> try_declare_index(const std::string& index, std::string_view prefix, const std::string& path) {
        return detail::run([&](joinly_error** error) {
            return joinly_index_declare(c_store(), index.c_str(), detail::bytes(prefix), prefix.size(), path.c_str(),
                                        error);
        });
    }
    Result<void> try_drop_index(const std::string& index) {
        return detail::run([&](joinly_error** error) { return joinly_index_drop(c_store(), index.c_str(), error); });
    }
    Result<void> try_rebuild_index(const std::string& index) {
        return detail::run([&](joinly_error** error) { return joinly_index_rebuild(c_store(), index.c_str(), error); });
    }

    /// The indexes: rows of a name and a JSON object with "prefix" and "path".
    Result<Page> try_indexes() const {
        return detail::make<Page, joinly_page*>(
            [&](joinly_page** out, joinly_error** error) { return joinly_index_list(c_store(), out, error); });
    }

    /// The documents that an index finds, read while iterating. Not to outlive the store.
    [[nodiscard]] Find find(std::string index) const { return {c_store(), std::move(index)}; }

    /// Runs a query in SQL over `kv` and the views `lobbies`, `lobby_members`, `players`, `leaderboard`, which
    /// `joinly_sql_query` describes: `store.sql("SELECT id FROM lobbies WHERE alive AND kind = ?", {"duel"})`.
    Result<SqlRows> try_sql(std::string_view text, const std::vector<SqlParam>& params = {},
                            const SqlOptions& options = {}) const {
        joinly_sql_options limits{};
        limits.struct_size = sizeof limits;
        limits.max_rows = options.page_size;
        limits.timeout_ms = detail::timeout(options.timeout);
        joinly_sql_rows* page = nullptr;
        joinly_sql* cursor = nullptr;
        const auto* first = reinterpret_cast<const joinly_sql_param*>(params.data());
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_sql_query(c_store(), detail::bytes(text), text.size(), first, params.size(), &limits, &page,
                                    &cursor, error);
        });
        if (!done) {
            return done.error();
        }
        SqlRows rows(options.page_size);
        rows.cursor_.reset(cursor);
        rows.take(SqlRows::Owner(page));
        return rows;
    }

    /// Waits until the commit of `version` (0: all so far) is as durable as the store promises.
    Result<void> try_flush(std::uint64_t version = 0) {
        return detail::run([&](joinly_error** error) { return joinly_store_flush(c_store(), version, error); });
    }

    /// Moves the write-ahead log into the database file.
    Result<void> try_checkpoint() {
        return detail::run([&](joinly_error** error) { return joinly_store_checkpoint(c_store(), error); });
    }

    /// Rewrites the database without its free pages.
    Result<void> try_compact() {
        return detail::run([&](joinly_error** error) { return joinly_store_compact(c_store(), error); });
    }

    /// Checks everything stored; `Status::corrupt` with the findings when it is not sound.
    Result<void> try_verify() {
        return detail::run([&](joinly_error** error) { return joinly_store_verify(c_store(), error); });
    }

    /// The version of the latest commit, of any process.
    Result<std::uint64_t> try_version() const {
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* version, joinly_error** error) {
            return joinly_store_version(c_store(), version, error);
        });
    }

    /// The store's clock, which never goes back.
    Result<TimePoint> try_now() const {
        std::int64_t now = 0;
        const auto done = detail::run([&](joinly_error** error) { return joinly_store_now(c_store(), &now, error); });
        if (!done) {
            return done.error();
        }
        return TimePoint(milliseconds(now));
    }

    Result<Stats> try_stats() const { return figures<Stats, joinly_store_stats>(); }
    Result<Capabilities> try_capabilities() const { return figures<Capabilities, joinly_store_capabilities>(); }
    Result<Limits> try_limits() const { return figures<Limits, joinly_store_limits>(); }

    /// The name of its engine, as in URLs: "sqlite", "leveldb", "jsonl", "memory"; empty when it is closed.
    [[nodiscard]] std::string_view engine() const noexcept {
        const char* engine = joinly_store_engine(c_store());
        return engine != nullptr ? std::string_view(engine) : std::string_view();
    }

#if JOINLY_EXCEPTIONS
    static Store open(const std::string& url, const Options& options = {}) { return try_open(url, options).value(); }
    static Store open_config(const std::string& path) { return try_open_config(path).value(); }
    void close() { try_close().value(); }

    std::optional<Value> get(std::string_view key) const { return try_get(key).value(); }
    std::optional<std::size_t> get_into(std::string_view key, void* buffer, std::size_t capacity) const {
        return try_get_into(key, buffer, capacity).value();
    }
    std::optional<std::string> get_string(std::string_view key) const { return try_get_string(key).value(); }
    [[nodiscard]] bool exists(std::string_view key) const { return try_exists(key).value(); }
    [[nodiscard]] Page get_many(const std::vector<std::string_view>& keys) const { return try_get_many(keys).value(); }
    void put(std::string_view key, std::string_view value, milliseconds ttl = {}) { try_put(key, value, ttl).value(); }
    bool erase(std::string_view key) { return try_erase(key).value(); }
    bool expire(std::string_view key, milliseconds ttl) { return try_expire(key, ttl).value(); }
    std::int64_t add(std::string_view key, std::int64_t delta = 1) { return try_add(key, delta).value(); }

    /// As `try_commit`, but a failed check throws `Conflict`.
    std::uint64_t commit(const Batch& batch) { return try_commit(batch).value(); }
    [[nodiscard]] Transaction begin() { return try_begin().value(); }

    /// Runs `body(transaction)` and commits; repeats both when another writer was faster, and throws `Conflict` when
    /// the attempts are used up. The body may run several times; what it throws rolls back and is thrown on.
    template <class Body>
    auto transaction(Body&& body, const Retry& retry = {}) -> std::invoke_result_t<Body&, Transaction&> {
        using Outcome = std::invoke_result_t<Body&, Transaction&>;
        for (detail::Backoff backoff(retry);;) {
            try {
                Transaction transaction = begin();
                if constexpr (std::is_void_v<Outcome>) {
                    body(transaction);
                    transaction.commit();
                    return;
                } else {
                    Outcome outcome = body(transaction);
                    transaction.commit();
                    return outcome;
                }
            } catch (const Conflict& conflict) {
                if (!conflict.retryable() || !backoff.again()) {
                    throw;
                }
            }
        }
    }

    [[nodiscard]] Watch watch(std::string_view prefix, std::uint64_t from = Watch::now) const {
        return try_watch(prefix, from).value();
    }
    void declare_index(const std::string& index, std::string_view prefix, const std::string& path) {
        try_declare_index(index, prefix, path).value();
    }
    void drop_index(const std::string& index) { try_drop_index(index).value(); }
    void rebuild_index(const std::string& index) { try_rebuild_index(index).value(); }
    [[nodiscard]] Page indexes() const { return try_indexes().value(); }

    [[nodiscard]] SqlRows sql(std::string_view text, const std::vector<SqlParam>& params = {},
                              const SqlOptions& options = {}) const {
        return try_sql(text, params, options).value();
    }

    void flush(std::uint64_t version = 0) { try_flush(version).value(); }
    void checkpoint() { try_checkpoint().value(); }
    void compact() { try_compact().value(); }
    void verify() { try_verify().value(); }
    [[nodiscard]] std::uint64_t version() const { return try_version().value(); }
    [[nodiscard]] TimePoint now() const { return try_now().value(); }
    [[nodiscard]] Stats stats() const { return try_stats().value(); }
    [[nodiscard]] Capabilities capabilities() const { return try_capabilities().value(); }
    [[nodiscard]] Limits limits() const { return try_limits().value(); }
#endif

    /// The C handle, still owned by this object.
    [[nodiscard]] joinly_store* c_store() const noexcept { return store_.get(); }

    /// Takes ownership of a C store.
    explicit Store(joinly_store* owned) noexcept : store_(owned) {}

  private:
    template <class Body>
    auto attempt(Body& body) -> std::invoke_result_t<Body&, Transaction&> {
        auto transaction = try_begin();
        if (!transaction) {
            return transaction.error();
        }
        auto outcome = body(*transaction);
        if (outcome) {
            const auto committed = transaction->try_commit();
            if (!committed) {
                return committed.error();
            }
        }
        return outcome;
    }

    template <class Figures, joinly_status (*read)(const joinly_store*, Figures*, joinly_error**)>
    Result<Figures> figures() const {
        Figures figures{};
        figures.struct_size = sizeof figures;
        const auto done = detail::run([&](joinly_error** error) { return read(c_store(), &figures, error); });
        if (!done) {
            return done.error();
        }
        return figures;
    }

    detail::Owned<joinly_store, joinly_store_free> store_;
};

}  // namespace joinly

#endif
