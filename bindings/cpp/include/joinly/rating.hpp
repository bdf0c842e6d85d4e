// Ratings: what is believed of players' strength, and how results change it.
#ifndef JOINLY_RATING_HPP
#define JOINLY_RATING_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "detail/call.hpp"

namespace joinly {

/// An estimate `mu`, its standard deviation `sigma` and, in Glicko-2, a `volatility`.
using Rating = joinly_rating;

/// A team of a match.
struct Team {
    /// Its players before the match.
    std::vector<Rating> ratings;
    /// How it did: 1 is best, equal places are a draw.
    std::uint32_t place = 0;
};

/// How a game of a rating period ended for the player.
enum class Score : std::uint32_t {
    win = JOINLY_SCORE_WIN,
    draw = JOINLY_SCORE_DRAW,
    loss = JOINLY_SCORE_LOSS,
};

/// A game of a rating period.
struct Game {
    /// The opponent before the period.
    Rating opponent;
    Score score;
};

/// How results change ratings. Pure: no store.
class RatingSystem {
  public:
    /// Weng-Lin, as in OpenSkill: any number of teams of any size.
    RatingSystem() = default;

    /// A system as JSON: {"system": "weng_lin", "beta": 4.5} or {"system": "glicko2", "tau": 0.5}.
    explicit RatingSystem(std::string json) : json_(std::move(json)) {}

    /// Glicko-2: one player against one.
    [[nodiscard]] static RatingSystem glicko2() { return RatingSystem(R"({"system":"glicko2"})"); }

    /// The rating of a player of whom nothing is known.
    [[nodiscard]] Result<Rating> try_initial() const {
        return detail::make<Rating, Rating>([&](Rating* out, joinly_error** error) {
            return joinly_rating_initial(json_.data(), json_.size(), out, error);
        });
    }

    /// The ratings after a match, in the order of the teams and of the players in them.
    [[nodiscard]] Result<std::vector<std::vector<Rating>>> try_rate(const std::vector<Team>& teams) const {
        const auto list = to_c(teams);
        std::size_t players = 0;
        for (const Team& team : teams) {
            players += team.ratings.size();
        }
        std::vector<Rating> after(players);
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_rating_rate(json_.data(), json_.size(), list.data(), list.size(), after.data(), after.size(),
                                      error);
        });
        if (!done) {
            return done.error();
        }
        std::vector<std::vector<Rating>> rated;
        rated.reserve(teams.size());
        auto next = after.cbegin();
        for (const Team& team : teams) {
            const auto end = next + static_cast<std::ptrdiff_t>(team.ratings.size());
            rated.emplace_back(next, end);
            next = end;
        }
        return rated;
    }

    /// A player's rating after a period of games. Glicko-2 counts them all at once, as it is meant to, and without
    /// games its deviation grows; Weng-Lin counts them one after the other.
    [[nodiscard]] Result<Rating> try_rate_period(const Rating& player, const std::vector<Game>& games) const {
        std::vector<joinly_game> list;
        list.reserve(games.size());
        for (const Game& game : games) {
            list.push_back({sizeof(joinly_game), static_cast<std::uint32_t>(game.score), &game.opponent});
        }
        return detail::make<Rating, Rating>([&](Rating* out, joinly_error** error) {
            return joinly_rating_rate_period(json_.data(), json_.size(), &player, list.data(), list.size(), out, error);
        });
    }

    /// How probably each team wins; places do not count.
    [[nodiscard]] Result<std::vector<double>> try_win_probabilities(const std::vector<Team>& teams) const {
        const auto list = to_c(teams);
        // One more, so that there is an array even for no teams, which are refused.
        std::vector<double> probabilities(teams.size() + 1);
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_rating_win_probabilities(json_.data(), json_.size(), list.data(), list.size(),
                                                   probabilities.data(), error);
        });
        if (!done) {
            return done.error();
        }
        probabilities.pop_back();
        return probabilities;
    }

    /// The system as JSON; empty: Weng-Lin.
    [[nodiscard]] const std::string& json() const noexcept { return json_; }

#if JOINLY_EXCEPTIONS
    [[nodiscard]] Rating initial() const { return try_initial().value(); }
    [[nodiscard]] std::vector<std::vector<Rating>> rate(const std::vector<Team>& teams) const {
        return try_rate(teams).value();
    }
    [[nodiscard]] Rating rate_period(const Rating& player, const std::vector<Game>& games) const {
        return try_rate_period(player, games).value();
    }
    [[nodiscard]] std::vector<double> win_probabilities(const std::vector<Team>& teams) const {
        return try_win_probabilities(teams).value();
    }
#endif

  private:
    /// The same for C, borrowing the ratings.
    static std::vector<joinly_team> to_c(const std::vector<Team>& teams) {
        std::vector<joinly_team> list;
        list.reserve(teams.size());
        for (const Team& team : teams) {
            list.push_back({sizeof(joinly_team), team.place, team.ratings.data(), team.ratings.size()});
        }
        return list;
    }

    std::string json_;
};

}  // namespace joinly

#endif
