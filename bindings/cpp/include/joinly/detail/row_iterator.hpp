// Iteration over what is read row by row.
#ifndef JOINLY_DETAIL_ROW_ITERATOR_HPP
#define JOINLY_DETAIL_ROW_ITERATOR_HPP

#include <cstddef>
#include <iterator>

#include "../error.hpp"

namespace joinly::detail {

#if JOINLY_EXCEPTIONS
/// Goes through rows by `rows.try_next()`, which answers a `Result<const Row*>`, NULL after the last. What fails is
/// thrown.
template <class Rows, class Row>
class RowIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = const Row&;

    RowIterator() noexcept = default;
    explicit RowIterator(Rows& rows) : rows_(&rows), row_(rows.try_next().value()) {}

    reference operator*() const noexcept { return *row_; }
    pointer operator->() const noexcept { return row_; }
    RowIterator& operator++() {
        row_ = rows_->try_next().value();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const RowIterator& a, const RowIterator& b) noexcept { return a.row_ == b.row_; }
    friend bool operator!=(const RowIterator& a, const RowIterator& b) noexcept { return a.row_ != b.row_; }

  private:
    Rows* rows_ = nullptr;
    const Row* row_ = nullptr;
};
#endif

}  // namespace joinly::detail

#endif
