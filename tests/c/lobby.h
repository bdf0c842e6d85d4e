/* What the tests of lobbies share. */
#ifndef JOINLY_TEST_LOBBY_H
#define JOINLY_TEST_LOBBY_H

#include "model.h"

static inline joinly_join join_of(const char* player) {
    joinly_join join = {0};
    join.struct_size = sizeof join;
    join.player = player;
    join.player_len = strlen(player);
    return join;
}

static inline joinly_caller owner_of(const char* player, uint64_t epoch) {
    joinly_caller caller = {0};
    caller.struct_size = sizeof caller;
    caller.player = player;
    caller.player_len = strlen(player);
    caller.epoch = epoch;
    return caller;
}

static inline joinly_lobby_options lobby_options(void) {
    joinly_lobby_options options = {0};
    options.struct_size = sizeof options;
    return options;
}

/* A new lobby of a player's. */
static inline uint64_t lobby_of(joinly_store* store, const char* player) {
    const joinly_join owner = join_of(player);
    joinly_lobby_options options = lobby_options();
    joinly_done done = {sizeof done, 0, 0, 0};
    options.owner = &owner;
    CHECK_OK(joinly_lobby_create(store, NULL, &options, &done, &error));
    CHECK(done.lobby > 0 && done.sequence == 3 && done.repeated == 0);
    return done.lobby;
}

/* Whether a viewer sees a text in a lobby. */
static inline int lobby_has(joinly_store* store, uint64_t lobby, uint32_t viewer, const char* text) {
    joinly_value* seen = NULL;
    CHECK_OK(joinly_lobby_get(store, NULL, lobby, viewer, &seen, &error));
    const int found = value_has(seen, text);
    joinly_value_free(seen);
    return found;
}

static inline void enter(joinly_store* store, uint64_t lobby, const char* player) {
    const joinly_join join = join_of(player);
    CHECK_OK(joinly_lobby_join(store, NULL, lobby, &join, 1, NULL, NULL, &error));
}

#endif
