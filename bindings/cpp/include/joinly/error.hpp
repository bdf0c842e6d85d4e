// Statuses, the exception that carries one, and results for programs without exceptions.
#ifndef JOINLY_ERROR_HPP
#define JOINLY_ERROR_HPP

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <joinly_storage.h>

/// 1 where the functions that throw exist; 0 under -fno-exceptions, which leaves those named `try_...`.
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define JOINLY_EXCEPTIONS 1
#else
#define JOINLY_EXCEPTIONS 0
#endif

namespace joinly {

/// What a call answers. The meaning of each is that of the constant of the same name in joinly_storage.h.
enum class Status : joinly_status {
    ok = JOINLY_OK,
    not_found = JOINLY_NOT_FOUND,
    timeout = JOINLY_TIMEOUT,
    conflict = JOINLY_CONFLICT,
    busy = JOINLY_BUSY,
    invalid = JOINLY_INVALID,
    too_large = JOINLY_TOO_LARGE,
    wrong_type = JOINLY_WRONG_TYPE,
    out_of_range = JOINLY_OUT_OF_RANGE,
    unsupported = JOINLY_UNSUPPORTED,
    bad_handle = JOINLY_BAD_HANDLE,
    closed = JOINLY_CLOSED,
    forked = JOINLY_FORKED,
    poisoned = JOINLY_POISONED,
    panic = JOINLY_PANIC,
    no_memory = JOINLY_NO_MEMORY,
    full = JOINLY_FULL,
    read_only = JOINLY_READ_ONLY,
    io = JOINLY_IO,
    corrupt = JOINLY_CORRUPT,
    not_a_database = JOINLY_NOT_A_DATABASE,
    newer_schema = JOINLY_NEWER_SCHEMA,
    compacted = JOINLY_COMPACTED,
    exists = JOINLY_EXISTS,
    buffer_too_small = JOINLY_BUFFER_TOO_SMALL,
    lobby_full = JOINLY_LOBBY_FULL,
    forbidden = JOINLY_FORBIDDEN,
    expired = JOINLY_EXPIRED,
    already_matched = JOINLY_ALREADY_MATCHED,
    wrong_state = JOINLY_WRONG_STATE,
    insufficient = JOINLY_INSUFFICIENT,
    cancelled = JOINLY_CANCELLED,
    moved = JOINLY_MOVED,
    rate_limited = JOINLY_RATE_LIMITED,
};

/// The stable name of a status, for example "NOT_FOUND".
inline std::string_view name(Status status) noexcept { return joinly_status_name(static_cast<joinly_status>(status)); }

/// A failure: its status for the program, its message (`what()`) for people.
class Error : public std::runtime_error {
  public:
    Error(Status status, const std::string& message, std::int32_t engine_code = 0, std::uint64_t present_version = 0)
        : std::runtime_error(message), status_(status), engine_code_(engine_code), present_version_(present_version) {}

    [[nodiscard]] Status status() const noexcept { return status_; }

    /// The code of the engine below (for SQLite its extended result code), 0 where the library itself refused.
    [[nodiscard]] std::int32_t engine_code() const noexcept { return engine_code_; }

    /// The present version of what a call expected another version of; 0 where it tells none.
    [[nodiscard]] std::uint64_t present_version() const noexcept { return present_version_; }

    /// Whether the same call can succeed when repeated: after a conflict from the first read, else later. Not when it
    /// expected another version than the present one.
    [[nodiscard]] bool retryable() const noexcept {
        return present_version_ == 0 && joinly_status_is_retryable(static_cast<joinly_status>(status_)) != 0;
    }

  private:
    Status status_;
    std::int32_t engine_code_;
    std::uint64_t present_version_;
};

/// A check failed or a transaction was overtaken: nothing was changed, and the program reads anew and repeats.
class Conflict : public Error {
  public:
    using Error::Error;
};

namespace detail {

/// The error of a failed call; frees the C object.
inline Error take_error(joinly_status status, joinly_error* error) {
    const std::string message = error != nullptr ? joinly_error_message(error) : joinly_status_name(status);
    Error taken(static_cast<Status>(status), message, joinly_error_engine_code(error),
                joinly_error_present_version(error));
    joinly_error_free(error);
    return taken;
}

#if JOINLY_EXCEPTIONS
[[noreturn]] inline void raise(const Error& error) {
    if (error.status() == Status::conflict) {
        throw Conflict(error.status(), error.what(), error.engine_code(), error.present_version());
    }
    throw error;
}
#endif

}  // namespace detail

/// A value or the error that stands in its place. True when it is a value.
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const noexcept { return content_.index() == 0; }
    [[nodiscard]] Status status() const noexcept { return *this ? Status::ok : error().status(); }

    /// Only for a result that is true.
    T& operator*() & noexcept { return *std::get_if<0>(&content_); }
    T&& operator*() && noexcept { return std::move(*std::get_if<0>(&content_)); }
    const T& operator*() const& noexcept { return *std::get_if<0>(&content_); }
    T* operator->() noexcept { return std::get_if<0>(&content_); }
    const T* operator->() const noexcept { return std::get_if<0>(&content_); }

    /// Only for a result that is false.
    [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&content_); }

#if JOINLY_EXCEPTIONS
    /// The value, or else the error thrown.
    T value() && {
        if (!*this) {
            detail::raise(error());
        }
        return std::move(**this);
    }
#endif

  private:
    std::variant<T, Error> content_;
};

/// Success or an error. True when it is success.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const noexcept { return error_.index() == 0; }
    [[nodiscard]] Status status() const noexcept { return *this ? Status::ok : error().status(); }

    /// Only for a result that is false.
    [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&error_); }

#if JOINLY_EXCEPTIONS
    /// Nothing, or the error thrown.
    void value() const {
        if (!*this) {
            detail::raise(error());
        }
    }
#endif

  private:
    std::variant<std::monostate, Error> error_;
};

}  // namespace joinly

#endif
