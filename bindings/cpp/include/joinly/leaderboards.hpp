// The leaderboards of a store, and the results of matches.
#ifndef JOINLY_LEADERBOARDS_HPP
#define JOINLY_LEADERBOARDS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "detail/call.hpp"
#include "rating.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// What a result did.
struct Applied {
    /// What counts, as JSON: "result", "changes" by player, "time".
    Value document;
    /// Whether a result of the match had been applied before: then `document` is of that one, and nothing was changed.
    bool repeated;
};

/// The leaderboards of a store: `store.leaderboards()`, or within a transaction `store.leaderboards(transaction)`,
/// committed and undone with it; places are those of the committed scores. Documents are JSON. A period is named by its
/// first day, as "2026-01-05", or "all"; nothing: the present one. Usable from any thread, except within a transaction.
/// Not to outlive the store or transaction.
class Leaderboards {
  public:
    using Period = std::optional<std::string_view>;

    /// Makes a board, with any of {"period": "forever", "daily", "weekly", "monthly"}, {"policy": "best", "set",
    /// "increment"} and {"order": "highest", "lowest"}; the first of each unless given. Making the same again does
    /// nothing.
    Result<void> try_create(std::string_view board, std::string_view rules = {}) {
        return detail::run([&](joinly_error** error) {
            return joinly_board_create(store_, txn_, board.data(), board.size(), rules.data(), rules.size(), error);
        });
    }

    /// Submits a player's score; `subscore` decides between equal ones. What the player has now: {"period", "score",
    /// "subscore", "time", "changed"}.
    Result<Value> try_submit(std::string_view board, std::string_view player, std::int64_t score,
                             std::int64_t subscore = 0) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_board_submit(store_, txn_, board.data(), board.size(), player.data(), player.size(), score,
                                       subscore, out, error);
        });
    }

    /// Applies the result of a match, once: {"id", "ladder", "system", "teams": [{"players", "place"}], "scores"}.
    Result<Applied> try_apply_result(std::string_view result) {
        std::uint8_t repeated = 0;
        auto applied = document([&](joinly_value** out, joinly_error** error) {
            return joinly_rating_apply_result(store_, txn_, result.data(), result.size(), out, &repeated, error);
        });
        if (!applied) {
            return applied.error();
        }
        return Applied{*std::move(applied), repeated != 0};
    }

    /// A player's rating on a ladder; that of a new player where there is none.
    Result<Rating> try_rating(std::string_view player, std::string_view ladder, const RatingSystem& system = {}) const {
        return detail::make<Rating, Rating>([&](Rating* out, joinly_error** error) {
            return joinly_rating_get(store_, txn_, system.json().data(), system.json().size(), player.data(),
                                     player.size(), ladder.data(), ladder.size(), out, error);
        });
    }

    /// A player's place: {"rank", "player", "score", "subscore", "time"}; nothing without a score.
    Result<std::optional<Value>> try_rank(std::string_view board, std::string_view player, Period period = {}) const {
        joinly_value* ranked = nullptr;
        joinly_error* error = nullptr;
        const auto name = detail::optional(period);
        const joinly_status status = joinly_board_rank(store_, board.data(), board.size(), name.first, name.second,
                                                       player.data(), player.size(), &ranked, &error);
        if (status == JOINLY_OK) {
            return std::optional<Value>(Value(ranked));
        }
        // With an error object it is the board that is not there.
        if (status == JOINLY_NOT_FOUND && error == nullptr) {
            return std::optional<Value>();
        }
        return detail::take_error(status, error);
    }

    /// The best `count` players after the first `skip`: an array, each as in `try_rank`.
    Result<Value> try_top(std::string_view board, std::size_t count, std::size_t skip = 0, Period period = {}) const {
        const auto name = detail::optional(period);
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_board_top(store_, board.data(), board.size(), name.first, name.second, skip, count, out,
                                    error);
        });
    }

    /// A player between the `before` next better and the `after` next worse: an array, each as in `try_rank`; empty
    /// without a score.
    Result<Value> try_around(std::string_view board, std::string_view player, std::size_t before, std::size_t after,
                             Period period = {}) const {
        const auto name = detail::optional(period);
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_board_around(store_, board.data(), board.size(), name.first, name.second, player.data(),
                                       player.size(), before, after, out, error);
        });
    }

    /// How many players have a score.
    Result<std::uint64_t> try_count(std::string_view board, Period period = {}) const {
        const auto name = detail::optional(period);
        return detail::make<std::uint64_t, std::uint64_t>([&](std::uint64_t* out, joinly_error** error) {
            return joinly_board_count(store_, board.data(), board.size(), name.first, name.second, out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    void create(std::string_view board, std::string_view rules = {}) { try_create(board, rules).value(); }
    Value submit(std::string_view board, std::string_view player, std::int64_t score, std::int64_t subscore = 0) {
        return try_submit(board, player, score, subscore).value();
    }
    Applied apply_result(std::string_view result) { return try_apply_result(result).value(); }
    [[nodiscard]] Rating rating(std::string_view player, std::string_view ladder,
                                const RatingSystem& system = {}) const {
        return try_rating(player, ladder, system).value();
    }
    [[nodiscard]] std::optional<Value> rank(std::string_view board, std::string_view player, Period period = {}) const {
        return try_rank(board, player, period).value();
    }
    [[nodiscard]] Value top(std::string_view board, std::size_t count, std::size_t skip = 0, Period period = {}) const {
        return try_top(board, count, skip, period).value();
    }
    [[nodiscard]] Value around(std::string_view board, std::string_view player, std::size_t before, std::size_t after,
                               Period period = {}) const {
        return try_around(board, player, before, after, period).value();
    }
    [[nodiscard]] std::uint64_t count(std::string_view board, Period period = {}) const {
        return try_count(board, period).value();
    }
#endif

  private:
    friend class Store;

    explicit Leaderboards(joinly_store* store, joinly_txn* txn = nullptr) noexcept : store_(store), txn_(txn) {}

    template <class Call>
    static Result<Value> document(Call&& call) {
        return detail::make<Value, joinly_value*>(std::forward<Call>(call));
    }

    joinly_store* store_;
    joinly_txn* txn_;
};

}  // namespace joinly

#endif
