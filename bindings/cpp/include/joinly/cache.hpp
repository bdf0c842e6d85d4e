// A cache in memory, without a store.
#ifndef JOINLY_CACHE_HPP
#define JOINLY_CACHE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// How large a cache may be: the fields of `joinly_cache_options`, set to their defaults.
struct CacheOptions : joinly_cache_options {
    CacheOptions() noexcept : joinly_cache_options{} { struct_size = sizeof(joinly_cache_options); }
};

using CacheStats = joinly_cache_stats;

/// A bounded cache with least-recently-used eviction and expiry; every operation takes constant time. Usable from any
/// thread at the same time; move-only.
class Cache {
  public:
    using milliseconds = std::chrono::milliseconds;

    static Result<Cache> try_new(const CacheOptions& options = {}) {
        return detail::make<Cache, joinly_cache*>(
            [&](joinly_cache** out, joinly_error** error) { return joinly_cache_new(&options, out, error); });
    }

    /// Stores a value that lives for `ttl`; 0: the cache's default.
    Result<void> try_set(std::string_view key, std::string_view value, milliseconds ttl = {}) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_cache_set(cache_.get(), detail::bytes(key), key.size(), detail::bytes(value), value.size(),
                                    *lifetime, error);
        });
    }

    Result<std::optional<Value>> try_get(std::string_view key) const {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>([&](joinly_value** out, joinly_error** error) {
            return joinly_cache_get(cache_.get(), detail::bytes(key), key.size(), out, error);
        });
    }

    /// As `Store::try_get_into`.
    Result<std::optional<std::size_t>> try_get_into(std::string_view key, void* buffer, std::size_t capacity) const {
        return detail::get_into(
            buffer, capacity, [&](std::uint8_t* to, std::size_t cap, std::size_t* length, joinly_error** error) {
                return joinly_cache_get_into(cache_.get(), detail::bytes(key), key.size(), to, cap, length, error);
            });
    }

    Result<std::optional<std::string>> try_get_string(std::string_view key) const {
        return detail::get_string(*this, key);
    }

    /// Deletes a key: whether it existed.
    Result<bool> try_erase(std::string_view key) {
        return detail::existed([&](joinly_error** error) {
            return joinly_cache_delete(cache_.get(), detail::bytes(key), key.size(), error);
        });
    }

    Result<CacheStats> try_stats() const {
        CacheStats stats{};
        stats.struct_size = sizeof stats;
        const auto done =
            detail::run([&](joinly_error** error) { return joinly_cache_stats_get(cache_.get(), &stats, error); });
        if (!done) {
            return done.error();
        }
        return stats;
    }

#if JOINLY_EXCEPTIONS
    explicit Cache(const CacheOptions& options = {}) : Cache(try_new(options).value()) {}

    void set(std::string_view key, std::string_view value, milliseconds ttl = {}) { try_set(key, value, ttl).value(); }
    std::optional<Value> get(std::string_view key) const { return try_get(key).value(); }
    std::optional<std::size_t> get_into(std::string_view key, void* buffer, std::size_t capacity) const {
        return try_get_into(key, buffer, capacity).value();
    }
    std::optional<std::string> get_string(std::string_view key) const { return try_get_string(key).value(); }
    bool erase(std::string_view key) { return try_erase(key).value(); }
    [[nodiscard]] CacheStats stats() const { return try_stats().value(); }
#endif

    /// Empties it; its figures go on.
    void clear() noexcept { joinly_cache_clear(cache_.get()); }

    /// Takes ownership of a C cache.
    explicit Cache(joinly_cache* owned) noexcept : cache_(owned) {}

  private:
    detail::Owned<joinly_cache, joinly_cache_free> cache_;
};

}  // namespace joinly

#endif
