// Following the changes of a store, by any process.
#ifndef JOINLY_WATCH_HPP
#define JOINLY_WATCH_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// What happened to a key.
enum class ChangeKind : std::uint32_t {
    put = JOINLY_CHANGE_PUT,
    erased = JOINLY_CHANGE_DELETE,
    expired = JOINLY_CHANGE_EXPIRE,
};

/// One changed key. Its view borrows from the `Commit`.
struct Change {
    std::string_view key;
    ChangeKind kind;
};

/// The watched changes of one commit: `for (auto& [key, kind] : commit)`. Immutable; usable from any thread.
class Commit {
  public:
    /// Takes ownership of C changes.
    explicit Commit(joinly_changes* owned) : commit_(owned) {
        std::size_t count = 0;
        const joinly_change* rows = joinly_changes_rows(owned, &count);
        changes_.reserve(count);
        std::for_each(rows, rows + count, [this](const joinly_change& row) {
            changes_.push_back({detail::text(row.key, row.key_len), static_cast<ChangeKind>(row.kind)});
        });
    }

    [[nodiscard]] std::uint64_t version() const noexcept { return joinly_changes_version(commit_.get()); }
    [[nodiscard]] TimePoint time() const noexcept {
        return TimePoint(std::chrono::milliseconds(joinly_changes_time(commit_.get())));
    }

    [[nodiscard]] std::size_t size() const noexcept { return changes_.size(); }
    [[nodiscard]] const Change& operator[](std::size_t index) const noexcept { return changes_[index]; }
    [[nodiscard]] std::vector<Change>::const_iterator begin() const noexcept { return changes_.begin(); }
    [[nodiscard]] std::vector<Change>::const_iterator end() const noexcept { return changes_.end(); }

  private:
    detail::Owned<joinly_changes, joinly_changes_free> commit_;
    std::vector<Change> changes_;
};

/// A position in the change log. Belongs to one thread at a time.
class Watch {
  public:
    using milliseconds = std::chrono::milliseconds;

    /// Where a watch starts.
    static constexpr std::uint64_t now = JOINLY_FROM_NOW;
    static constexpr std::uint64_t oldest = 0;

    /// Waits up to `timeout` for the next commit that touched a watched key; nothing when there was none. Commits come
    /// in order and none is skipped: when the log no longer reaches back, the answer is `Status::compacted`, and the
    /// watch goes on from the oldest commit kept, after the program has read the state anew.
    Result<std::optional<Commit>> try_poll(milliseconds timeout = {}) {
        return detail::find<Commit, joinly_changes*, JOINLY_TIMEOUT>([&](joinly_changes** out, joinly_error** error) {
            return joinly_watch_poll(watch_.get(), detail::timeout(timeout), out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    std::optional<Commit> poll(milliseconds timeout = {}) { return try_poll(timeout).value(); }
#endif

    /// The version up to which it has reported; a new watch may start from it.
    [[nodiscard]] std::uint64_t version() const noexcept { return joinly_watch_version(watch_.get()); }

    /// Takes ownership of a C watch.
    explicit Watch(joinly_watch* owned) noexcept : watch_(owned) {}

  private:
    detail::Owned<joinly_watch, joinly_watch_free> watch_;
};

}  // namespace joinly

#endif
