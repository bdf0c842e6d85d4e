// Statistics of sessions: how often and how fast a subject got each metric right.
#ifndef JOINLY_STATS_HPP
#define JOINLY_STATS_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// When sessions began: from the first moment on and before the second; without one, no bound. Of what was rolled up,
/// when its day or month did.
struct Window {
    std::optional<TimePoint> from{};
    std::optional<TimePoint> until{};
};

/// What makes a metric a weak one.
enum class Weakness { miss_rate, time };

/// How a session is recorded.
struct SessionOptions {
    /// A name for it: it counts once, however often its flush is tried. Empty: a random one.
    std::string_view id{};
    /// Now, without one.
    std::optional<TimePoint> began{};
    /// Writes every so many samples to a journal in the store, so that `Sessions::recover` can make them count after
    /// the death of the process; 0: they are in memory alone until the flush.
    std::uint32_t journal_every = 0;
};

namespace detail {

/// A moment as the C ABI takes it; 0 without one.
inline std::int64_t moment(const std::optional<TimePoint>& time) noexcept {
    return time ? std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count() : 0;
}

}  // namespace detail

/// A session under way: it counts from its flush on, and not at all without one. It belongs to one thread at a time.
class Session {
  public:
    using Milliseconds = std::chrono::duration<double, std::milli>;

    /// Counts an attempt at a metric: a key that was typed, or any other text of up to 128 bytes. The time it took,
    /// from 0 to a day, counts when it was correct. Without a journal it neither waits nor does I/O. `at` is when that
    /// was.
    Result<void> try_record(std::string_view metric, Milliseconds time, bool correct,
                            std::optional<TimePoint> at = {}) {
        return detail::run([&](joinly_error** error) {
            return joinly_session_record(session_.get(), metric.data(), metric.size(), time.count(), correct ? 1 : 0,
                                         detail::moment(at), error);
        });
    }

    /// Writes the samples that wait to the journal, if the session has one.
    Result<void> try_journal() {
        return detail::run([&](joinly_error** error) { return joinly_session_journal(session_.get(), error); });
    }

    /// Ends the session; again, it does nothing. JSON: {"subject", "session", "metrics", "attempts", "repeated"}.
    /// `Status::exists` when a session with the same id counts already, with other samples.
    Result<Value> try_flush() {
        return detail::make<Value, joinly_value*>(
            [&](joinly_value** out, joinly_error** error) { return joinly_session_flush(session_.get(), out, error); });
    }

#if JOINLY_EXCEPTIONS
    void record(std::string_view metric, Milliseconds time, bool correct, std::optional<TimePoint> at = {}) {
        try_record(metric, time, correct, at).value();
    }
    void journal() { try_journal().value(); }
    Value flush() { return try_flush().value(); }
#endif

    /// Takes ownership of a C session.
    explicit Session(joinly_session* owned) noexcept : session_(owned) {}

  private:
    detail::Owned<joinly_session, joinly_session_free> session_;
};

/// The statistics of a store: `store.sessions()`. A subject is a player, or a profile of one: statistics are kept
/// apart. Figures are JSON: {"attempts", "correct", "miss_rate", "total_ms", "average_ms", "min_ms", "max_ms"}, times
/// those of correct attempts. Usable from any thread. Not to outlive the store.
class Sessions {
  public:
    /// Begins a session.
    Result<Session> try_begin(std::string_view subject, const SessionOptions& options = {}) {
        return detail::make<Session, joinly_session*>([&](joinly_session** out, joinly_error** error) {
            return joinly_session_begin(store_, subject.data(), subject.size(), options.id.data(), options.id.size(),
                                        detail::moment(options.began), options.journal_every, out, error);
        });
    }

