#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <array>
#include <cstring>
#include <vector>

#include "store.hpp"

namespace bench {
namespace {

void check(const rocksdb::Status& status) {
    if (!status.ok())
        throw std::runtime_error("rocksdb: " + status.ToString());
}

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class RocksDbSession final : public Session {
  public:
    RocksDbSession(rocksdb::DB* db, Durability durability) : db_(db) {
        write_.sync = durability == Durability::power;
        write_.disableWAL = durability == Durability::nothing;
    }

    std::size_t get(std::string_view key) override {
        value_.Reset();
        const rocksdb::Status status =
            db_->Get(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), slice(key), &value_);
        if (status.IsNotFound())
            return kMissing;
        check(status);
        std::memcpy(buffer_.data(), value_.data(), value_.size());
        return value_.size();
    }

    void put(std::string_view key, std::string_view value) override {
        check(db_->Put(write_, slice(key), slice(value)));
    }

    void put_batch(std::span<const Row> rows) override {
        batch_.Clear();
        for (const auto& [key, value] : rows)
            check(batch_.Put(slice(key), slice(value)));
        check(db_->Write(write_, &batch_));
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(rocksdb::ReadOptions()));
        std::size_t found = 0;
        for (cursor->Seek(slice(from)); found < rows && cursor->Valid(); cursor->Next(), ++found) {
            std::memcpy(buffer_.data(), cursor->key().data(), cursor->key().size());
            std::memcpy(buffer_.data(), cursor->value().data(), cursor->value().size());
        }
        return found;
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        wanted_.clear();
        for (const std::string_view key : keys)
            wanted_.push_back(slice(key));
        values_.resize(keys.size());
        statuses_.resize(keys.size());
        db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), wanted_.size(), wanted_.data(),
                      values_.data(), statuses_.data());
        std::size_t found = 0;
        for (std::size_t at = 0; at < values_.size(); ++at) {
            if (statuses_[at].ok()) {
                std::memcpy(buffer_.data(), values_[at].data(), values_[at].size());
                ++found;
            }
            values_[at].Reset();
        }
        return found;
    }

  private:
    rocksdb::DB* db_;
    rocksdb::WriteOptions write_;
    rocksdb::WriteBatch batch_;
    rocksdb::PinnableSlice value_;
    std::vector<rocksdb::Slice> wanted_;
    std::vector<rocksdb::PinnableSlice> values_;
    std::vector<rocksdb::Status> statuses_;
    std::array<char, 64 << 10> buffer_{};
};

class RocksDbStore final : public Store {
  public:
    explicit RocksDbStore(const Settings& settings) : durability_(settings.durability) {
        rocksdb::BlockBasedTableOptions table;
        table.block_cache = rocksdb::NewLRUCache(settings.cache_bytes);
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        rocksdb::Options options;
        options.create_if_missing = true;
        options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        rocksdb::DB* db = nullptr;
        check(rocksdb::DB::Open(options, settings.folder.string(), &db));
        db_.reset(db);
    }

    std::unique_ptr<Session> session() override { return std::make_unique<RocksDbSession>(db_.get(), durability_); }

  private:
    Durability durability_;
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

const System kRocksDb{
    "rocksdb", true, "only one process may open it for writing; secondaries see commits only when asked to catch up",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<RocksDbStore>(settings); },
    [](const Settings& settings) {
        const char* log = settings.durability == Durability::nothing ? ", no write-ahead log"
                          : settings.durability == Durability::power ? ", sync=true"
                                                                     : ", sync=false";
        return "block cache " + mebibytes(settings.cache_bytes) + ", bloom filter 10 bits" + log;
    }};

}  // namespace bench
