/* Events of lobbies: pulled in batches, gone on with, missing, and seen again later. */
#include "lobby.h"

static int event_has(const joinly_event* event, const char* text) {
    return after(event->json, event->json_len, text) != NULL;
}

static uint64_t present(const joinly_store* store) {
    uint64_t version = 0;
    CHECK_OK(joinly_store_version(store, &version, &error));
    return version;
}

static void every_kind_is_told(void) {
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    joinly_seat_request seat = {0};
    seat.struct_size = sizeof seat;
    SET_TEXT(seat, player, "dan");
    enter(store, lobby, "bob");
    enter(store, lobby, "cy");
    CHECK_OK(joinly_lobby_reserve(store, NULL, lobby, &seat, 1, NULL, &error));
    CHECK_OK(joinly_lobby_patch(store, NULL, lobby, TEXT("{\"name\":\"new\",\"owner_attributes\":{\"seed\":7}}"), 0,
                                NULL, &error));
    CHECK_OK(joinly_lobby_patch_member(store, NULL, lobby, TEXT("bob"), TEXT("{\"hat\":1}"), 0, NULL, &error));
    CHECK_OK(joinly_lobby_say(store, NULL, lobby, TEXT("bob"), TEXT("h\xC3\xA9llo \"all\""), NULL, &error));
    CHECK_OK(joinly_lobby_ban(store, NULL, lobby, TEXT("cy"), 0, NULL, &error));
    CHECK_OK(joinly_lobby_unban(store, NULL, lobby, TEXT("cy"), NULL, &error));
    CHECK_OK(joinly_lobby_move(store, NULL, lobby, JOINLY_MOVE_START, 60000, NULL, &error));
    CHECK_OK(joinly_lobby_ready(store, NULL, lobby, TEXT("bob"), 1, NULL, &error));

    const uint32_t kinds[] = {
        JOINLY_EVENT_CREATED, JOINLY_EVENT_JOINED,   JOINLY_EVENT_OWNER,   JOINLY_EVENT_JOINED,
        JOINLY_EVENT_JOINED,  JOINLY_EVENT_RESERVED, JOINLY_EVENT_PATCHED, JOINLY_EVENT_MEMBER_PATCHED,
        JOINLY_EVENT_SAID,    JOINLY_EVENT_BANNED,   JOINLY_EVENT_LEFT,    JOINLY_EVENT_UNBANNED,
        JOINLY_EVENT_MOVED,   JOINLY_EVENT_READY,
    };
    joinly_events* events = NULL;
    size_t count = 0;
    CHECK_OK(joinly_lobby_poll(store, lobby, 0, JOINLY_VIEWER_MEMBER, 0, 0, &events, &error));
    const joinly_event* rows = joinly_events_rows(events, &count);
    CHECK(count == sizeof kinds / sizeof kinds[0]);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].kind == kinds[i] && rows[i].version == i + 1 && rows[i].lobby == lobby);
        CHECK(rows[i].sequence == 0 && rows[i].time > 0 && rows[i].reserved == 0);
    }
    CHECK(rows[3].actor_len == 3 && memcmp(rows[3].actor, "bob", 3) == 0);
    CHECK(rows[5].actor == NULL && rows[5].actor_len == 0);
    CHECK(event_has(&rows[6], "\"change\":{\"kind\":\"patched\"") && !event_has(&rows[6], "seed"));
    CHECK(event_has(&rows[8], "\"text\":\"h\xC3\xA9llo \\\"all\\\"\""));
    CHECK(joinly_events_next(events) == count && joinly_events_is_resync(events) == 0);
    CHECK(joinly_events_snapshot(events, &count) == NULL && count == 0);
    joinly_events_free(events);

    CHECK_OK(joinly_lobby_poll(store, lobby, 6, JOINLY_VIEWER_OWNER, 2, 0, &events, &error));
    rows = joinly_events_rows(events, &count);
    CHECK(count == 2 && event_has(&rows[0], "seed") && joinly_events_next(events) == 8);
    joinly_events_free(events);

    CHECK_OK(joinly_lobby_said(store, lobby, 5, &events, &error));
    rows = joinly_events_rows(events, &count);
    CHECK(count == 1 && rows[0].kind == JOINLY_EVENT_SAID && rows[0].version == 9 && joinly_events_next(events) == 9);
    joinly_events_free(events);
    joinly_store_free(store);
}

static void nothing_happened(void) {
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    joinly_events* events = NULL;
    size_t count = 9;
    for (uint32_t timeout = 0; timeout <= 20; timeout += 20) {
        CHECK_STATUS(JOINLY_TIMEOUT,
                     joinly_lobby_poll(store, lobby, 3, JOINLY_VIEWER_PUBLIC, 0, timeout, &events, &error));
        CHECK_STATUS(JOINLY_TIMEOUT, joinly_lobby_poll_all(store, present(store), 0, timeout, &events, &error));
        CHECK(events == NULL);
    }
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_poll(store, 99, 0, JOINLY_VIEWER_PUBLIC, 0, 20, &events, &error));
    CHECK_OK(joinly_lobby_said(store, lobby, 0, &events, &error));
    CHECK(joinly_events_rows(events, &count) == NULL && count == 0 && joinly_events_next(events) == 0);
    joinly_events_free(events);
    joinly_store_free(store);
}

