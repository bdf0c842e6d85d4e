// Joins a lobby: its document, the player's lease and a counter change together or not at all.
#include <joinly/storage.hpp>

#include <iostream>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string player = argc > 1 ? argv[1] : "ada";

    auto store = joinly::Store::open("lobbies.db");
    store.declare_index("state", "lobby:", "$.state");

    const auto seat = store.transaction([&](auto& tx) {
        const auto taken = tx.add("seats:1");
        tx.put("lobby:1", taken < 2 ? R"({"state":"open"})" : R"({"state":"full"})");
        tx.put("lease:1:" + player, "", 30s);
        return taken;
    });

    std::cout << player << " has seat " << seat << '\n';
    for (auto& [key, lobby] : store.find("state").equal("full")) {
        std::cout << key << " is full\n";
    }
    for (auto& [key, value] : store.prefix("lease:1:")) {
        std::cout << key.substr(8) << " is here\n";
    }
}
