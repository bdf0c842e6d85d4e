// Joins the first lobby that has a seat, or opens one, and tells who came before.
#include <joinly/storage.hpp>

#include <iostream>

int main(int argc, char** argv) {
    const std::string player = argc > 1 ? argv[1] : "ada";

    auto store = joinly::Store::open("lobbies.db");
    joinly::LobbyOptions duel;
    duel.kind = "duel";
    duel.max_members = 2;
    const auto joined = store.lobbies().quick_join({joinly::Join{player}}, duel);

    const auto events = store.lobbies()[joined.lobby].poll(0);
    for (const auto& event : *events) {
        if (event.kind == joinly::LobbyEventKind::joined) {
            std::cout << *event.actor << " joined lobby " << event.lobby << '\n';
        }
    }
}
