// A game server of an arena: arena_server [URL [SECONDS [GAME_MS]]]. It follows what happens in the lobbies of a file,
// which matchmaking fills: where all players of a match have come it plays the game, lets their hidden skill decide,
// and applies the result. Servers that share the file play the same games, so that one may die; of each the first
// result counts.
#include <joinly/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

namespace {

const std::string due =
    "SELECT id FROM lobbies WHERE kind = 'arena' AND alive "
    "AND (state = 'in_game' OR state = 'open' AND members = max_members)";
constexpr auto line_up =
    "SELECT json_group_array(player), json_group_object(player, 3), avg(attributes ->> 'skill') "
    "FROM lobby_members WHERE lobby = ? GROUP BY team ORDER BY team";

/// A team, as JSON for a result: its players, and the points that a win gives each of them.
struct Team {
    std::string players;
    std::string points;
    double skill;
};

struct Game {
    std::string match;
    std::vector<Team> teams;
    Clock::time_point end;
};

/// Somebody else may have moved the lobby already.
void unless_done(const joinly::Result<joinly::Done>& move) {
    if (!move && move.status() != joinly::Status::wrong_state) {
        throw move.error();
    }
}

class Arena {
  public:
    Arena(const std::string& url, milliseconds length) : store_(joinly::Store::open(url)), length_(length) {
        store_.leaderboards().create("arena", R"({"policy":"increment"})");
        store_.declare_index("match_lobby", "match:", "$.lobby");
    }

    void run(seconds duration) {
        const auto start = Clock::now();
        const auto end = start + duration;
        auto report = start + seconds(1);
        while (Clock::now() < end) {
            auto next = std::min(report, end);
            for (const auto& [lobby, game] : games_) {
                next = std::min(next, game.end);
            }
            follow(std::chrono::ceil<milliseconds>(next - Clock::now()));
            for (auto at = games_.begin(); at != games_.end();) {
                if (at->second.end > Clock::now()) {
                    ++at;
                    continue;
                }
                finish(at->first, at->second);
                at = games_.erase(at);
            }
            if (Clock::now() >= report) {
                std::cout << "arena: " << played_ << " games played, " << games_.size() << " under way" << std::endl;
                report += seconds(1);
            }
        }
    }

  private:
    /// Waits for news of the lobbies, and looks at those that somebody joined, or at all of them where news are
    /// missing.
    void follow(milliseconds longest) {
        const auto events = store_.lobbies().poll(seen_, longest);
        if (!events) {
            return;
        }
        seen_ = events->next();
        if (events->is_resync()) {
            begin(store_.sql(due));
        }
        std::set<std::int64_t> joined;
        for (const auto& event : *events) {
            if (event.kind == joinly::LobbyEventKind::joined) {
                joined.insert(static_cast<std::int64_t>(event.lobby));
            }
        }
        for (const auto lobby : joined) {
            begin(store_.sql(due + " AND id = ?", {lobby}));
        }
    }

    /// Begins the games of these lobbies.
    void begin(joinly::SqlRows lobbies) {
        for (const auto& row : lobbies) {
            const auto lobby = *row[0].integer();
            const auto matches = store_.find("match_lobby").equal(lobby).page();
            if (matches.empty() || games_.count(lobby) != 0) {
                continue;
            }
            unless_done(store_.lobbies()[lobby].try_start());
            Game game{
                std::string(matches[0].key().substr(std::string_view("match:").size())), {}, Clock::now() + length_};
            for (const auto& team : store_.sql(line_up, {lobby})) {
                game.teams.push_back(
                    {std::string(*team[0].text()), std::string(*team[1].text()), team[2].real().value_or(0)});
            }
            if (game.teams.size() == 2) {
                games_.emplace(lobby, std::move(game));
            }
        }
    }

    /// Decides a game. Its result and the end of its lobby are one transaction: no crash leaves one without the other.
    void finish(std::int64_t lobby, Game& game) {
        const double chance = 1 / (1 + std::pow(10, (game.teams[1].skill - game.teams[0].skill) / 400));
        if (!std::bernoulli_distribution(chance)(random_)) {
            std::swap(game.teams[0], game.teams[1]);
        }
        const auto result = R"({"id":)" + joinly::Scalar(game.match).text() +
                            R"(,"ladder":"arena","teams":[{"place":1,"players":)" + game.teams[0].players +
                            R"(},{"place":2,"players":)" + game.teams[1].players + R"(}],"scores":)" +
                            game.teams[0].points + "}";
        const bool counts = store_.transaction([&](joinly::Transaction& tx) {
            const auto applied = store_.leaderboards(tx).apply_result(result);
            unless_done(store_.lobbies(tx)[lobby].try_close());
            return !applied.repeated;
        });
        played_ += counts ? 1 : 0;
    }

    joinly::Store store_;
    milliseconds length_;
    /// The last commit of which the lobbies' events are known; at first one to come, so that the poll begins anew.
    std::uint64_t seen_ = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t played_ = 0;
    std::map<std::int64_t, Game> games_;
    std::mt19937 random_{std::random_device()()};
};

}  // namespace

int main(int argc, char** argv) {
    try {
        Arena arena(argc > 1 ? argv[1] : "game.db", milliseconds(argc > 3 ? std::stoi(argv[3]) : 300));
        arena.run(seconds(argc > 2 ? std::stoi(argv[2]) : 1));
    } catch (const std::exception& error) {
        std::cerr << "arena_server: " << error.what() << '\n';
        return 1;
    }
}