static void commits_of_all_lobbies_in_order(void) {
    joinly_store* store = open_memory();
    const uint64_t first = lobby_of(store, "ada");
    const uint64_t second = lobby_of(store, "bob");
    joinly_events* events = NULL;
    size_t count = 0;
    enter(store, first, "cy");
    CHECK_OK(joinly_lobby_poll_all(store, 0, 2, 1000, &events, &error));
    const joinly_event* rows = joinly_events_rows(events, &count);
    CHECK(count == 6 && rows[0].sequence == rows[2].sequence && rows[2].sequence < rows[3].sequence);
    CHECK(rows[2].lobby == first && rows[3].lobby == second && rows[3].version == 1);
    const uint64_t next = joinly_events_next(events);
    CHECK(next == rows[5].sequence);
    joinly_events_free(events);
    CHECK_OK(joinly_lobby_poll_all(store, next, 0, 0, &events, &error));
    rows = joinly_events_rows(events, &count);
    CHECK(count == 1 && rows[0].sequence > next && rows[0].version == 4 &&
          joinly_events_next(events) == present(store));
    joinly_events_free(events);
    /* Commits of other keys are passed over. */
    const uint64_t before = present(store);
    CHECK_OK(joinly_kv_put(store, (const uint8_t*)"k", 1, (const uint8_t*)"v", 1, &error));
    CHECK_OK(joinly_lobby_poll_all(store, before, 0, 0, &events, &error));
    CHECK(joinly_events_rows(events, &count) == NULL && count == 0 && joinly_events_is_resync(events) == 0);
    CHECK(joinly_events_next(events) == present(store));
    joinly_events_free(events);
    /* A version still to come is answered with the present one. */
    CHECK_OK(joinly_lobby_poll_all(store, UINT64_MAX, 0, 0, &events, &error));
    CHECK(joinly_events_is_resync(events) == 1 && joinly_events_next(events) == present(store));
    CHECK(joinly_events_rows(events, &count) == NULL && joinly_events_snapshot(events, NULL) == NULL);
    joinly_events_free(events);
    joinly_store_free(store);
}

static void missing_events_and_past_states(void) {
    joinly_store* store = open_memory();
    const joinly_join ada = join_of("ada");
    joinly_lobby_options options = lobby_options();
    joinly_events* events = NULL;
    joinly_value* seen = NULL;
    size_t len = 0;
    options.owner = &ada;
    options.keep_events = 10;
    CHECK_OK(joinly_lobby_create(store, NULL, &options, NULL, &error));
    enter(store, 1, "bob");
    CHECK_OK(joinly_lobby_as_of(store, 1, 3, JOINLY_VIEWER_MEMBER, &seen, &error));
    CHECK(value_has(seen, "\"members\":1") && !value_has(seen, "\"bob\""));
    joinly_value_free(seen);
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, joinly_lobby_as_of(store, 1, 5, JOINLY_VIEWER_MEMBER, &seen, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_as_of(store, 2, 1, JOINLY_VIEWER_MEMBER, &seen, &error));
    for (int i = 0; i < 100; i++) {
        CHECK_OK(joinly_lobby_say(store, NULL, 1, TEXT("ada"), TEXT("again"), NULL, &error));
    }
    CHECK_STATUS(JOINLY_COMPACTED, joinly_lobby_as_of(store, 1, 3, JOINLY_VIEWER_MEMBER, &seen, &error));
    CHECK(seen == NULL);
    CHECK_OK(joinly_lobby_poll(store, 1, 0, JOINLY_VIEWER_MEMBER, 0, 1000, &events, &error));
    CHECK(joinly_events_is_resync(events) == 1 && joinly_events_next(events) == 104);
    CHECK(joinly_events_rows(events, &len) == NULL && len == 0);
    const uint8_t* snapshot = joinly_events_snapshot(events, &len);
    CHECK(after(snapshot, len, "\"version\":104") != NULL && after(snapshot, len, "\"bob\"") != NULL);
    joinly_events_free(events);
    CHECK_STATUS(JOINLY_TIMEOUT, joinly_lobby_poll(store, 1, 104, JOINLY_VIEWER_MEMBER, 0, 0, &events, &error));
    joinly_store_free(store);
}

int main(void) {
    every_kind_is_told();
    nothing_happened();
    commits_of_all_lobbies_in_order();
    missing_events_and_past_states();
    return EXIT_SUCCESS;
}
