// Queries in SQL and their rows, read lazily page by page.
#ifndef JOINLY_SQL_HPP
#define JOINLY_SQL_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "detail/call.hpp"
#include "detail/row_iterator.hpp"

namespace joinly {

/// What a value of SQL is.
enum class SqlKind : std::uint32_t {
    null = JOINLY_SQL_NULL,
    integer = JOINLY_SQL_INTEGER,
    real = JOINLY_SQL_REAL,
    text = JOINLY_SQL_TEXT,
    blob = JOINLY_SQL_BLOB,
};

/// Bytes as a parameter; text is passed as it is.
struct Blob {
    std::string_view bytes;
};

/// A parameter of a query: nullptr, a number, text or a `Blob`. Views what it was made of.
class SqlParam {
  public:
    SqlParam(std::nullptr_t) noexcept {}
    template <class Number, std::enable_if_t<std::is_integral_v<Number>, int> = 0>
    SqlParam(Number number) noexcept {
        static_assert(sizeof(Number) < 8 || std::is_signed_v<Number>, "integers of SQL have 64 bits and a sign");
        param_.kind = JOINLY_SQL_INTEGER;
        param_.integer = static_cast<std::int64_t>(number);
    }
    SqlParam(double number) noexcept {
        param_.kind = JOINLY_SQL_REAL;
        param_.real = number;
    }
    SqlParam(std::string_view text) noexcept { set(JOINLY_SQL_TEXT, text); }
    SqlParam(const std::string& text) noexcept : SqlParam(std::string_view(text)) {}
    SqlParam(const char* text) noexcept : SqlParam(std::string_view(text)) {}
    SqlParam(Blob blob) noexcept { set(JOINLY_SQL_BLOB, blob.bytes); }

    /// The parameter that the SQL calls `:name`, instead of the one of its place: `{"max", 5}`.
    SqlParam(std::string_view name, SqlParam value) noexcept : param_(value.param_) {
        param_.name = detail::bytes(name);
        param_.name_len = name.size();
    }

    [[nodiscard]] const joinly_sql_param& c_param() const noexcept { return param_; }

  private:
    void set(std::uint32_t kind, std::string_view bytes) noexcept {
        param_.kind = kind;
        param_.data = detail::bytes(bytes);
        param_.len = bytes.size();
    }

    joinly_sql_param param_{};
};

static_assert(sizeof(SqlParam) == sizeof(joinly_sql_param), "an array of parameters is passed as it is");

/// A value of a row. Its views borrow from the row.
class SqlValue {
  public:
    SqlValue() noexcept = default;
    explicit SqlValue(const joinly_sql_value& value) noexcept : value_(value) {}

    [[nodiscard]] SqlKind kind() const noexcept { return static_cast<SqlKind>(value_.kind); }
    [[nodiscard]] bool is_null() const noexcept { return kind() == SqlKind::null; }

    /// What it holds, if it is of that kind. Every integer is a real, too.
    [[nodiscard]] std::optional<std::int64_t> integer() const noexcept {
        return kind() == SqlKind::integer ? std::optional(value_.integer) : std::nullopt;
    }
    [[nodiscard]] std::optional<double> real() const noexcept {
        switch (kind()) {
            case SqlKind::real: return value_.real;
            case SqlKind::integer: return static_cast<double>(value_.integer);
            default: return std::nullopt;
        }
    }
    [[nodiscard]] std::optional<std::string_view> text() const noexcept { return bytes(SqlKind::text); }
    [[nodiscard]] std::optional<std::string_view> blob() const noexcept { return bytes(SqlKind::blob); }

  private:
    [[nodiscard]] std::optional<std::string_view> bytes(SqlKind wanted) const noexcept {
        return kind() == wanted ? std::optional(detail::text(value_.data, value_.len)) : std::nullopt;
    }

    joinly_sql_value value_{};
};

/// One row of a result: its values by the place of their column.
class SqlRow {
  public:
    SqlRow() noexcept = default;
    SqlRow(const joinly_sql_value* values, std::size_t size) noexcept : values_(values), size_(size) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] SqlValue operator[](std::size_t column) const noexcept { return SqlValue(values_[column]); }

  private:
    const joinly_sql_value* values_ = nullptr;
    std::size_t size_ = 0;
};

/// How to run a query.
struct SqlOptions {
    /// How long each page may take; zero: 5 seconds.
    std::chrono::milliseconds timeout{};
    /// The most rows of a page; 0: 256.
    std::uint32_t page_size = 0;
};

/// The rows of a query, all of the moment at which it began: `for (auto& row : store.sql("SELECT ..."))`, once. Belongs
/// to one thread at a time; move-only.
class SqlRows {
  public:
    [[nodiscard]] std::size_t columns() const noexcept {
        std::size_t count = 0;
        (void)joinly_sql_rows_columns(page_.get(), &count);
        return count;
    }

    /// The name of a column.
    [[nodiscard]] std::string_view column(std::size_t index) const noexcept {
        const joinly_bytes& name = joinly_sql_rows_columns(page_.get(), nullptr)[index];
        return detail::text(name.data, name.len);
    }

    /// The next row, NULL after the last. It and its views are valid until the next call. `Status::conflict` when the
    /// program waited longer than `snapshot_max_age_ms` before it asked for the next page.
    [[nodiscard]] Result<const SqlRow*> try_next() {
        if (index_ == size_ && cursor_ != nullptr && joinly_sql_rows_more(page_.get()) != 0) {
            auto next = detail::make<Page, joinly_sql_rows*>([&](joinly_sql_rows** out, joinly_error** error) {
                return joinly_sql_next(cursor_.get(), page_size_, out, error);
            });
            if (!next) {
                return next.error();
            }
            take(std::move(next->rows));
        }
        if (index_ == size_) {
            return nullptr;
        }
        row_ = SqlRow(values_ + index_++ * columns(), columns());
        return &row_;
    }

#if JOINLY_EXCEPTIONS
    using iterator = detail::RowIterator<SqlRows, SqlRow>;

    /// Goes on where the last iteration ended.
    [[nodiscard]] iterator begin() { return iterator(*this); }
    [[nodiscard]] static iterator end() noexcept { return {}; }
#endif

  private:
    friend class Store;

    using Owner = detail::Owned<joinly_sql_rows, joinly_sql_rows_free>;

    struct Page {
        explicit Page(joinly_sql_rows* owned) noexcept : rows(owned) {}
        Owner rows;
    };

    explicit SqlRows(std::uint32_t page_size) noexcept : page_size_(page_size) {}

    void take(Owner page) noexcept {
        page_ = std::move(page);
        values_ = joinly_sql_rows_values(page_.get(), &size_);
        index_ = 0;
    }

    detail::Owned<joinly_sql, joinly_sql_free> cursor_;
    Owner page_;
    const joinly_sql_value* values_ = nullptr;
    std::size_t size_ = 0;
    std::size_t index_ = 0;
    std::uint32_t page_size_;
    SqlRow row_;
};

}  // namespace joinly

#endif
