// Joinly Storage through its C header: the store, and the cache that hosts use on its own.
#include <joinly_storage.h>

#include <cstring>
#include <vector>

#include "store.hpp"

namespace bench {
namespace {

const std::uint8_t* bytes(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

void check(joinly_status status, joinly_error* error) {
    if (status == JOINLY_OK)
        return;
    const std::string message = error ? joinly_error_message(error) : joinly_status_name(status);
    joinly_error_free(error);
    throw std::runtime_error("joinly: " + message);
}

// Calls a function with its trailing error argument; true unless the key was not found.
template <class Call, class... Arguments>
bool call(Call function, Arguments... arguments) {
    joinly_error* error = nullptr;
    const joinly_status status = function(arguments..., &error);
    if (status == JOINLY_NOT_FOUND && !error)
        return false;
    check(status, error);
    return true;
}

class JoinlySession final : public Session {
  public:
    explicit JoinlySession(joinly_store* store) : store_(store) { call(joinly_batch_new, &batch_); }
    ~JoinlySession() override { joinly_batch_free(batch_); }

    std::size_t get(std::string_view key) override {
        std::size_t length = 0;
        joinly_error* error = nullptr;
        const joinly_status status =
            joinly_kv_get_into(store_, bytes(key), key.size(), buffer_.data(), buffer_.size(), &length, &error);
        if (status == JOINLY_OK) [[likely]]
            return length;
        if (status == JOINLY_NOT_FOUND)
            return kMissing;
        check(status, error);
        return kMissing;
    }

    void put(std::string_view key, std::string_view value) override {
        call(joinly_kv_put, store_, bytes(key), key.size(), bytes(value), value.size());
    }

    void put_batch(std::span<const Row> rows) override {
        joinly_batch_clear(batch_);
        for (const auto& [key, value] : rows)
            call(joinly_batch_put, batch_, bytes(key), key.size(), bytes(value), value.size(), std::uint64_t{0});
        call(joinly_store_commit, store_, batch_, nullptr);
    }

    std::size_t scan(std::string_view from, std::size_t rows) override {
        joinly_scan_options options{};
        options.struct_size = sizeof options;
        options.limit = static_cast<std::uint32_t>(rows);
        joinly_page* page = nullptr;
        call(joinly_kv_scan, store_, bytes(from), from.size(), nullptr, 0, &options, &page);
        return consume(page);
    }

    std::size_t get_many(std::span<const std::string_view> keys) override {
        wanted_.clear();
        for (const std::string_view key : keys)
            wanted_.push_back({bytes(key), key.size()});
        joinly_page* page = nullptr;
        call(joinly_kv_get_many, store_, wanted_.data(), wanted_.size(), &page);
        return consume(page);
    }

  private:
    // Copies the rows that exist, as the peers do, and frees the page.
    std::size_t consume(joinly_page* page) {
        std::size_t count = 0, found = 0;
        const joinly_row* rows = joinly_page_rows(page, &count);
        for (const joinly_row& row : std::span(rows, count)) {
            if (!row.value)
                continue;
            std::memcpy(buffer_.data(), row.key, row.key_len);
            std::memcpy(buffer_.data(), row.value, row.value_len);
            ++found;
        }
        joinly_page_free(page);
        return found;
    }

    joinly_store* store_;
    joinly_batch* batch_ = nullptr;
    std::vector<joinly_bytes> wanted_;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(64 << 10);
};

std::string options(const Settings& settings, bool always_behind = false) {
    const bool power = settings.durability == Durability::power;
    const bool behind = settings.durability == Durability::behind || always_behind;
    return std::string("durability=") + (power ? "power" : "process") + (behind ? "&mode=behind" : "") +
           "&cache_mb=" + std::to_string(settings.cache_bytes >> 20);
}

class JoinlyStore final : public Store {
  public:
    explicit JoinlyStore(const Settings& settings, bool always_behind = false) {
        const std::string url =
            settings.durability == Durability::nothing
                ? "memory:?cache_mb=" + std::to_string(settings.cache_bytes >> 20)
                : "sqlite:" + (settings.folder / "store.db").string() + "?" + options(settings, always_behind);
        joinly_error* error = nullptr;
        const joinly_status status = joinly_store_open(url.c_str(), nullptr, &store_, &error);
        if (settings.durability == Durability::behind && (status == JOINLY_UNSUPPORTED || status == JOINLY_INVALID)) {
            const Unsupported reason(joinly_error_message(error));
            joinly_error_free(error);
            throw reason;
        }
        check(status, error);
    }
    ~JoinlyStore() override { joinly_store_free(store_); }

    std::unique_ptr<Session> session() override { return std::make_unique<JoinlySession>(store_); }
    void flush() override { call(joinly_store_flush, store_, std::uint64_t{0}); }

  private:
    joinly_store* store_ = nullptr;
};

class CacheSession final : public Session {
  public:
    explicit CacheSession(joinly_cache* cache) : cache_(cache) {}

    std::size_t get(std::string_view key) override {
        std::size_t length = 0;
        const bool found =
            call(joinly_cache_get_into, cache_, bytes(key), key.size(), buffer_.data(), buffer_.size(), &length);
        return found ? length : kMissing;
    }

    void put(std::string_view key, std::string_view value) override {
        call(joinly_cache_set, cache_, bytes(key), key.size(), bytes(value), value.size(), std::uint64_t{0});
    }

    void put_batch(std::span<const Row> rows) override {
        for (const auto& [key, value] : rows)
            put(key, value);
    }

    std::size_t scan(std::string_view, std::size_t) override { throw Unsupported("a cache has no order"); }
    std::size_t get_many(std::span<const std::string_view>) override { throw Unsupported("a cache has no snapshots"); }

  private:
    joinly_cache* cache_;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(64 << 10);
};

class CacheStore final : public Store {
  public:
    explicit CacheStore(const Settings& settings) {
        joinly_cache_options options{};
        options.struct_size = sizeof options;
        options.max_bytes = settings.cache_bytes;
        call(joinly_cache_new, &options, &cache_);
    }
    ~CacheStore() override { joinly_cache_free(cache_); }
    std::unique_ptr<Session> session() override { return std::make_unique<CacheSession>(cache_); }

  private:
    joinly_cache* cache_ = nullptr;
};

}  // namespace

const System kJoinly{
    "joinly", true, "",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<JoinlyStore>(settings); },
    [](const Settings& settings) {
        if (settings.durability == Durability::nothing)
            return std::string("memory:");
        return options(settings) +
               (settings.durability == Durability::behind ? "" : ", every read fresh across processes");
    }};

const System kJoinlyBehind{
    "joinly_behind", true, "other processes see flushed writes only",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<JoinlyStore>(settings, true); },
    [](const Settings& settings) { return options(settings, true); }};

const System kJoinlyCache{
    "joinly_cache", false, "in memory",
    [](const Settings& settings) -> std::unique_ptr<Store> { return std::make_unique<CacheStore>(settings); },
    [](const Settings& settings) { return "joinly_cache, bound " + mebibytes(settings.cache_bytes); }};

}  // namespace bench
