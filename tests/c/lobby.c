/* Lobbies: creating, joining, deciding and leaving them, alone and within a transaction. */
#include "lobby.h"

static void from_creation_to_end(void) {
    joinly_store* store = open_memory();
    const joinly_join ada = join_of("ada");
    const joinly_caller owner = owner_of("ada", 1);
    const joinly_caller stranger = owner_of("bob", 1);
    joinly_lobby_options options = lobby_options();
    joinly_done done = {sizeof done, 9, 9, 9};
    joinly_join bob = join_of("bob");
    joinly_value* snapshot = NULL;

    options.owner = &ada;
    options.max_members = 3;
    SET_TEXT(options, kind, "duel");
    SET_TEXT(options, name, "Ada's");
    SET_TEXT(options, attributes, "{\"map\":\"dust\",\"elo\":1500}");
    CHECK_OK(joinly_lobby_create(store, NULL, &options, &done, &error));
    CHECK(done.lobby == 1 && done.sequence == 3 && done.repeated == 0);

    SET_TEXT(bob, role, "healer");
    SET_TEXT(bob, attributes, "{\"hat\":\"red\"}");
    CHECK_OK(joinly_lobby_join(store, NULL, 1, &bob, 1, &snapshot, &done, &error));
    CHECK(done.sequence == 4 && value_has(snapshot, "\"version\":4") && value_has(snapshot, "\"hat\":\"red\""));
    joinly_value_free(snapshot);
    CHECK_STATUS(JOINLY_EXISTS, joinly_lobby_join(store, NULL, 1, &bob, 1, &snapshot, &done, &error));
    CHECK(snapshot == NULL && done.lobby == 0 && done.sequence == 0);
    enter(store, 1, "cy");
    const joinly_join dan = join_of("dan");
    CHECK_STATUS(JOINLY_LOBBY_FULL, joinly_lobby_join(store, NULL, 1, &dan, 1, NULL, NULL, &error));

    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_move(store, &stranger, 1, JOINLY_MOVE_START, 0, NULL, &error));
    CHECK_OK(joinly_lobby_move(store, &owner, 1, JOINLY_MOVE_START, 60000, NULL, &error));
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_lobby_move(store, &owner, 1, JOINLY_MOVE_LOCK, 0, NULL, &error));
    CHECK_OK(joinly_lobby_ready(store, NULL, 1, TEXT("ada"), 1, NULL, &error));
    CHECK_OK(joinly_lobby_ready(store, NULL, 1, TEXT("bob"), 1, NULL, &error));
    CHECK_OK(joinly_lobby_ready(store, NULL, 1, TEXT("bob"), 0, NULL, &error));
    CHECK_OK(joinly_lobby_ready(store, NULL, 1, TEXT("bob"), 1, NULL, &error));
    CHECK(lobby_has(store, 1, JOINLY_VIEWER_PUBLIC, "\"state\":\"starting\""));
    CHECK_OK(joinly_lobby_ready(store, NULL, 1, TEXT("cy"), 1, NULL, &error));
    CHECK(lobby_has(store, 1, JOINLY_VIEWER_PUBLIC, "\"state\":\"in_game\""));
    CHECK_OK(joinly_lobby_move(store, &owner, 1, JOINLY_MOVE_REOPEN, 0, NULL, &error));

    CHECK_OK(joinly_lobby_transfer(store, &owner, 1, TEXT("bob"), NULL, &error));
    const joinly_caller heir = owner_of("bob", 2);
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_kick(store, &owner, 1, TEXT("cy"), NULL, &error));
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_kick(store, &stranger, 1, TEXT("cy"), NULL, &error));
    CHECK_OK(joinly_lobby_kick(store, &heir, 1, TEXT("cy"), NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_kick(store, &heir, 1, TEXT("cy"), NULL, &error));
    enter(store, 1, "cy");
    CHECK_OK(joinly_lobby_ban(store, &heir, 1, TEXT("cy"), 0, NULL, &error));
    const joinly_join cy = join_of("cy");
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_join(store, NULL, 1, &cy, 1, NULL, NULL, &error));
    CHECK_OK(joinly_lobby_unban(store, &heir, 1, TEXT("cy"), NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_unban(store, &heir, 1, TEXT("cy"), NULL, &error));
    /* A ban that has passed already keeps nobody out. */
    CHECK_OK(joinly_lobby_ban(store, &heir, 1, TEXT("cy"), 1, NULL, &error));
    enter(store, 1, "cy");

    CHECK_OK(joinly_lobby_leave(store, NULL, 1, TEXT("ada"), &done, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_leave(store, NULL, 1, TEXT("ada"), NULL, &error));
    CHECK_OK(joinly_lobby_move(store, NULL, 1, JOINLY_MOVE_CLOSE, 0, &done, &error));
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_lobby_join(store, NULL, 1, &ada, 1, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_join(store, NULL, 99, &ada, 1, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_lobby_heartbeat_host(store, 1, &error));

    joinly_swept swept = {sizeof swept, 0, 9, 9};
    CHECK_OK(joinly_lobby_sweep(store, 0, &swept, &error));
    CHECK(swept.settled == 0 && swept.deleted == 1);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_get(store, NULL, 1, JOINLY_VIEWER_PUBLIC, &snapshot, &error));
    CHECK(lobby_of(store, "ada") == 2);
    CHECK_OK(joinly_store_close(store, &error));
}

/* Password, build, code, visibility and reservations decide who joins. */
static void who_may_join(void) {
    joinly_store* store = open_memory();
    const joinly_join ada = join_of("ada");
    const joinly_caller owner = owner_of("ada", 1);
    joinly_lobby_options options = lobby_options();
    options.owner = &ada;
    options.visibility = JOINLY_VISIBILITY_PRIVATE;
    SET_TEXT(options, password, "s3cret");
    SET_TEXT(options, build, "1.2");
    SET_TEXT(options, owner_attributes, "{\"seed\":7}");
    SET_TEXT(options, member_attributes, "{\"voice\":\"eu1\"}");
    CHECK_OK(joinly_lobby_create(store, NULL, &options, NULL, &error));

    CHECK(!lobby_has(store, 1, JOINLY_VIEWER_OWNER, "s3cret") && !lobby_has(store, 1, JOINLY_VIEWER_OWNER, "argon2"));
    CHECK(lobby_has(store, 1, JOINLY_VIEWER_OWNER, "\"seed\":7"));
    CHECK(!lobby_has(store, 1, JOINLY_VIEWER_MEMBER, "seed") && lobby_has(store, 1, JOINLY_VIEWER_MEMBER, "eu1"));
    CHECK(!lobby_has(store, 1, JOINLY_VIEWER_PUBLIC, "eu1"));

    joinly_value* seen = NULL;
    CHECK_OK(joinly_lobby_get(store, NULL, 1, JOINLY_VIEWER_PUBLIC, &seen, &error));
    size_t len = 0;
    const uint8_t* text = joinly_value_data(seen, &len);
    const uint8_t* written = after(text, len, "\"code\":\"");
    char code[6];
    CHECK(written != NULL);
    memcpy(code, written, sizeof code);
    joinly_value_free(seen);
    uint64_t found = 9;
    CHECK_OK(joinly_lobby_by_code(store, NULL, code, sizeof code, &found, &error));
    CHECK(found == 1);

    joinly_join bob = join_of("bob");
    SET_TEXT(bob, password, "s3cret");
    SET_TEXT(bob, build, "1.2");
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_join(store, NULL, 1, &bob, 1, NULL, NULL, &error));
    bob.code = code;
    bob.code_len = sizeof code;
    SET_TEXT(bob, password, "secret");
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_join(store, NULL, 1, &bob, 1, NULL, NULL, &error));
    SET_TEXT(bob, password, "s3cret");
    SET_TEXT(bob, build, "1.1");
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_join(store, NULL, 1, &bob, 1, NULL, NULL, &error));
    SET_TEXT(bob, build, "1.2");
    CHECK_OK(joinly_lobby_join(store, NULL, 1, &bob, 1, NULL, NULL, &error));

    joinly_seat_request seat = {0};
    seat.struct_size = sizeof seat;
    seat.for_ms = 60000;
    SET_TEXT(seat, player, "cy");
    SET_TEXT(seat, role, "tank");
    CHECK_OK(joinly_lobby_reserve(store, &owner, 1, &seat, 1, NULL, &error));
    CHECK_OK(joinly_lobby_move(store, &owner, 1, JOINLY_MOVE_LOCK, 0, NULL, &error));
    joinly_join cy = join_of("cy");
    SET_TEXT(cy, build, "1.2");
    CHECK_OK(joinly_lobby_join(store, NULL, 1, &cy, 1, &seen, NULL, &error));
    CHECK(value_has(seen, "\"tank\""));
    joinly_value_free(seen);
    CHECK_OK(joinly_lobby_move(store, &owner, 1, JOINLY_MOVE_UNLOCK, 0, NULL, &error));
    CHECK_OK(
        joinly_lobby_patch(store, &owner, 1, TEXT("{\"password\":\"\",\"visibility\":\"friends\"}"), 0, NULL, &error));
    joinly_join dan = join_of("dan");
    SET_TEXT(dan, build, "1.2");
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_lobby_join(store, NULL, 1, &dan, 1, NULL, NULL, &error));
    dan.is_friend = 1;
    CHECK_OK(joinly_lobby_join(store, NULL, 1, &dan, 1, NULL, NULL, &error));

    CHECK_OK(joinly_lobby_of_player(store, NULL, TEXT(""), TEXT("bob"), &found, &error));
    CHECK(found == 1);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_of_player(store, NULL, TEXT(""), TEXT("eve"), &found, &error));
    CHECK(found == 0);
    joinly_store_free(store);
}

