// Interactive transactions.
#ifndef JOINLY_TRANSACTION_HPP
#define JOINLY_TRANSACTION_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "detail/call.hpp"
#include "scan.hpp"
#include "value.hpp"

namespace joinly {

/// Reads of one moment plus its own writes, committed together or not at all. It takes no lock until it commits; when
/// another writer changed what it read, it loses with `Conflict` and is to be repeated from its begin, which
/// `Store::transaction` does. One that is destroyed without a commit is rolled back. Belongs to one thread at a time.
class Transaction {
  public:
    using milliseconds = std::chrono::milliseconds;

    Result<std::optional<Value>> try_get(std::string_view key) {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>([&](joinly_value** out, joinly_error** error) {
            return joinly_txn_get(c_txn(), detail::bytes(key), key.size(), out, error);
        });
    }

    /// As `Store::try_get_into`.
    Result<std::optional<std::size_t>> try_get_into(std::string_view key, void* buffer, std::size_t capacity) {
        return detail::get_into(
            buffer, capacity, [&](std::uint8_t* to, std::size_t cap, std::size_t* length, joinly_error** error) {
                return joinly_txn_get_into(c_txn(), detail::bytes(key), key.size(), to, cap, length, error);
            });
    }

    Result<std::optional<std::string>> try_get_string(std::string_view key) { return detail::get_string(*this, key); }

    /// Writes a key that lives for `ttl` from the commit on; 0: for ever.
    Result<void> try_put(std::string_view key, std::string_view value, milliseconds ttl = {}) {
        const auto lifetime = detail::lifetime(ttl);
        if (!lifetime) {
            return lifetime.error();
        }
        return detail::run([&](joinly_error** error) {
            return joinly_txn_put(c_txn(), detail::bytes(key), key.size(), detail::bytes(value), value.size(),
                                  *lifetime, error);
        });
    }

    /// Deletes a key: whether it existed.
    Result<bool> try_erase(std::string_view key) {
        return detail::existed(
            [&](joinly_error** error) { return joinly_txn_delete(c_txn(), detail::bytes(key), key.size(), error); });
    }

    /// Adds to a counter: the sum.
    Result<std::int64_t> try_add(std::string_view key, std::int64_t delta = 1) {
        return detail::make<std::int64_t, std::int64_t>([&](std::int64_t* sum, joinly_error** error) {
            return joinly_txn_add(c_txn(), detail::bytes(key), key.size(), delta, sum, error);
        });
    }

    /// The keys in [start, end), an empty border being none. What is read counts: a change in it by another writer is a
    /// conflict. Not to be used after this transaction ended.
    [[nodiscard]] Scan scan(std::string_view start, std::string_view end) {
        return {c_txn(), Scan::Kind::range, start, end};
    }

    /// The keys that start with `prefix`; otherwise as `scan`.
    [[nodiscard]] Scan prefix(std::string_view prefix) { return {c_txn(), Scan::Kind::prefix, prefix, {}}; }

    /// Commits and finishes it, whatever the outcome: the version of the commit.
    Result<std::uint64_t> try_commit() {
        return detail::make<std::uint64_t, std::uint64_t>(
            [&](std::uint64_t* version, joinly_error** error) { return joinly_txn_commit(c_txn(), version, error); });
    }

    /// Drops its writes and finishes it.
    Result<void> try_rollback() {
        return detail::run([&](joinly_error** error) { return joinly_txn_rollback(c_txn(), error); });
    }

#if JOINLY_EXCEPTIONS
    std::optional<Value> get(std::string_view key) { return try_get(key).value(); }
    std::optional<std::size_t> get_into(std::string_view key, void* buffer, std::size_t capacity) {
        return try_get_into(key, buffer, capacity).value();
    }
    std::optional<std::string> get_string(std::string_view key) { return try_get_string(key).value(); }
    void put(std::string_view key, std::string_view value, milliseconds ttl = {}) { try_put(key, value, ttl).value(); }
    bool erase(std::string_view key) { return try_erase(key).value(); }
    std::int64_t add(std::string_view key, std::int64_t delta = 1) { return try_add(key, delta).value(); }
    std::uint64_t commit() { return try_commit().value(); }
    void rollback() { try_rollback().value(); }
#endif

    /// The C handle, still owned by this object.
    [[nodiscard]] joinly_txn* c_txn() const noexcept { return transaction_.get(); }

    /// Takes ownership of a C transaction.
    explicit Transaction(joinly_txn* owned) noexcept : transaction_(owned) {}

  private:
    detail::Owned<joinly_txn, joinly_txn_free> transaction_;
};

}  // namespace joinly

#endif
