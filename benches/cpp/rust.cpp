// The Rust peers, through the table of functions that ../rust/src/lib.rs makes for each.
#include <array>
#include <vector>

#include "store.hpp"

namespace bench {
namespace {

struct Bytes {
    const char* data;
    std::size_t length;
};

struct KeyAndValue {
    Bytes key, value;
};

struct Functions {
    void* (*open)(const char* folder, Durability durability, std::size_t cache_bytes);
    void (*close)(void* store);
    std::size_t (*get)(const void* store, Bytes key, char* into);
    void (*put)(const void* store, Bytes key, Bytes value);
    void (*put_batch)(const void* store, const KeyAndValue* rows, std::size_t count);
    std::size_t (*scan)(const void* store, Bytes from, std::size_t rows, char* into);
    std::size_t (*get_many)(const void* store, const Bytes* keys, std::size_t count, char* into);
};

extern "C" const Functions bench_redb, bench_fjall, bench_quick_cache, bench_moka, bench_rwlock_map;

Bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

std::size_t offered(std::size_t found) {
    if (found == Session::kMissing)
        throw Unsupported("not offered by this system");
    return found;
}

class RustSession final : public Session {
  public:
    RustSession(const Functions& functions, void* store) : functions_(functions), store_(store) {}

    std::size_t get(std::string_view key) override { return functions_.get(store_, bytes(key), buffer_.data()); }

    void put(std::string_view key, std::string_view value) override {
        functions_.put(store_, bytes(key), bytes(value));
    }

    void put_batch(std::span<const Row> rows) override {
        rows_.clear();
        for (const auto& [key, value] : rows)
            rows_.push_back({bytes(key), bytes(value)});
        functions_.put_batch(store_, rows_.data(), rows_.size());
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        return offered(functions_.scan(store_, bytes(from), rows, buffer_.data()));
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        wanted_.clear();
        for (const std::string_view key : keys)
            wanted_.push_back(bytes(key));
        return offered(functions_.get_many(store_, wanted_.data(), wanted_.size(), buffer_.data()));
    }

  private:
    const Functions& functions_;
    void* store_;
    std::vector<KeyAndValue> rows_;
    std::vector<Bytes> wanted_;
    std::array<char, 64 << 10> buffer_{};
};

class RustStore final : public Store {
  public:
    RustStore(const Functions& functions, const Settings& settings)
        : functions_(functions),
          store_(functions.open(settings.folder.c_str(), settings.durability, settings.cache_bytes)) {}
    RustStore(const RustStore&) = delete;
    ~RustStore() override { functions_.close(store_); }

    std::unique_ptr<Session> session() override { return std::make_unique<RustSession>(functions_, store_); }

  private:
    const Functions& functions_;
    void* store_;
};

template <const Functions& kFunctions>
std::unique_ptr<Store> open(const Settings& settings) {
    return std::make_unique<RustStore>(kFunctions, settings);
}

}  // namespace

const System kRedb{"redb", true, "only one process may open it", open<bench_redb>, [](const Settings& settings) {
                       const char* durability =
                           settings.durability == Durability::power
                               ? "Immediate"
                               : "None (lost when the process dies: redb has nothing between None and Immediate)";
                       return "a read transaction per call, Durability::" + std::string(durability) + ", cache " +
                              mebibytes(settings.cache_bytes);
                   }};

const System kFjall{"fjall", true, "only one process may open it", open<bench_fjall>, [](const Settings& settings) {
                        const char* persist =
                            settings.durability == Durability::power ? "PersistMode::SyncData" : "journal to the OS";
                        return std::string(persist) + ", cache " + mebibytes(settings.cache_bytes);
                    }};

const System kQuickCache{"quick_cache", false, "in memory", open<bench_quick_cache>, [](const Settings& settings) {
                             return "sync::Cache<Box<[u8]>, Arc<[u8]>>, foldhash, bound " +
                                    mebibytes(settings.cache_bytes) + " by weight";
                         }};

const System kMoka{"moka", false, "in memory", open<bench_moka>, [](const Settings& settings) {
                       return "sync::Cache<Box<[u8]>, Arc<[u8]>>, foldhash, bound " + mebibytes(settings.cache_bytes) +
                              " by weight";
                   }};

const System kRwLockMap{"rwlock_map", false, "in memory", open<bench_rwlock_map>, [](const Settings&) {
                            return std::string("Rust: std RwLock<HashMap<Box<[u8]>, Vec<u8>>>, foldhash, unbounded");
                        }};

}  // namespace bench