static void parties_and_teams(void) {
    joinly_store* store = open_memory();
    const uint32_t teams[] = {3, 3};
    joinly_lobby_options options = lobby_options();
    joinly_value* snapshot = NULL;
    options.max_members = 6;
    options.teams = teams;
    options.team_count = 2;
    CHECK_OK(joinly_lobby_create(store, NULL, &options, NULL, &error));
    joinly_join ada = join_of("ada");
    ada.team = 2;
    CHECK_OK(joinly_lobby_join(store, NULL, 1, &ada, 1, &snapshot, NULL, &error));
    CHECK(value_has(snapshot, "\"team\":1") && value_has(snapshot, "\"owner\":\"ada\""));
    joinly_value_free(snapshot);
    const joinly_join party[] = {join_of("bob"), join_of("cy"), join_of("dan")};
    CHECK_OK(joinly_lobby_join(store, NULL, 1, party, 3, NULL, NULL, &error));
    const joinly_join many[] = {join_of("e"), join_of("f"), join_of("g")};
    CHECK_STATUS(JOINLY_LOBBY_FULL, joinly_lobby_join(store, NULL, 1, many, 3, NULL, NULL, &error));
    CHECK(lobby_has(store, 1, JOINLY_VIEWER_PUBLIC, "\"members\":4"));
    joinly_store_free(store);
}

