// Checks and mutations that are committed together.
#ifndef JOINLY_BATCH_HPP
#define JOINLY_BATCH_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// A list of checks and mutations for `Store::commit`: all of it happens or, when a check fails, nothing. Checks see
/// the state before the batch; mutations see those before them. Usable from any thread; move-only.
class Batch {
  public:
    using milliseconds = std::chrono::milliseconds;

    static Result<Batch> try_new() {
        return detail::make<Batch, joinly_batch*>(
            [](joinly_batch** out, joinly_error** error) { return joinly_batch_new(out, error); });
    }

    /// The key's version must be `version`, or, for 0, it must not exist.
    Result<void> try_check(std::string_view key, std::uint64_t version) {
        return detail::run([&](joinly_error** error) {
            return joinly_batch_check(c_batch(), detail::bytes(key), key.size(), version, error);
        });
    }

    /// Writes a key that lives for `ttl`; 0: for ever.
    Result<void> try_put(std::string_view key, std::string_view value, milliseconds ttl = {}) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_batch_put(c_batch(), detail::bytes(key), key.size(), detail::bytes(value), value.size(),
                                    *lifetime, error);
        });
    }

    /// Deletes a key, if it exists.
    Result<void> try_erase(std::string_view key) {
        return detail::run([&](joinly_error** error) {
            return joinly_batch_delete(c_batch(), detail::bytes(key), key.size(), error);
        });
    }

    /// Adds to a counter, as `Store::add`.
    Result<void> try_add(std::string_view key, std::int64_t delta = 1) {
        return detail::run([&](joinly_error** error) {
            return joinly_batch_add(c_batch(), detail::bytes(key), key.size(), delta, error);
        });
    }

    /// Changes how long a key lives, if it exists; 0: for ever.
    Result<void> try_expire(std::string_view key, milliseconds ttl) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_batch_expire(c_batch(), detail::bytes(key), key.size(), *lifetime, error);
        });
    }

#if JOINLY_EXCEPTIONS
    Batch() : Batch(try_new().value()) {}

    Batch& check(std::string_view key, std::uint64_t version) { return done(try_check(key, version)); }
    Batch& check_absent(std::string_view key) { return check(key, 0); }
    Batch& put(std::string_view key, std::string_view value, milliseconds ttl = {}) {
        return done(try_put(key, value, ttl));
    }
    Batch& erase(std::string_view key) { return done(try_erase(key)); }
    Batch& add(std::string_view key, std::int64_t delta = 1) { return done(try_add(key, delta)); }
    Batch& expire(std::string_view key, milliseconds ttl) { return done(try_expire(key, ttl)); }
#endif

    /// How many checks and mutations it holds.
    [[nodiscard]] std::size_t size() const noexcept { return joinly_batch_len(c_batch()); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    /// Empties it and keeps its memory for the next use.
    void clear() noexcept { joinly_batch_clear(c_batch()); }

    /// The C handle, still owned by this object.
    [[nodiscard]] joinly_batch* c_batch() const noexcept { return batch_.get(); }

    /// Takes ownership of a C batch.
    explicit Batch(joinly_batch* owned) noexcept : batch_(owned) {}

  private:
#if JOINLY_EXCEPTIONS
    Batch& done(const Result<void>& result) {
        result.value();
        return *this;
    }
#endif

    detail::Owned<joinly_batch, joinly_batch_free> batch_;
};

}  // namespace joinly

#endif
