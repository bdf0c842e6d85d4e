// Ranges of keys and findings of an index, read lazily page by page.
#ifndef JOINLY_SCAN_HPP
#define JOINLY_SCAN_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "detail/row_iterator.hpp"
#include "scalar.hpp"
#include "value.hpp"

namespace joinly {

namespace detail {

/// What `Scan` and `Find` share: a query whose `try_read(cursor)` reads one page, and a position in its rows.
template <class Query>
class Rows {
  public:
    /// The most rows of a page; 0: 256. Of use for showing pages, and for reading no more than is needed.
    [[nodiscard]] Query page_size(std::uint32_t rows) && {
        page_size_ = rows;
        return moved();
    }

    /// Starts where an earlier page of the same query ended: its `cursor()`.
    [[nodiscard]] Query after(std::string_view cursor) && {
        after_ = cursor;
        return moved();
    }

    /// Reads the one page at the start of this query.
    [[nodiscard]] Result<Page> try_page() const { return query().try_read(after_); }

    /// The next row, NULL after the last. It and its views are valid until the next call.
    [[nodiscard]] Result<const Row*> try_next() {
        while (index_ == page_.size()) {
            if (started_ && page_.cursor().empty()) {
                return nullptr;
            }
            auto page = query().try_read(started_ ? page_.cursor() : std::string_view(after_));
            if (!page) {
                return page.error();
            }
            page_ = *std::move(page);
            index_ = 0;
            started_ = true;
        }
        row_ = page_[index_++];
        return &row_;
    }

#if JOINLY_EXCEPTIONS
    using iterator = RowIterator<Rows, Row>;

    [[nodiscard]] Page page() const { return try_page().value(); }

    /// Reads from the start. A row and its views are valid until the iterator moves on.
    [[nodiscard]] iterator begin() {
        page_ = Page();
        index_ = 0;
        started_ = false;
        return iterator(*this);
    }
    [[nodiscard]] iterator end() noexcept { return {}; }
#endif

  protected:
    [[nodiscard]] Query moved() { return std::move(static_cast<Query&>(*this)); }

    std::uint32_t page_size_ = 0;

  private:
    [[nodiscard]] const Query& query() const { return static_cast<const Query&>(*this); }

    std::string after_;
    Page page_;
    std::size_t index_ = 0;
    bool started_ = false;
    Row row_;
};

}  // namespace detail

/// The keys of a range or prefix in byte order, from a store or within a transaction:
/// `for (auto& [key, value] : store.prefix("lobby:").reverse())`. Each page is one moment's state; from a store, the
/// next may be of a later one. Belongs to one thread at a time.
class Scan : public detail::Rows<Scan> {
  public:
    /// From the last key to the first.
    [[nodiscard]] Scan reverse(bool on = true) && {
        reverse_ = on;
        return moved();
    }

    /// Keys without their values, which then are empty.
    [[nodiscard]] Scan keys_only(bool on = true) && {
        keys_only_ = on;
        return moved();
    }

  private:
    friend class Store;
    friend class Transaction;
    friend class detail::Rows<Scan>;

    enum class Kind { range, prefix };

    Scan(const joinly_store* store, Kind kind, std::string_view start, std::string_view end)
        : store_(store), kind_(kind), start_(start), end_(end) {}
    Scan(joinly_txn* transaction, Kind kind, std::string_view start, std::string_view end)
        : transaction_(transaction), kind_(kind), start_(start), end_(end) {}

    [[nodiscard]] Result<Page> try_read(std::string_view cursor) const {
        joinly_scan_options options{};
        options.struct_size = sizeof options;
        options.limit = page_size_;
        options.cursor = detail::bytes(cursor);
        options.cursor_len = cursor.size();
        options.reverse = reverse_ ? 1 : 0;
        options.keys_only = keys_only_ ? 1 : 0;
        const std::uint8_t* start = detail::bytes(start_);
        const std::uint8_t* end = detail::bytes(end_);
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            if (kind_ == Kind::prefix) {
                return transaction_ != nullptr
                           ? joinly_txn_scan_prefix(transaction_, start, start_.size(), &options, out, error)
                           : joinly_kv_scan_prefix(store_, start, start_.size(), &options, out, error);
            }
            return transaction_ != nullptr
                       ? joinly_txn_scan(transaction_, start, start_.size(), end, end_.size(), &options, out, error)
                       : joinly_kv_scan(store_, start, start_.size(), end, end_.size(), &options, out, error);
        });
    }

    const joinly_store* store_ = nullptr;
    joinly_txn* transaction_ = nullptr;
    Kind kind_;
    std::string start_;
    std::string end_;
    bool reverse_ = false;
    bool keys_only_ = false;
};

/// The documents that an index finds, ordered by the indexed value and then by key:
/// `for (auto& [key, document] : store.find("rating").at_least(1200).descending())`. Values order as null < false <
/// true < numbers < strings. Belongs to one thread at a time.
class Find : public detail::Rows<Find> {
  public:
    /// Only documents whose value is this. Excludes the bounds below.
    [[nodiscard]] Find equal(Scalar value) && {
        equal_ = std::move(value);
        return moved();
    }
    [[nodiscard]] Find at_least(Scalar value) && {
        lower_ = std::move(value);
        lower_exclusive_ = false;
        return moved();
    }
    [[nodiscard]] Find greater_than(Scalar value) && {
        lower_ = std::move(value);
        lower_exclusive_ = true;
        return moved();
    }
    [[nodiscard]] Find less_than(Scalar value) && {
        upper_ = std::move(value);
        upper_inclusive_ = false;
        return moved();
    }
    [[nodiscard]] Find at_most(Scalar value) && {
        upper_ = std::move(value);
        upper_inclusive_ = true;
        return moved();
    }

    /// From the greatest value to the least.
    [[nodiscard]] Find descending(bool on = true) && {
        descending_ = on;
        return moved();
    }

  private:
    friend class Store;
    friend class detail::Rows<Find>;

    Find(const joinly_store* store, std::string index) : store_(store), index_name_(std::move(index)) {}

    static void set(const std::optional<Scalar>& value, const std::uint8_t*& data, std::size_t& size) noexcept {
        if (value) {
            data = detail::bytes(value->text());
            size = value->text().size();
        }
    }

    [[nodiscard]] Result<Page> try_read(std::string_view cursor) const {
        joinly_find_options options{};
        options.struct_size = sizeof options;
        options.limit = page_size_;
        set(equal_, options.equal, options.equal_len);
        set(lower_, options.lower, options.lower_len);
        set(upper_, options.upper, options.upper_len);
        options.cursor = cursor.empty() ? nullptr : detail::bytes(cursor);
        options.cursor_len = cursor.size();
        options.lower_exclusive = lower_exclusive_ ? 1 : 0;
        options.upper_inclusive = upper_inclusive_ ? 1 : 0;
        options.descending = descending_ ? 1 : 0;
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            return joinly_index_find(store_, index_name_.c_str(), &options, out, error);
        });
    }

    const joinly_store* store_;
    std::string index_name_;
    std::optional<Scalar> equal_;
    std::optional<Scalar> lower_;
    std::optional<Scalar> upper_;
    bool lower_exclusive_ = false;
    bool upper_inclusive_ = false;
    bool descending_ = false;
};

}  // namespace joinly

#endif
