// SQLite itself, the very object code that is inside our library: with autocommit, and with a read snapshot held.
#include <sqlite3.h>

#include <array>
#include <cstring>

#include "store.hpp"

namespace bench {
namespace {

// Values that do not fit into a page of the tree beside others belong into a table of their own.
const char* layout(const Settings& settings) { return settings.value_length < 1000 ? " WITHOUT ROWID" : ""; }

class Connection {
  public:
    explicit Connection(const Settings& settings) {
        const std::string path =
            settings.durability == Durability::nothing ? ":memory:" : (settings.folder / "store.db").string();
        check(sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                              nullptr));
        sqlite3_busy_timeout(db_, 60'000);
        run("PRAGMA journal_mode = WAL");
        run(settings.durability == Durability::power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        run("PRAGMA cache_size = -" + std::to_string(settings.cache_bytes >> 10));
        run(std::string("CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB NOT NULL)") +
            layout(settings));
    }
    Connection(const Connection&) = delete;
    ~Connection() { sqlite3_close_v2(db_); }

    void run(const std::string& sql) { check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr)); }

    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
        return statement;
    }

    void check(int code) {
        if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
            throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(db_));
    }

  private:
    sqlite3* db_ = nullptr;
};

void bind(sqlite3_stmt* statement, int at, std::string_view text) {
    sqlite3_bind_blob(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

class SqliteSession final : public Session {
  public:
    SqliteSession(const Settings& settings, bool held) : connection_(settings), held_(held) {}
    ~SqliteSession() override {
        for (sqlite3_stmt* statement : {get_, scan_, put_, begin_, begin_write_, commit_})
            sqlite3_finalize(statement);
    }

    std::size_t get(std::string_view key) override {
        hold();
        bind(get_, 1, key);
        std::size_t length = kMissing;
        const int code = sqlite3_step(get_);
        connection_.check(code);
        if (code == SQLITE_ROW)
            length = copy(get_, 0);
        sqlite3_reset(get_);
        return length;
    }

    void put(std::string_view key, std::string_view value) override {
        bind(put_, 1, key);
        bind(put_, 2, value);
        step(put_);
    }

    void put_batch(std::span<const Row> rows) override {
        release();
        step(begin_write_);
        for (const auto& [key, value] : rows)
            put(key, value);
        step(commit_);
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        hold();
        bind(scan_, 1, from);
        sqlite3_bind_int64(scan_, 2, static_cast<sqlite3_int64>(rows));
        std::size_t found = 0;
        while (sqlite3_step(scan_) == SQLITE_ROW) {
            copy(scan_, 0);
            copy(scan_, 1);
            ++found;
        }
        connection_.check(sqlite3_reset(scan_));
        return found;
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        if (!held_)
            step(begin_);
        std::size_t found = 0;
        for (const std::string_view key : keys)
            found += get(key) != kMissing;
        if (!held_)
            step(commit_);
        return found;
    }

  private:
    void hold() {
        if (held_ && !holding_) {
            step(begin_);
            holding_ = true;
        }
    }

    void release() {
        if (holding_) {
            step(commit_);
            holding_ = false;
        }
    }

    void step(sqlite3_stmt* statement) {
        connection_.check(sqlite3_step(statement));
        sqlite3_reset(statement);
    }

    std::size_t copy(sqlite3_stmt* statement, int column) {
        const void* data = sqlite3_column_blob(statement, column);
        const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        std::memcpy(buffer_.data(), data, length);
        return length;
    }

    Connection connection_;
    bool held_;
    bool holding_ = false;
    sqlite3_stmt* get_ = connection_.prepare("SELECT value FROM kv WHERE key = ?1");
    sqlite3_stmt* scan_ = connection_.prepare("SELECT key, value FROM kv WHERE key >= ?1 ORDER BY key LIMIT ?2");
    sqlite3_stmt* put_ = connection_.prepare("INSERT OR REPLACE INTO kv VALUES (?1, ?2)");
    sqlite3_stmt* begin_ = connection_.prepare("BEGIN");
    sqlite3_stmt* begin_write_ = connection_.prepare("BEGIN IMMEDIATE");
    sqlite3_stmt* commit_ = connection_.prepare("COMMIT");
    std::array<char, 64 << 10> buffer_{};
};

// A connection for each session, as SQLite advises for threads.
class SqliteStore final : public Store {
  public:
    SqliteStore(const Settings& settings, bool held) : settings_(settings), held_(held) {}
    std::unique_ptr<Session> session() override { return std::make_unique<SqliteSession>(settings_, held_); }

  private:
    Settings settings_;
    bool held_;
};

std::string configuration(const Settings& settings, const char* reads) {
    const std::string version = std::string("SQLite ") + sqlite3_libversion() + ", ";
    if (settings.durability == Durability::nothing)
        return version + ":memory:, prepared statements";
    const char* sync = settings.durability == Durability::power ? "FULL" : "NORMAL";
    return version + "WAL, synchronous=" + sync + (*layout(settings) ? ", WITHOUT ROWID" : ", rowid") +
           ", prepared statements, page cache " + mebibytes(settings.cache_bytes) + ", " + reads;
}

}  // namespace

const System kSqliteAuto{
    "sqlite_auto", true, "",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<SqliteStore>(settings, false); },
    [](const Settings& settings) { return configuration(settings, "autocommit"); }};

const System kSqliteHeld{
    "sqlite_held", true, "a held snapshot sees no new commits",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<SqliteStore>(settings, true); },
    [](const Settings& settings) { return configuration(settings, "one read snapshot held"); }};

}  // namespace bench
