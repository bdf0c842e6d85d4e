// What the test of examples/cpp/arena_server finds in its file: a match whose players have joined their lobby.
#include <joinly/storage.hpp>

#include <string>

#include "../c/check.h"

int main(int argc, char** argv) {
    CHECK(argc == 2);
    auto store = joinly::Store::open(argv[1]);
    auto queues = store.queues();
    queues.configure("arena", R"({"lobby":{"kind":"arena"}})");
    for (const char* player : {"ada", "bob"}) {
        queues.enqueue("arena", {{{player, store.leaderboards().rating(player, "arena")}}});
    }
    CHECK(queues.tick("arena", "me").view().find(R"("lobby":1,)") != std::string_view::npos);
    for (const char* player : {"ada", "bob"}) {
        joinly::Join join{player};
        join.attributes = R"({"skill":1500})";
        store.lobbies()[1].join(join);
    }
    return EXIT_SUCCESS;
}
