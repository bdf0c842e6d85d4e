// A game server on a file that its players share: game_server [URL [SECONDS]]. It opens lobbies, plays a match where
// two players sit, lets players go whose lease ran out, and prints from a watch who comes and goes in other processes.
#include <joinly/storage.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int lobbies = 3;
constexpr auto tick = 250ms;

struct Lobby {
    std::string id;
    std::string state;
    std::vector<std::string> players;

    [[nodiscard]] std::string json() const {
        std::string list;
        for (const auto& player : players) {
            list += (list.empty() ? "" : ",") + joinly::Scalar(player).text();
        }
        return R"({"lobby_id":")" + id + R"(","state":")" + state + R"(","players":[)" + list + "]}";
    }

    /// Reads the documents of this game, in which names have no escapes.
    static Lobby parse(std::string id, const std::string& json) {
        Lobby lobby{std::move(id), json.find("\"playing\"") == std::string::npos ? "open" : "playing", {}};
        std::size_t at = json.find('[');
        const std::size_t end = json.find(']', at);
        while ((at = json.find('"', at)) < end) {
            const std::size_t close = json.find('"', at + 1);
            lobby.players.push_back(json.substr(at + 1, close - at - 1));
            at = close + 1;
        }
        return lobby;
    }
};

void advance(joinly::Store& store, const std::string& id) {
    store.transaction([&](joinly::Transaction& tx) {
        const auto document = tx.get_string("lobby:" + id);
        Lobby lobby = document ? Lobby::parse(id, *document) : Lobby{id, "open", {}};
        const auto lease = [&](const std::string& player) { return "lease:" + id + ":" + player; };
        const auto gone = [&](const std::string& player) { return !tx.get(lease(player)); };
        lobby.players.erase(std::remove_if(lobby.players.begin(), lobby.players.end(), gone), lobby.players.end());
        if (lobby.state == "playing") {
            for (const auto& player : lobby.players) {
                tx.erase(lease(player));
            }
            lobby = Lobby{id, "open", {}};
            tx.add("counter:matches");
        } else if (lobby.players.size() >= 2) {
            lobby.state = "playing";
        }
        if (lobby.json() != document) {
            tx.put("lobby:" + id, lobby.json());
        }
        tx.add("counter:ticks");
    });
}

/// Tells who took a seat and who was lost. Players put their leases; the server erases them after a match.
void tell(const joinly::Store& store, const joinly::Commit& commit, std::set<std::string>& seated) {
    for (const auto& [key, kind] : commit) {
        const std::string seat(key.substr(std::string_view("lease:").size()));
        const std::string player = seat.substr(seat.find(':') + 1);
        const std::string lobby = seat.substr(0, seat.find(':'));
        if (kind == joinly::ChangeKind::erased) {
            seated.erase(seat);
        } else if (kind == joinly::ChangeKind::expired) {
            seated.erase(seat);
            std::cout << "server: the lease of " << player << " in lobby " << lobby << " ran out" << std::endl;
        } else if (seated.insert(seat).second) {
            std::cout << "server: " << player << " took a seat in lobby " << lobby << ", join number "
                      << store.get_string("counter:joins").value_or("0") << std::endl;
        }
    }
}

void serve(const std::string& url, std::chrono::seconds duration) {
    auto store = joinly::Store::open(url);
    store.declare_index("state", "lobby:", "$.state");
    auto watch = store.watch("lease:");
    std::set<std::string> seated;

    const auto end = Clock::now() + duration;
    for (auto next = Clock::now(); next < end; next += tick) {
        for (int id = 1; id <= lobbies; id++) {
            advance(store, std::to_string(id));
        }
        for (auto now = Clock::now(); now < next + tick; now = Clock::now()) {
            if (const auto commit = watch.poll(std::chrono::ceil<std::chrono::milliseconds>(next + tick - now))) {
                tell(store, *commit, seated);
            }
        }
    }

    const auto open = store.find("state").equal("open").page();
    const auto stats = store.stats();
    std::cout << "server: " << open.size() << " lobbies open, " << store.get_string("counter:matches").value_or("0")
              << " matches played, " << store.get_string("counter:ticks").value_or("0") << " ticks\n"
              << "server: cache " << stats.cache_hits << " hits, " << stats.cache_misses << " misses, "
              << stats.cache_invalidations << " entries changed by others\n";
}

}  // namespace

int main(int argc, char** argv) {
    try {
        serve(argc > 1 ? argv[1] : "game.db", std::chrono::seconds(argc > 2 ? std::stoi(argv[2]) : 1));
    } catch (const std::exception& error) {
        std::cerr << "game_server: " << error.what() << '\n';
        return 1;
    }
}
