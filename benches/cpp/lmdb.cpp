// LMDB: with a read transaction renewed for every read, and with one held.
#include <lmdb.h>

#include <array>
#include <cstring>

#include "store.hpp"

namespace bench {
namespace {

void check(int code, const char* what) {
    if (code != MDB_SUCCESS)
        throw std::runtime_error(std::string("lmdb: ") + what + ": " + mdb_strerror(code));
}

MDB_val value_of(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

class LmdbSession final : public Session {
  public:
    LmdbSession(MDB_env* env, MDB_dbi dbi, bool held) : env_(env), dbi_(dbi), held_(held) {
        check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_), "begin");
        check(mdb_cursor_open(reader_, dbi_, &cursor_), "cursor");
        release();
    }
    ~LmdbSession() override {
        mdb_cursor_close(cursor_);
        mdb_txn_abort(reader_);
    }

    std::size_t get(std::string_view key) override {
        begin();
        const std::size_t length = copy(key);
        end();
        return length;
    }

    void put(std::string_view key, std::string_view value) override {
        const Row row{key, value};
        put_batch({&row, 1});
    }

    void put_batch(std::span<const Row> rows) override {
        if (holding_)
            release();
        MDB_txn* writer = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &writer), "begin");
        for (const Row& row : rows) {
            MDB_val key = value_of(row.key), value = value_of(row.value);
            check(mdb_put(writer, dbi_, &key, &value, 0), "put");
        }
        check(mdb_txn_commit(writer), "commit");
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        begin();
        check(mdb_cursor_renew(reader_, cursor_), "cursor");
        MDB_val key = value_of(from), value{};
        std::size_t found = 0;
        for (auto step = MDB_SET_RANGE; found < rows && mdb_cursor_get(cursor_, &key, &value, step) == MDB_SUCCESS;
             step = MDB_NEXT, ++found) {
            std::memcpy(buffer_.data(), key.mv_data, key.mv_size);
            std::memcpy(buffer_.data(), value.mv_data, value.mv_size);
        }
        end();
        return found;
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        begin();
        std::size_t found = 0;
        for (const std::string_view key : keys)
            found += copy(key) != kMissing;
        end();
        return found;
    }

  private:
    void begin() {
        if (!holding_)
            check(mdb_txn_renew(reader_), "renew");
        holding_ = true;
    }
    void end() {
        if (!held_)
            release();
    }
    void release() {
        mdb_txn_reset(reader_);
        holding_ = false;
    }

    std::size_t copy(std::string_view text) {
        MDB_val key = value_of(text), value{};
        const int code = mdb_get(reader_, dbi_, &key, &value);
        if (code == MDB_NOTFOUND)
            return kMissing;
        check(code, "get");
        std::memcpy(buffer_.data(), value.mv_data, value.mv_size);
        return value.mv_size;
    }

    MDB_env* env_;
    MDB_dbi dbi_;
    bool held_;
    bool holding_ = false;
    MDB_txn* reader_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
    std::array<char, 64 << 10> buffer_{};
};

unsigned flags(Durability durability) { return durability == Durability::power ? 0 : MDB_WRITEMAP | MDB_NOSYNC; }

class LmdbStore final : public Store {
  public:
    LmdbStore(const Settings& settings, bool held) : held_(held) {
        check(mdb_env_create(&env_), "create");
        check(mdb_env_set_mapsize(env_, std::size_t{16} << 30), "map size");
        check(mdb_env_open(env_, settings.folder.c_str(), MDB_NOTLS | flags(settings.durability), 0644), "open");
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(env_, nullptr, 0, &txn), "begin");
        check(mdb_dbi_open(txn, nullptr, 0, &dbi_), "open");
        check(mdb_txn_commit(txn), "commit");
    }
    ~LmdbStore() override { mdb_env_close(env_); }

    std::unique_ptr<Session> session() override { return std::make_unique<LmdbSession>(env_, dbi_, held_); }

  private:
    bool held_;
    MDB_env* env_ = nullptr;
    MDB_dbi dbi_{};
};

std::string configuration(const Settings& settings, const char* reads) {
    const char* writes = settings.durability == Durability::power
                             ? "synchronous"
                             : "MDB_WRITEMAP|MDB_NOSYNC (power loss may damage the file)";
    return std::string(reads) + ", " + writes + ", map 16 GiB";
}

}  // namespace

const System kLmdb{
    "lmdb", true, "",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<LmdbStore>(settings, false); },
    [](const Settings& settings) { return configuration(settings, "read transaction renewed per call"); }};

const System kLmdbHeld{
    "lmdb_held", true, "a held snapshot sees no new commits",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<LmdbStore>(settings, true); },
    [](const Settings& settings) { return configuration(settings, "one read transaction held"); }};

}  // namespace bench
