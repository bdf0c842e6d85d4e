#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <array>
#include <cstring>

#include "store.hpp"

namespace bench {
namespace {

void check(const leveldb::Status& status) {
    if (!status.ok())
        throw std::runtime_error("leveldb: " + status.ToString());
}

leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class LevelDbSession final : public Session {
  public:
    LevelDbSession(leveldb::DB* db, bool sync) : db_(db) { write_.sync = sync; }

    std::size_t get(std::string_view key) override { return get(key, leveldb::ReadOptions()); }

    void put(std::string_view key, std::string_view value) override {
        check(db_->Put(write_, slice(key), slice(value)));
    }

    void put_batch(std::span<const Row> rows) override {
        batch_.Clear();
        for (const auto& [key, value] : rows)
            batch_.Put(slice(key), slice(value));
        check(db_->Write(write_, &batch_));
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        const std::unique_ptr<leveldb::Iterator> cursor(db_->NewIterator(leveldb::ReadOptions()));
        std::size_t found = 0;
        for (cursor->Seek(slice(from)); found < rows && cursor->Valid(); cursor->Next(), ++found) {
            std::memcpy(buffer_.data(), cursor->key().data(), cursor->key().size());
            std::memcpy(buffer_.data(), cursor->value().data(), cursor->value().size());
        }
        return found;
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        leveldb::ReadOptions options;
        options.snapshot = db_->GetSnapshot();
        std::size_t found = 0;
        for (const std::string_view key : keys)
            found += get(key, options) != kMissing;
        db_->ReleaseSnapshot(options.snapshot);
        return found;
    }

  private:
    std::size_t get(std::string_view key, const leveldb::ReadOptions& options) {
        const leveldb::Status status = db_->Get(options, slice(key), &value_);
        if (status.IsNotFound())
            return kMissing;
        check(status);
        return value_.size();
    }

    leveldb::DB* db_;
    leveldb::WriteOptions write_;
    leveldb::WriteBatch batch_;
    std::string value_;
    std::array<char, 64 << 10> buffer_{};
};

class LevelDbStore final : public Store {
  public:
    explicit LevelDbStore(const Settings& settings)
        : cache_(leveldb::NewLRUCache(settings.cache_bytes)),
          filter_(leveldb::NewBloomFilterPolicy(10)),
          sync_(settings.durability == Durability::power) {
        leveldb::Options options;
        options.create_if_missing = true;
        options.block_cache = cache_.get();
        options.filter_policy = filter_.get();
        leveldb::DB* db = nullptr;
        check(leveldb::DB::Open(options, settings.folder.string(), &db));
        db_.reset(db);
    }

    std::unique_ptr<Session> session() override { return std::make_unique<LevelDbSession>(db_.get(), sync_); }

  private:
    // The database uses the two above it until it is destroyed.
    std::unique_ptr<leveldb::Cache> cache_;
    std::unique_ptr<const leveldb::FilterPolicy> filter_;
    bool sync_;
    std::unique_ptr<leveldb::DB> db_;
};

}  // namespace

const System kLevelDb{
    "leveldb", true, "only one process may open it",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<LevelDbStore>(settings); },
    [](const Settings& settings) {
        return "block cache " + mebibytes(settings.cache_bytes) +
               ", bloom filter 10 bits, sync=" + (settings.durability == Durability::power ? "true" : "false");
    }};

}  // namespace bench
