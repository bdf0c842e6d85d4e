// What stands between the C functions and the classes: ownership, bytes and statuses.
#ifndef JOINLY_DETAIL_CALL_HPP
#define JOINLY_DETAIL_CALL_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../error.hpp"

namespace joinly::detail {

/// An owned C object, freed by its own function.
template <class T, void (*free)(T*)>
struct Free {
    void operator()(T* object) const noexcept { free(object); }
};
template <class T, void (*free)(T*)>
using Owned = std::unique_ptr<T, Free<T, free>>;

inline const std::uint8_t* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(data), size};
}

/// A text that may be left out, for C: NULL means that, so an empty one must not be NULL.
inline std::pair<const char*, std::size_t> optional(const std::optional<std::string_view>& text) noexcept {
    if (!text) {
        return {nullptr, 0};
    }
    return {text->data() != nullptr ? text->data() : "", text->size()};
}

/// Runs `call(error)`: success, or the error it left.
template <class Call>
Result<void> run(Call&& call) {
    joinly_error* error = nullptr;
    const joinly_status status = std::forward<Call>(call)(&error);
    if (status == JOINLY_OK) {
        return {};
    }
    return take_error(status, error);
}

/// Runs `call(output, error)`: the output wrapped in a `T`, or the error.
template <class T, class Output, class Call>
Result<T> make(Call&& call) {
    Output output{};
    joinly_error* error = nullptr;
    const joinly_status status = std::forward<Call>(call)(&output, &error);
    if (status == JOINLY_OK) {
        return T(std::move(output));
    }
    return take_error(status, error);
}

/// As `make`, where a status of `absent` is no error but an empty optional.
template <class T, class Output, joinly_status absent, class Call>
Result<std::optional<T>> find(Call&& call) {
    Output output{};
    joinly_error* error = nullptr;
    const joinly_status status = std::forward<Call>(call)(&output, &error);
    if (status == JOINLY_OK) {
        return std::optional<T>(T(std::move(output)));
    }
    if (status == absent) {
        joinly_error_free(error);
        return std::optional<T>();
    }
    return take_error(status, error);
}

/// Runs `call(error)`, which tells whether a key existed.
template <class Call>
Result<bool> existed(Call&& call) {
    joinly_error* error = nullptr;
    const joinly_status status = std::forward<Call>(call)(&error);
    if (status == JOINLY_OK || status == JOINLY_NOT_FOUND) {
        return status == JOINLY_OK;
    }
    return take_error(status, error);
}

/// Runs `call(buffer, capacity, length, error)` of the `..._get_into` kind: the true length, or nothing.
template <class Call>
Result<std::optional<std::size_t>> get_into(void* buffer, std::size_t capacity, Call&& call) {
    std::size_t length = 0;
    joinly_error* error = nullptr;
    const joinly_status status =
        std::forward<Call>(call)(static_cast<std::uint8_t*>(buffer), capacity, &length, &error);
    if (status == JOINLY_OK || status == JOINLY_BUFFER_TOO_SMALL) {
        return std::optional<std::size_t>(length);
    }
    if (status == JOINLY_NOT_FOUND) {
        return std::optional<std::size_t>();
    }
    return take_error(status, error);
}

/// A copy of a value: small ones through the stack, without a pin; others through one.
template <class Source>
Result<std::optional<std::string>> get_string(Source& source, std::string_view key) {
    char small[512];
    auto length = source.try_get_into(key, small, sizeof small);
    if (!length) {
        return length.error();
    }
    if (!*length) {
        return std::optional<std::string>();
    }
    if (**length <= sizeof small) {
        return std::optional<std::string>(std::in_place, small, **length);
    }
    auto value = source.try_get(key);
    if (!value) {
        return value.error();
    }
    if (!*value) {
        return std::optional<std::string>();
    }
    return std::optional<std::string>((*value)->str());
}

/// A duration as the C ABI takes it; an error when it is negative.
inline Result<std::uint64_t> lifetime(std::chrono::milliseconds ttl) {
    if (ttl.count() < 0) {
        return Error(Status::invalid,
                     "a time to live of " + std::to_string(ttl.count()) + " ms: it must not be negative");
    }
    return static_cast<std::uint64_t>(ttl.count());
}

/// How long to wait, as the C ABI takes it.
inline std::uint32_t timeout(std::chrono::milliseconds longest) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(longest.count(), 0, most));
}

}  // namespace joinly::detail

#endif
