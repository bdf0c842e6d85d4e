/* Lobbies used wrongly in every way a script could: each call answers a status, changes nothing and clears its outputs.
 */
#include <stddef.h>

#include "lobby.h"

#define DIRTY(type) ((type*)(uintptr_t)0xD1)

/* Every call that takes a store, with good arguments but for the store or the caller. */
static void every_change(void* p, const joinly_caller* caller, uint64_t lobby, joinly_status bad) {
    joinly_store* s = p;
    const joinly_join join = join_of("eve");
    joinly_seat_request seat = {0};
    joinly_value* value = DIRTY(joinly_value);
    joinly_done done = {sizeof done, 9, 9, 9};
    seat.struct_size = sizeof seat;
    SET_TEXT(seat, player, "eve");
#define CHECK_BAD(call)                                                     \
    do {                                                                    \
        done.repeated = 9;                                                  \
        done.lobby = done.sequence = 9;                                     \
        CHECK_STATUS(bad, call);                                            \
        CHECK(done.repeated == 0 && done.lobby == 0 && done.sequence == 0); \
    } while (0)
    CHECK_BAD(joinly_lobby_create(s, caller, NULL, &done, &error));
    CHECK_BAD(joinly_lobby_join(s, caller, lobby, &join, 1, &value, &done, &error));
    CHECK(value == NULL);
    value = DIRTY(joinly_value);
    CHECK_BAD(joinly_lobby_quick_join(s, caller, NULL, &join, 1, NULL, &value, &done, &error));
    CHECK(value == NULL);
    CHECK_BAD(joinly_lobby_reserve(s, caller, lobby, &seat, 1, &done, &error));
    CHECK_BAD(joinly_lobby_leave(s, caller, lobby, TEXT("ada"), &done, &error));
    CHECK_BAD(joinly_lobby_kick(s, caller, lobby, TEXT("ada"), &done, &error));
    CHECK_BAD(joinly_lobby_ban(s, caller, lobby, TEXT("eve"), 0, &done, &error));
    CHECK_BAD(joinly_lobby_unban(s, caller, lobby, TEXT("eve"), &done, &error));
    CHECK_BAD(joinly_lobby_transfer(s, caller, lobby, TEXT("ada"), &done, &error));
    CHECK_BAD(joinly_lobby_move(s, caller, lobby, JOINLY_MOVE_LOCK, 0, &done, &error));
    CHECK_BAD(joinly_lobby_ready(s, caller, lobby, TEXT("ada"), 1, &done, &error));
    CHECK_BAD(joinly_lobby_patch(s, caller, lobby, TEXT("{}"), 0, &done, &error));
    CHECK_BAD(joinly_lobby_patch_member(s, caller, lobby, TEXT("ada"), TEXT("{}"), 0, &done, &error));
    CHECK_BAD(joinly_lobby_say(s, caller, lobby, TEXT("ada"), TEXT("hi"), &done, &error));
    CHECK_BAD(joinly_lobby_invite(s, caller, lobby, NULL, 0, TEXT("bob"), 0, &done, &error));
    CHECK_BAD(joinly_lobby_uninvite(s, caller, lobby, NULL, 0, TEXT("bob"), &done, &error));
}

