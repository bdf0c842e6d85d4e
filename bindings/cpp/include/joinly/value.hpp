// What reads return: values, rows and pages of rows.
#ifndef JOINLY_VALUE_HPP
#define JOINLY_VALUE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "detail/call.hpp"

namespace joinly {

using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

namespace detail {

inline std::optional<TimePoint> expiry(std::int64_t milliseconds) noexcept {
    if (milliseconds == 0) {
        return std::nullopt;
    }
    return TimePoint(std::chrono::milliseconds(milliseconds));
}

}  // namespace detail

/// The bytes of a key as they were when it was read. They stay valid and unchanged for the life of this object,
/// whatever happens to the key, the cache or the store. Immutable; usable from any thread.
class Value {
  public:
    /// Takes ownership of a C value.
    explicit Value(joinly_value* owned) noexcept : value_(owned) {
        std::size_t size = 0;
        const std::uint8_t* data = joinly_value_data(owned, &size);
        view_ = detail::text(data, size);
    }

    [[nodiscard]] std::string_view view() const noexcept { return view_; }
    operator std::string_view() const noexcept { return view_; }
    [[nodiscard]] std::string str() const { return std::string(view_); }
    [[nodiscard]] const char* data() const noexcept { return view_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
    [[nodiscard]] bool empty() const noexcept { return view_.empty(); }

    /// The version of the commit that wrote it, for `Batch::check`; 0 when it came from a `Cache`.
    [[nodiscard]] std::uint64_t version() const noexcept { return joinly_value_version(value_.get()); }

    /// When it expires, if ever.
    [[nodiscard]] std::optional<TimePoint> expires_at() const noexcept {
        return detail::expiry(joinly_value_expires_at(value_.get()));
    }

    friend bool operator==(const Value& a, std::string_view b) noexcept { return a.view_ == b; }
    friend bool operator!=(const Value& a, std::string_view b) noexcept { return a.view_ != b; }

  private:
    detail::Owned<joinly_value, joinly_value_free> value_;
    std::string_view view_;
};

/// One key of a page. Its views borrow from the page. Unpacks as `auto& [key, value]`.
class Row {
  public:
    Row() noexcept = default;
    explicit Row(const joinly_row& row) noexcept : row_(row) {}

    [[nodiscard]] std::string_view key() const noexcept { return detail::text(row_.key, row_.key_len); }

    /// Empty when values were not asked for.
    [[nodiscard]] std::string_view value() const noexcept { return detail::text(row_.value, row_.value_len); }

    /// False for a key that does not exist, which only `Store::get_many` reports.
    [[nodiscard]] bool exists() const noexcept { return row_.value != nullptr || row_.version != 0; }

    /// The version of the commit that wrote it; 0 when it does not exist, or is a transaction's own write.
    [[nodiscard]] std::uint64_t version() const noexcept { return row_.version; }

    /// When it expires, if ever.
    [[nodiscard]] std::optional<TimePoint> expires_at() const noexcept { return detail::expiry(row_.expires_at); }

    template <std::size_t index>
    [[nodiscard]] std::string_view get() const noexcept {
        static_assert(index < 2, "a row unpacks into key and value");
        return index == 0 ? key() : value();
    }

  private:
    joinly_row row_{};
};

/// Rows that one call read. Immutable; usable from any thread.
class Page {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Row;
        using difference_type = std::ptrdiff_t;
        using pointer = const Row*;
        using reference = const Row&;

        iterator(const joinly_row* at, const joinly_row* end) noexcept : at_(at), end_(end) { load(); }

        reference operator*() const noexcept { return row_; }
        pointer operator->() const noexcept { return &row_; }
        iterator& operator++() noexcept {
            ++at_;
            load();
            return *this;
        }
        void operator++(int) noexcept { ++*this; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }
        friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.at_ != b.at_; }

      private:
        void load() noexcept {
            if (at_ != end_) {
                row_ = Row(*at_);
            }
        }

        const joinly_row* at_;
        const joinly_row* end_;
        Row row_;
    };

    Page() noexcept = default;

    /// Takes ownership of a C page.
    explicit Page(joinly_page* owned) noexcept : page_(owned) { rows_ = joinly_page_rows(owned, &size_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] Row operator[](std::size_t index) const noexcept { return Row(rows_[index]); }
    [[nodiscard]] iterator begin() const noexcept { return {rows_, rows_ + size_}; }
    [[nodiscard]] iterator end() const noexcept { return {rows_ + size_, rows_ + size_}; }

    /// Where the next page starts, for `after`; empty when this is the last.
    [[nodiscard]] std::string_view cursor() const noexcept {
        std::size_t size = 0;
        const std::uint8_t* data = joinly_page_cursor(page_.get(), &size);
        return detail::text(data, size);
    }

  private:
    detail::Owned<joinly_page, joinly_page_free> page_;
    const joinly_row* rows_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace joinly

template <>
struct std::tuple_size<joinly::Row> : std::integral_constant<std::size_t, 2> {};
template <std::size_t index>
struct std::tuple_element<index, joinly::Row> {
    using type = std::string_view;
};

#endif