/* An array of structs as an older or newer caller has them: each after the other by the size that it states. */
static void arrays_of_other_sizes(void) {
    joinly_store* store = open_memory();
    struct {
        joinly_join join;
        uint64_t newer;
    } longer[2] = {{join_of("bob"), 0}, {join_of("cy"), 0}};
    longer[0].join.struct_size = longer[1].join.struct_size = sizeof longer[0];
    const uint64_t lobby = lobby_of(store, "ada");
    CHECK_OK(joinly_lobby_join(store, NULL, lobby, &longer[0].join, 2, NULL, NULL, &error));
    CHECK(lobby_has(store, lobby, JOINLY_VIEWER_MEMBER, "\"cy\""));

    struct {
        uint32_t struct_size;
        uint32_t team;
        const char* player;
        size_t player_len;
    } shorter[2] = {{sizeof shorter[0], 0, TEXT("dan")}, {sizeof shorter[0], 0, TEXT("eve")}};
    CHECK_OK(joinly_lobby_join(store, NULL, lobby, (const joinly_join*)shorter, 2, NULL, NULL, &error));
    CHECK(lobby_has(store, lobby, JOINLY_VIEWER_MEMBER, "\"eve\""));
    joinly_store_free(store);
}

static void a_request_is_done_once(void) {
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    joinly_caller caller = {0};
    joinly_done first = {sizeof first, 0, 0, 0};
    joinly_done again = first;
    joinly_value* snapshot = NULL;
    const joinly_join bob = join_of("bob");
    caller.struct_size = sizeof caller;
    SET_TEXT(caller, request, "join-7");
    CHECK_OK(joinly_lobby_join(store, &caller, lobby, &bob, 1, NULL, &first, &error));
    CHECK_OK(joinly_lobby_join(store, &caller, lobby, &bob, 1, &snapshot, &again, &error));
    CHECK(first.repeated == 0 && again.repeated == 1 && again.sequence == first.sequence && again.lobby == lobby);
    CHECK(value_has(snapshot, "\"bob\""));
    joinly_value_free(snapshot);
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_leave(store, &caller, lobby, TEXT("bob"), NULL, &error));
    joinly_store_free(store);
}