static void every_look(void* p, const joinly_caller* caller, uint64_t lobby, joinly_status bad) {
    joinly_store* s = p;
    joinly_value* value = DIRTY(joinly_value);
    uint64_t found = 9;
    CHECK_STATUS(bad, joinly_lobby_get(s, caller, lobby, JOINLY_VIEWER_PUBLIC, &value, &error));
    CHECK(value == NULL);
    value = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_lobby_invitations(s, caller, TEXT("bob"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(bad, joinly_lobby_by_code(s, caller, TEXT("ABCDEF"), &found, &error));
    CHECK(found == 0);
    found = 9;
    CHECK_STATUS(bad, joinly_lobby_of_player(s, caller, TEXT(""), TEXT("ada"), &found, &error));
    CHECK(found == 0);
}

static void bad_store(void* p, joinly_status bad) {
    joinly_store* s = p;
    const joinly_bytes players[] = {{BYTES("ada")}};
    joinly_value* value = DIRTY(joinly_value);
    joinly_page* page = DIRTY(joinly_page);
    joinly_events* events = DIRTY(joinly_events);
    joinly_swept swept = {sizeof swept, 0, 9, 9};
    every_change(p, NULL, 1, bad);
    every_look(p, NULL, 1, bad);
    CHECK_STATUS(bad, joinly_lobby_heartbeat(s, 1, players, 1, NULL, &error));
    CHECK_STATUS(bad, joinly_lobby_heartbeat_host(s, 1, &error));
    CHECK_STATUS(bad, joinly_lobby_as_of(s, 1, 1, JOINLY_VIEWER_PUBLIC, &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(bad, joinly_lobby_sweep(s, 0, &swept, &error));
    CHECK(swept.settled == 0 && swept.deleted == 0);
    CHECK_STATUS(bad, joinly_lobby_search(s, NULL, &page, NULL, &error));
    CHECK(page == NULL);
    CHECK_STATUS(bad, joinly_lobby_poll(s, 1, 0, JOINLY_VIEWER_PUBLIC, 0, 10, &events, &error));
    CHECK(events == NULL);
    events = DIRTY(joinly_events);
    CHECK_STATUS(bad, joinly_lobby_poll_all(s, 0, 0, 10, &events, &error));
    CHECK(events == NULL);
    events = DIRTY(joinly_events);
    CHECK_STATUS(bad, joinly_lobby_said(s, 1, 0, &events, &error));
    CHECK(events == NULL);
}

static void bad_events(void* p) {
    size_t count = 9;
    CHECK(joinly_events_rows(p, &count) == NULL && count == 0);
    count = 9;
    CHECK(joinly_events_snapshot(p, &count) == NULL && count == 0);
    CHECK(joinly_events_next(p) == 0 && joinly_events_is_resync(p) == 0);
    joinly_events_free(p);
}

static void handles(void) {
    joinly_store* store = open_memory();
    joinly_events* events = NULL;
    const uint64_t lobby = lobby_of(store, "ada");
    CHECK_OK(joinly_lobby_poll(store, lobby, 0, JOINLY_VIEWER_PUBLIC, 0, 0, &events, &error));
    int local = 0;
    void* const invented[] = {NULL, &local, (void*)1, (void*)UINTPTR_MAX};
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        bad_store(invented[i], JOINLY_BAD_HANDLE);
        bad_events(invented[i]);
    }
    bad_store(events, JOINLY_BAD_HANDLE);
    bad_events(store);
    joinly_store_free(store);
    bad_store(store, JOINLY_BAD_HANDLE);
    /* Results outlive their store. */
    size_t count = 0;
    CHECK(joinly_events_rows(events, &count) != NULL && count == 3);
    joinly_events_free(events);
    bad_events(events);
}

static joinly_caller plain_caller(void) {
    joinly_caller caller = {0};
    caller.struct_size = sizeof caller;
    return caller;
}

static void bad_callers(joinly_store* store, uint64_t lobby) {
    joinly_caller caller = plain_caller();
    caller.struct_size = 3;
    every_change(store, &caller, lobby, JOINLY_INVALID);
    every_look(store, &caller, lobby, JOINLY_INVALID);
    caller = plain_caller();
    caller.reserved = 1;
    every_change(store, &caller, lobby, JOINLY_INVALID);
    caller = plain_caller();
    caller.player_len = 1;
    every_change(store, &caller, lobby, JOINLY_INVALID);
    SET_TEXT(caller, player, "\xFF");
    every_change(store, &caller, lobby, JOINLY_INVALID);
    caller.player_len = SIZE_MAX;
    every_change(store, &caller, lobby, JOINLY_TOO_LARGE);
    caller = plain_caller();
    SET_TEXT(caller, request, "");
    every_change(store, &caller, lobby, JOINLY_INVALID);
    caller.request = "too long";
    caller.request_len = SIZE_MAX;
    every_change(store, &caller, lobby, JOINLY_TOO_LARGE);
    caller = plain_caller();
    caller.txn = (joinly_txn*)(void*)store;
    every_change(store, &caller, lobby, JOINLY_BAD_HANDLE);
    every_look(store, &caller, lobby, JOINLY_BAD_HANDLE);
}

/* A text that no call takes, as any of the texts of a struct. */
#define CHECK_TEXT_FIELD(object, field, call) \
    do {                                      \
        (object).field = NULL;                \
        (object).field##_len = 1;             \
        CHECK_STATUS(JOINLY_INVALID, call);   \
        SET_TEXT(object, field, "\xC3(");     \
        CHECK_STATUS(JOINLY_INVALID, call);   \
        (object).field##_len = SIZE_MAX;      \
        CHECK_STATUS(JOINLY_TOO_LARGE, call); \
        (object).field = NULL;                \
        (object).field##_len = 0;             \
    } while (0)

#define CHECK_JSON_FIELD(object, field, call)   \
    do {                                        \
        CHECK_TEXT_FIELD(object, field, call);  \
        SET_TEXT(object, field, "{\"a\":");     \
        CHECK_STATUS(JOINLY_INVALID, call);     \
        SET_TEXT(object, field, "{\"a\":NaN}"); \
        CHECK_STATUS(JOINLY_INVALID, call);     \
        SET_TEXT(object, field, "7");           \
        CHECK_STATUS(JOINLY_INVALID, call);     \
        SET_TEXT(object, field, " ");           \
        CHECK_STATUS(JOINLY_INVALID, call);     \
        (object).field = NULL;                  \
        (object).field##_len = 0;               \
    } while (0)

static void bad_options(joinly_store* store) {
    joinly_lobby_options options = lobby_options();
    joinly_join owner = join_of("eve");
    const uint32_t teams[] = {3, 4};
#define CREATE joinly_lobby_create(store, NULL, &options, NULL, &error)
    CHECK_TEXT_FIELD(options, kind, CREATE);
    CHECK_TEXT_FIELD(options, name, CREATE);
    CHECK_TEXT_FIELD(options, password, CREATE);
    CHECK_TEXT_FIELD(options, build, CREATE);
    CHECK_JSON_FIELD(options, attributes, CREATE);
    CHECK_JSON_FIELD(options, member_attributes, CREATE);
    CHECK_JSON_FIELD(options, owner_attributes, CREATE);
    SET_TEXT(options, attributes, "{\"a\":{}}");
    CHECK_STATUS(JOINLY_WRONG_TYPE, CREATE);
    options = lobby_options();
    SET_TEXT(options, kind, "a:b");
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.visibility = 3;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.migration = 4;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.reserved[4] = 1;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.max_members = 1001;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.member_ms = UINT32_MAX;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.keep_events = UINT64_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, CREATE);
    options = lobby_options();
    options.teams = teams;
    options.team_count = 2;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options.team_count = SIZE_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, CREATE);
    options.team_count = 2;
    options.teams = NULL;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options = lobby_options();
    options.owner = &owner;
    owner.struct_size = 0;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
    options.struct_size = 1;
    CHECK_STATUS(JOINLY_INVALID, CREATE);
}

static void bad_joins(joinly_store* store, uint64_t lobby) {
    joinly_join join = join_of("eve");
#define JOIN joinly_lobby_join(store, NULL, lobby, &join, 1, NULL, NULL, &error)
    CHECK_TEXT_FIELD(join, password, JOIN);
    CHECK_TEXT_FIELD(join, code, JOIN);
    CHECK_TEXT_FIELD(join, build, JOIN);
    CHECK_TEXT_FIELD(join, role, JOIN);
    CHECK_JSON_FIELD(join, attributes, JOIN);
    join.reserved[6] = 1;
    CHECK_STATUS(JOINLY_INVALID, JOIN);
    join = join_of("eve");
    SET_TEXT(join, code, "12345U");
    CHECK_STATUS(JOINLY_INVALID, JOIN);
    join = join_of("eve");
    CHECK_TEXT_FIELD(join, player, JOIN);
    CHECK_STATUS(JOINLY_INVALID, JOIN);

    const joinly_join twice[] = {join_of("eve"), join_of("eve")};
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_join(store, NULL, lobby, twice, 2, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_join(store, NULL, lobby, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_join(store, NULL, lobby, NULL, 2, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_lobby_join(store, NULL, lobby, twice, SIZE_MAX, NULL, NULL, &error));
    joinly_join mixed[] = {join_of("eve"), join_of("dan")};
    mixed[1].struct_size -= 8;
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_join(store, NULL, lobby, mixed, 2, NULL, NULL, &error));

    joinly_seat_request seat = {0};
    seat.struct_size = sizeof seat;
#define RESERVE joinly_lobby_reserve(store, NULL, lobby, &seat, 1, NULL, &error)
    CHECK_TEXT_FIELD(seat, player, RESERVE);
    SET_TEXT(seat, player, "eve");
    CHECK_TEXT_FIELD(seat, role, RESERVE);
    seat.reserved = 1;
    CHECK_STATUS(JOINLY_INVALID, RESERVE);
    seat.reserved = 0;
    seat.for_ms = UINT32_MAX;
    CHECK_STATUS(JOINLY_INVALID, RESERVE);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_reserve(store, NULL, lobby, NULL, 0, NULL, &error));
}

static void bad_acts(joinly_store* store, uint64_t lobby) {
    const uint32_t no_moves[] = {0, JOINLY_MOVE_CLOSE + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof no_moves / sizeof no_moves[0]; i++) {
        CHECK_STATUS(JOINLY_INVALID, joinly_lobby_move(store, NULL, lobby, no_moves[i], 0, NULL, &error));
    }
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_move(store, NULL, lobby, JOINLY_MOVE_LOCK, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_move(store, NULL, lobby, JOINLY_MOVE_START, UINT32_MAX, NULL, &error));
    const char* const patches[] = {"",
                                   "{",
                                   "[]",
                                   "{\"unknown\":1}",
                                   "{\"visibility\":\"all\"}",
                                   "{\"max_members\":0}",
                                   "{\"max_members\":-1}",
                                   "{\"attributes\":{\"\":1}}"};
    for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
        CHECK_STATUS(JOINLY_INVALID,
                     joinly_lobby_patch(store, NULL, lobby, patches[i], strlen(patches[i]), 0, NULL, &error));
    }
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_patch_member(store, NULL, lobby, TEXT("ada"), NULL, 0, 0, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND,
                 joinly_lobby_patch_member(store, NULL, lobby, TEXT("eve"), TEXT("{}"), 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_say(store, NULL, lobby, TEXT("ada"), NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_say(store, NULL, lobby, TEXT("ada"), TEXT("\xFF"), NULL, &error));
    char too_long[4097];
    memset(too_long, 'x', sizeof too_long);
    CHECK_STATUS(JOINLY_TOO_LARGE,
                 joinly_lobby_say(store, NULL, lobby, TEXT("ada"), too_long, sizeof too_long, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_say(store, NULL, lobby, TEXT("eve"), TEXT("hi"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_ban(store, NULL, lobby, TEXT("a\nb"), 0, NULL, &error));

    const joinly_bytes not_text[] = {{BYTES("\xFF")}};
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_heartbeat(store, lobby, not_text, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_heartbeat(store, lobby, NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_heartbeat(store, lobby, NULL, 1, NULL, &error));
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_lobby_heartbeat(store, lobby, not_text, SIZE_MAX, NULL, &error));
}

static void bad_looks(joinly_store* store, uint64_t lobby) {
    joinly_value* value = DIRTY(joinly_value);
    joinly_events* events = DIRTY(joinly_events);
    uint64_t found = 9;
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_get(store, NULL, lobby, 3, &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_as_of(store, lobby, 1, 3, &value, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_poll(store, lobby, 0, 3, 0, 0, &events, &error));
    CHECK(events == NULL);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_get(store, NULL, lobby, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_as_of(store, lobby, 1, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_poll(store, lobby, 0, 0, 0, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_poll_all(store, 0, 0, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_said(store, lobby, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_invitations(store, NULL, TEXT("bob"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_invitations(store, NULL, NULL, 0, &value, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_invite(store, NULL, lobby, NULL, 0, NULL, 0, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID,
                 joinly_lobby_invite(store, NULL, lobby, NULL, 0, TEXT("bob"), UINT32_MAX, NULL, &error));
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_invite(store, NULL, lobby, TEXT(""), TEXT("bob"), 0, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_uninvite(store, NULL, lobby, NULL, 0, TEXT("bob"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_by_code(store, NULL, TEXT("ABCDEF"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_by_code(store, NULL, TEXT("ABC"), &found, &error));
    CHECK(found == 0);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_of_player(store, NULL, TEXT(""), TEXT("ada"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_of_player(store, NULL, TEXT("\xFF"), TEXT("ada"), &found, &error));
}

static void bad_queries(joinly_store* store) {
    joinly_page* page = DIRTY(joinly_page);
    joinly_lobby_query query = {0};
    query.struct_size = sizeof query;
#define SEARCH joinly_lobby_search(store, &query, &page, NULL, &error)
    CHECK_TEXT_FIELD(query, kind, SEARCH);
    CHECK(page == NULL);
    CHECK_JSON_FIELD(query, filter, SEARCH);
    CHECK_JSON_FIELD(query, order, SEARCH);
    SET_TEXT(query, filter, "[{\"key\":\"a\",\"op\":\"like\",\"value\":1}]");
    CHECK_STATUS(JOINLY_INVALID, SEARCH);
    SET_TEXT(query, filter, "[{\"key\":\"a\",\"op\":\"in\",\"value\":1}]");
    CHECK_STATUS(JOINLY_WRONG_TYPE, SEARCH);
    query.filter = NULL;
    query.filter_len = 0;
    const char* const orders[] = {"[{}]",
                                  "[[\"a\"]]",
                                  "[{\"near\":1}]",
                                  "[{\"key\":\"$..\"}]",
                                  "[{\"key\":\"a\",\"up\":true}]",
                                  "[{\"key\":\"a\",\"near\":1,\"descending\":true}]",
                                  "[{\"key\":\"a\",\"near\":1e999}]"};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        query.order = orders[i];
        query.order_len = strlen(orders[i]);
        CHECK_STATUS(JOINLY_INVALID, SEARCH);
    }
    SET_TEXT(query, order, "[{\"key\":\"a\"},{\"key\":\"b\"},{\"key\":\"c\"},{\"key\":\"d\"},{\"key\":\"e\"}]");
    CHECK_STATUS(JOINLY_TOO_LARGE, SEARCH);
    query.order = NULL;
    query.order_len = 0;
    query.cursor = (const uint8_t*)"foreign";
    query.cursor_len = 7;
    CHECK_STATUS(JOINLY_INVALID, SEARCH);
    query.cursor_len = SIZE_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, SEARCH);
    query.cursor = NULL;
    query.cursor_len = 0;
    query.reserved[2] = 1;
    CHECK_STATUS(JOINLY_INVALID, SEARCH);
    query.reserved[2] = 0;
    query.struct_size = 0;
    CHECK_STATUS(JOINLY_INVALID, SEARCH);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_search(store, NULL, NULL, NULL, &error));
}

/* An output struct without its size is refused before anything is done; a shorter one is filled as far as it goes. */
static void output_structs(joinly_store* store, uint64_t lobby) {
    joinly_done done = {0};
    joinly_swept swept = {0};
    joinly_explain explain = {0};
    joinly_page* page = DIRTY(joinly_page);
    const joinly_join join = join_of("eve");
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_join(store, NULL, lobby, &join, 1, NULL, &done, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_sweep(store, 0, &swept, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_search(store, NULL, &page, &explain, &error));
    CHECK(page == NULL);
    explain.struct_size = offsetof(joinly_explain, read);
    explain.read = 77;
    CHECK_OK(joinly_lobby_search(store, NULL, &page, &explain, &error));
    CHECK(explain.read == 77);
    joinly_page_free(page);
}

int main(void) {
    handles();
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    uint64_t before = 0;
    uint64_t now = 0;
    CHECK_OK(joinly_store_version(store, &before, &error));
    bad_callers(store, lobby);
    bad_options(store);
    bad_joins(store, lobby);
    bad_acts(store, lobby);
    bad_looks(store, lobby);
    bad_queries(store);
    output_structs(store, lobby);
    CHECK_OK(joinly_store_version(store, &now, &error));
    CHECK(now == before);
    CHECK_OK(joinly_store_verify(store, &error));
    joinly_store_free(store);
    return EXIT_SUCCESS;
}
