/* What the test programs of matchmaking share. */
#ifndef JOINLY_TEST_MATCHMAKING_H
#define JOINLY_TEST_MATCHMAKING_H

#include "check.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define QUEUE TEXT("duel")

/* An output that a failed call must clear. */
#define DIRTY(type) ((type*)(uintptr_t)0xD1)

static inline joinly_store* open_memory(void) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    return store;
}

static inline joinly_seeker seeker(const char* player, double mu) {
    joinly_seeker seeker = {0};
    seeker.struct_size = sizeof seeker;
    seeker.player = player;
    seeker.player_len = strlen(player);
    seeker.mu = mu;
    seeker.sigma = 2.0;
    return seeker;
}

static inline joinly_ticket ticket(const joinly_seeker* party, size_t count) {
    joinly_ticket ticket = {0};
    ticket.struct_size = sizeof ticket;
    ticket.party = party;
    ticket.party_count = count;
    return ticket;
}

/* Whether a document holds a text; frees it. */
static inline int holds(joinly_value* document, const char* text) {
    size_t len = 0;
    const char* data = (const char*)joinly_value_data(document, &len);
    const size_t wanted = strlen(text);
    int found = 0;
    for (size_t at = 0; data != NULL && at + wanted <= len; at++) {
        found |= memcmp(data + at, text, wanted) == 0;
    }
    joinly_value_free(document);
    return found;
}

static inline joinly_value* tick(joinly_store* store) {
    joinly_value* done = NULL;
    CHECK_OK(joinly_queue_tick(store, QUEUE, TEXT("test"), 1000, &done, &error));
    return done;
}

static inline void configure(joinly_store* store, const char* document) {
    CHECK_OK(joinly_queue_configure(store, NULL, QUEUE, document, strlen(document), &error));
}

#endif