static void a_conflict_tells_the_present_version(void) {
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    joinly_done done = {sizeof done, 0, 0, 0};
    CHECK_OK(
        joinly_lobby_patch(store, NULL, lobby, TEXT("{\"name\":\"new\",\"attributes\":{\"a\":1}}"), 3, &done, &error));
    joinly_error* stale = NULL;
    CHECK(joinly_lobby_patch(store, NULL, lobby, TEXT("{\"name\":\"newer\"}"), 3, &done, &stale) == JOINLY_CONFLICT);
    CHECK(joinly_error_present_version(stale) == 4);
    joinly_error_free(stale);
    CHECK(joinly_error_present_version(stale) == 0);
    stale = NULL;
    CHECK(joinly_lobby_patch_member(store, NULL, lobby, TEXT("ada"), TEXT("{\"hat\":1}"), 3, NULL, &stale) ==
          JOINLY_CONFLICT);
    CHECK(joinly_error_present_version(stale) == 4);
    joinly_error_free(stale);
    CHECK_OK(joinly_lobby_patch_member(store, NULL, lobby, TEXT("ada"), TEXT("{\"hat\":1}"), 4, NULL, &error));
    CHECK_OK(joinly_lobby_patch(store, NULL, lobby, TEXT("{\"attributes\":{\"a\":null}}"), 0, NULL, &error));
    CHECK(lobby_has(store, lobby, JOINLY_VIEWER_PUBLIC, "\"attributes\":{}"));
    CHECK(lobby_has(store, lobby, JOINLY_VIEWER_MEMBER, "\"hat\":1"));
    joinly_store_free(store);
}