    /// The figures of a metric over all sessions; nothing when it was never attempted.
    Result<std::optional<Value>> try_figures(std::string_view subject, std::string_view metric) const {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_figures(store_, subject.data(), subject.size(), metric.data(), metric.size(), out,
                                        error);
        });
    }

    /// The figures of every metric: an array, with "metric" in each. Over all sessions it takes as long after thousands
    /// as after one.
    Result<Value> try_summary(std::string_view subject, const Window& window = {}) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_summary(store_, subject.data(), subject.size(), detail::moment(window.from),
                                        detail::moment(window.until), out, error);
        });
    }

    /// The metrics that go worst over all sessions, the worst first: an array as that of `try_summary`.
    Result<Value> try_worst(std::string_view subject, Weakness by = Weakness::miss_rate,
                            std::uint64_t min_attempts = 10, std::uint32_t count = 10) const {
        const auto weakness = std::string(R"({"by":")") + (by == Weakness::time ? "time" : "miss_rate") +
                              R"(","min_attempts":)" + std::to_string(min_attempts) + R"(,"count":)" +
                              std::to_string(count) + "}";
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_worst(store_, subject.data(), subject.size(), weakness.data(), weakness.size(), out,
                                      error);
        });
    }

    /// The times of correct attempts at quantiles from 0 to 1, in milliseconds, each within 1/128 of itself; of a
    /// metric, or without one of all together. Nothing without a correct attempt.
    Result<std::optional<std::vector<double>>> try_percentiles(std::string_view subject,
                                                               const std::vector<double>& quantiles,
                                                               std::optional<std::string_view> metric = {},
                                                               const Window& window = {}) const {
        std::vector<double> times(quantiles.size());
        const auto name = text(metric);
        joinly_error* error = nullptr;
        const joinly_status status = joinly_stats_percentiles(
            store_, subject.data(), subject.size(), name.first, name.second, detail::moment(window.from),
            detail::moment(window.until), quantiles.data(), quantiles.size(), times.data(), &error);
        if (status == JOINLY_OK) {
            return std::optional<std::vector<double>>(std::move(times));
        }
        if (status == JOINLY_NOT_FOUND) {
            return std::optional<std::vector<double>>();
        }
        return detail::take_error(status, error);
    }

    /// How a metric, or without one all together, went from day to day: an array of figures with "day", "grain",
    /// "sessions", "p50_ms" and "p95_ms".
    Result<Value> try_trend(std::string_view subject, std::optional<std::string_view> metric = {},
                            const Window& window = {}) const {
        const auto name = text(metric);
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_trend(store_, subject.data(), subject.size(), name.first, name.second,
                                      detail::moment(window.from), detail::moment(window.until), out, error);
        });
    }

    /// A page of the sessions that count: {"sessions": [{"grain", "id", "sessions", "began", "ended", "metrics"}],
    /// "next"}. `past` is JSON of any of "metric", "from", "until", "newest_first", "limit" and "after", the "next" of
    /// the page before.
    Result<Value> try_history(std::string_view subject, std::string_view past = {}) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_history(store_, subject.data(), subject.size(), past.data(), past.size(), out, error);
        });
    }

    /// Of whom something is known: an array of names, in order.
    Result<Value> try_subjects() const {
        return document(
            [&](joinly_value** out, joinly_error** error) { return joinly_stats_subjects(store_, out, error); });
    }

    /// Makes the journals of dead processes count: those to which nothing was written for `idle`. An array of what
    /// `Session::try_flush` tells.
    Result<Value> try_recover(std::chrono::milliseconds idle) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_stats_recover(store_, idle.count(), out, error);
        });
    }

    /// Makes one entry of the sessions of each day, and of each month, in UTC, that had ended at a time; without one,
    /// of none. Figures stay what they are. How many entries are gone.
    Result<std::uint64_t> try_roll_up(std::string_view subject, std::optional<TimePoint> days_until,
                                      std::optional<TimePoint> months_until = {}) {
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* out, joinly_error** error) {
            return joinly_stats_roll_up(store_, subject.data(), subject.size(), detail::moment(days_until),
                                        detail::moment(months_until), out, error);
        });
    }

    /// Forgets all that is known of a subject; how many keys that were.
    Result<std::uint64_t> try_erase(std::string_view subject) {
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* out, joinly_error** error) {
            return joinly_stats_delete(store_, subject.data(), subject.size(), out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    Session begin(std::string_view subject, const SessionOptions& options = {}) {
        return try_begin(subject, options).value();
    }
    [[nodiscard]] std::optional<Value> figures(std::string_view subject, std::string_view metric) const {
        return try_figures(subject, metric).value();
    }
    [[nodiscard]] Value summary(std::string_view subject, const Window& window = {}) const {
        return try_summary(subject, window).value();
    }
    [[nodiscard]] Value worst(std::string_view subject, Weakness by = Weakness::miss_rate,
                              std::uint64_t min_attempts = 10, std::uint32_t count = 10) const {
        return try_worst(subject, by, min_attempts, count).value();
    }
    [[nodiscard]] std::optional<std::vector<double>> percentiles(std::string_view subject,
                                                                 const std::vector<double>& quantiles,
                                                                 std::optional<std::string_view> metric = {},
                                                                 const Window& window = {}) const {
        return try_percentiles(subject, quantiles, metric, window).value();
    }
    [[nodiscard]] Value trend(std::string_view subject, std::optional<std::string_view> metric = {},
                              const Window& window = {}) const {
        return try_trend(subject, metric, window).value();
    }
    [[nodiscard]] Value history(std::string_view subject, std::string_view past = {}) const {
        return try_history(subject, past).value();
    }
    [[nodiscard]] Value subjects() const { return try_subjects().value(); }
    Value recover(std::chrono::milliseconds idle) { return try_recover(idle).value(); }
    std::uint64_t roll_up(std::string_view subject, std::optional<TimePoint> days_until,
                          std::optional<TimePoint> months_until = {}) {
        return try_roll_up(subject, days_until, months_until).value();
    }
    std::uint64_t erase(std::string_view subject) { return try_erase(subject).value(); }
#endif

  private:
    friend class Store;

    explicit Sessions(joinly_store* store) noexcept : store_(store) {}

    template <class Call>
    static Result<Value> document(Call&& call) {
        return detail::make<Value, joinly_value*>(std::forward<Call>(call));
    }

    /// NULL means all metrics, so an empty name must not be.
    static std::pair<const char*, std::size_t> text(std::optional<std::string_view> metric) noexcept {
        if (!metric) {
            return {nullptr, 0};
        }
        return {metric->data() != nullptr ? metric->data() : "", metric->size()};
    }

    joinly_store* store_;
};

}  // namespace joinly

#endif