/* A lobby and any other key are committed together or not at all. */
static void within_a_transaction(void) {
    joinly_store* store = open_memory();
    const uint64_t lobby = lobby_of(store, "ada");
    joinly_caller caller = {0};
    caller.struct_size = sizeof caller;
    for (int commit = 0; commit <= 1; commit++) {
        const joinly_join bob = join_of("bob");
        const joinly_join ada = join_of("ada");
        joinly_value* seen = NULL;
        CHECK_OK(joinly_txn_begin(store, &caller.txn, &error));
        CHECK_OK(joinly_txn_add(caller.txn, BYTES("coins:bob"), -5, NULL, &error));
        CHECK_OK(joinly_lobby_join(store, &caller, lobby, &bob, 1, NULL, NULL, &error));
        /* What is refused leaves the rest of it. */
        CHECK_STATUS(JOINLY_EXISTS, joinly_lobby_join(store, &caller, lobby, &ada, 1, NULL, NULL, &error));
        CHECK_OK(joinly_lobby_get(store, &caller, lobby, JOINLY_VIEWER_MEMBER, &seen, &error));
        CHECK(value_has(seen, "\"bob\"") && !lobby_has(store, lobby, JOINLY_VIEWER_MEMBER, "\"bob\""));
        joinly_value_free(seen);
        if (commit) {
            CHECK_OK(joinly_txn_commit(caller.txn, NULL, &error));
        } else {
            CHECK_OK(joinly_txn_rollback(caller.txn, &error));
        }
        CHECK_STATUS(JOINLY_CLOSED, joinly_lobby_leave(store, &caller, lobby, TEXT("bob"), NULL, &error));
        joinly_txn_free(caller.txn);
        uint8_t paid = 9;
        CHECK_OK(joinly_kv_exists(store, BYTES("coins:bob"), &paid, &error));
        CHECK(paid == commit && lobby_has(store, lobby, JOINLY_VIEWER_MEMBER, "\"bob\"") == commit);
    }
    joinly_store* other = open_memory();
    CHECK_OK(joinly_txn_begin(other, &caller.txn, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_lobby_leave(store, &caller, lobby, TEXT("bob"), NULL, &error));
    joinly_txn_free(caller.txn);
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_lobby_leave(store, &caller, lobby, TEXT("bob"), NULL, &error));
    joinly_store_free(other);
    joinly_store_free(store);
}

static void sleep_beyond(joinly_store* store, int64_t duration_ms) {
    int64_t from = 0;
    int64_t now = 0;
    CHECK_OK(joinly_store_now(store, &from, &error));
    do {
        /* Nobody writes: this waits for the whole time. */
        joinly_watch* watch = NULL;
        joinly_changes* changes = NULL;
        CHECK_OK(joinly_watch_open(store, JOINLY_FROM_NOW, BYTES("nothing"), &watch, &error));
        CHECK_STATUS(JOINLY_TIMEOUT, joinly_watch_poll(watch, (uint32_t)duration_ms, &changes, &error));
        joinly_watch_free(watch);
        CHECK_OK(joinly_store_now(store, &now, &error));
    } while (now - from <= duration_ms);
}

static void leases_pass(void) {
    joinly_store* store = open_memory();
    const joinly_bytes players[] = {{BYTES("ada")}, {BYTES("eve")}};
    const joinly_join ada = join_of("ada");
    joinly_lobby_options options = lobby_options();
    uint8_t alive[] = {9, 9};
    const uint64_t lobby = lobby_of(store, "ada");
    CHECK_OK(joinly_lobby_heartbeat(store, lobby, players, 2, alive, &error));
    CHECK(alive[0] == 1 && alive[1] == 0);
    CHECK_OK(joinly_lobby_heartbeat(store, lobby, players, 1, NULL, &error));
    CHECK_OK(joinly_lobby_heartbeat_host(store, lobby, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_lobby_heartbeat(store, 99, players, 1, NULL, &error));

    options.not_exclusive = 1;
    options.keep_empty = 1;
    options.owner = &ada;
    options.stale_ms = 1;
    options.member_ms = 1;
    joinly_done done = {sizeof done, 0, 0, 0};
    CHECK_OK(joinly_lobby_create(store, NULL, &options, &done, &error));
    sleep_beyond(store, 5);
    const joinly_join bob = join_of("bob");
    CHECK_STATUS(JOINLY_EXPIRED, joinly_lobby_join(store, NULL, done.lobby, &bob, 1, NULL, NULL, &error));
    CHECK_OK(joinly_lobby_heartbeat(store, done.lobby, players, 1, alive, &error));
    CHECK(alive[0] == 0 && lobby_has(store, done.lobby, JOINLY_VIEWER_PUBLIC, "\"members\":0"));
    joinly_store_free(store);
}

int main(void) {
    from_creation_to_end();
    who_may_join();
    parties_and_teams();
    arrays_of_other_sizes();
    a_request_is_done_once();
    a_conflict_tells_the_present_version();
    within_a_transaction();
    leases_pass();
    return EXIT_SUCCESS;
}
