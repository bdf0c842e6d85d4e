/* The steps on lobbies. */
#include "runner_options.h"

static uint32_t viewer(const cases_words* args, size_t index) {
    return CHOICE(text(args, index), "public", "member", "owner");
}

static joinly_caller caller(runner* run, const cases_words* args) {
    joinly_caller out = {0};
    out.struct_size = sizeof out;
    OPTION(args, out, request);
    const char* by = option(args, "by");
    if (by != NULL) {
        out.player = by;
        out.player_len = strcspn(by, ":");
        out.epoch = strtoull(by + out.player_len + 1, NULL, 10);
    }
    const char* in = option(args, "in");
    out.txn = in == NULL ? NULL : find_named(run->txns, in, 0)->txn;
    return out;
}

static joinly_join join(const cases_words* args, const char* player) {
    joinly_join out = {0};
    out.struct_size = sizeof out;
    out.player = player;
    out.player_len = strlen(player);
    const char* team = option(args, "team");
    out.team = team == NULL ? 0 : (uint32_t)strtoul(team, NULL, 10) + 1;
    OPTION(args, out, password);
    OPTION(args, out, build);
    OPTION(args, out, role);
    out.is_friend = option_is(args, "friend", "yes");
    return out;
}

/* The players from a word on, as they join. */
static size_t joins(const cases_words* args, size_t from, joinly_join* out) {
    const size_t end = options_of(args);
    CHECK(end - from <= PLAYERS);
    for (size_t i = from; i < end; i++) {
        out[i - from] = join(args, text(args, i));
    }
    return end - from;
}

/* A lobby's code; `buffer` has room for it. */
static void code_of(runner* run, uint64_t lobby, char* buffer) {
    joinly_value* document = NULL;
    CHECK_OK(joinly_lobby_get(run->store, NULL, lobby, JOINLY_VIEWER_PUBLIC, &document, &error));
    size_t len = 0;
    const uint8_t* data = joinly_value_data(document, &len);
    const uint8_t* found = after(data, len, "\"code\":\"");
    CHECK(found != NULL);
    memcpy(buffer, found, CODE);
    joinly_value_free(document);
}

static joinly_status done(runner* run, joinly_status status, const joinly_done* done) {
    return number(run, status, (int64_t)done->sequence);
}

static joinly_status entered(runner* run, joinly_status status, const joinly_done* entered) {
    return done(run, number(run, status, (int64_t)entered->lobby), entered);
}

static joinly_lobby_options lobby_options(const cases_words* args, joinly_join* owner, uint32_t* teams) {
    joinly_lobby_options out = {0};
    out.struct_size = sizeof out;
    OPTION(args, out, kind);
    OPTION(args, out, name);
    OPTION(args, out, password);
    OPTION(args, out, build);
    OPTION(args, out, attributes);
    OPTION(args, out, member_attributes);
    OPTION(args, out, owner_attributes);
    out.max_members = (uint32_t)option_number(args, "max_members");
    out.keep_events = option_number(args, "keep_events");
    out.chat_burst = (uint32_t)option_number(args, "chat_burst");
    out.chat_every_ms = (uint32_t)option_number(args, "chat_every_ms");
    out.visibility = CHOICE(option(args, "visibility"), "public", "friends", "private");
    out.migration = CHOICE(option(args, "migration"), "oldest", "manual", "never", "close");
    out.not_exclusive = option_is(args, "exclusive", "no");
    out.backfill = option_is(args, "backfill", "yes");
    out.keep_empty = option_is(args, "keep_empty", "yes");
    const char* given = option(args, "owner");
    if (given != NULL) {
        *owner = (joinly_join){.struct_size = sizeof *owner, .player = given, .player_len = strlen(given)};
        out.owner = owner;
    }
    const char* sizes = option(args, "teams");
    for (char* end = NULL; sizes != NULL && *sizes != '\0'; sizes = *end == ',' ? end + 1 : end) {
        CHECK(out.team_count < PLAYERS);
        teams[out.team_count++] = (uint32_t)strtoul(sizes, &end, 10);
        CHECK(end != sizes);
    }
    out.teams = teams;
    return out;
}

static joinly_lobby_query lobby_query(const cases_words* args) {
    joinly_lobby_query out = {0};
    out.struct_size = sizeof out;
    OPTION(args, out, kind);
    OPTION(args, out, filter);
    OPTION(args, out, order);
    out.include_full = option_is(args, "full", "yes");
    return out;
}

/* What every step on a lobby begins with. */
#define BEGIN_LOBBY                                                     \
    const joinly_caller by = caller(run, args);                         \
    const uint64_t lobby = args->count > 1 ? milliseconds(args, 1) : 0; \
    joinly_done did = {.struct_size = sizeof did};                      \
    (void)lobby

static joinly_status op_lobby_create(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    joinly_join owner;
    uint32_t teams[PLAYERS];
    const joinly_lobby_options options = lobby_options(args, &owner, teams);
    return entered(run, joinly_lobby_create(run->store, &by, &options, &did, err), &did);
}

static joinly_status op_lobby_quick_join(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    joinly_join owner;
    joinly_join players[PLAYERS];
    uint32_t teams[PLAYERS];
    const joinly_lobby_options options = lobby_options(args, &owner, teams);
    const joinly_lobby_query query = lobby_query(args);
    const size_t count = joins(args, 1, players);
    return entered(run, joinly_lobby_quick_join(run->store, &by, &query, players, count, &options, NULL, &did, err),
                   &did);
}

static joinly_status op_lobby_join(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    joinly_join players[PLAYERS];
    const size_t count = joins(args, 2, players);
    char code[CODE];
    if (option_is(args, "code", "yes")) {
        code_of(run, lobby, code);
        for (size_t i = 0; i < count; i++) {
            players[i].code = code;
            players[i].code_len = sizeof code;
        }
    }
    return done(run, joinly_lobby_join(run->store, &by, lobby, players, count, NULL, &did, err), &did);
}

static joinly_status op_lobby_reserve(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    joinly_seat_request seats[PLAYERS];
    const size_t count = options_of(args) - 2;
    CHECK(count <= PLAYERS);
    for (size_t i = 0; i < count; i++) {
        seats[i] = (joinly_seat_request){.struct_size = sizeof seats[i], .player = text(args, i + 2)};
        seats[i].player_len = args->words[i + 2].len;
    }
    return done(run, joinly_lobby_reserve(run->store, &by, lobby, seats, count, &did, err), &did);
}

/* The acts that name a lobby and a player. */
static joinly_status op_lobby_act(runner* run, const cases_words* args, joinly_error** err) {
    typedef joinly_status (*act)(joinly_store*, const joinly_caller*, uint64_t, const char*, size_t, joinly_done*,
                                 joinly_error**);
    static const act acts[] = {joinly_lobby_leave, joinly_lobby_kick, joinly_lobby_unban, joinly_lobby_transfer};
    BEGIN_LOBBY;
    const act chosen = acts[CHOICE(text(args, 0), "lobby_leave", "lobby_kick", "lobby_unban", "lobby_transfer")];
    return done(run, chosen(run->store, &by, lobby, WORD(2), &did, err), &did);
}

static joinly_status op_lobby_ban(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    return done(run, joinly_lobby_ban(run->store, &by, lobby, WORD(2), 0, &did, err), &did);
}

static joinly_status op_lobby_move(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const uint32_t move = 1 + CHOICE(text(args, 2), "lock", "unlock", "start", "cancel", "reopen", "close");
    const uint32_t ready = (uint32_t)option_number(args, "ready_ms");
    return done(run, joinly_lobby_move(run->store, &by, lobby, move, ready, &did, err), &did);
}

static joinly_status op_lobby_ready(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const uint8_t ready = cases_word_is(&args->words[3], "yes") ? 1 : 0;
    return done(run, joinly_lobby_ready(run->store, &by, lobby, WORD(2), ready, &did, err), &did);
}

static joinly_status op_lobby_patch(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const uint64_t expected = option_number(args, "expected");
    return done(run, joinly_lobby_patch(run->store, &by, lobby, WORD(2), expected, &did, err), &did);
}

static joinly_status op_lobby_patch_member(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const uint64_t expected = option_number(args, "expected");
    return done(run, joinly_lobby_patch_member(run->store, &by, lobby, WORD(2), WORD(3), expected, &did, err), &did);
}

static joinly_status op_lobby_say(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    return done(run, joinly_lobby_say(run->store, &by, lobby, WORD(2), WORD(3), &did, err), &did);
}

static joinly_status op_lobby_invite(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const char* from = NULL;
    size_t len = 0;
    option_text(args, "from", &from, &len);
    const uint32_t lasts = (uint32_t)option_number(args, "for_ms");
    return done(run, joinly_lobby_invite(run->store, &by, lobby, from, len, WORD(2), lasts, &did, err), &did);
}

static joinly_status op_lobby_uninvite(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    const char* from = NULL;
    size_t len = 0;
    option_text(args, "from", &from, &len);
    return done(run, joinly_lobby_uninvite(run->store, &by, lobby, from, len, WORD(2), &did, err), &did);
}

static joinly_status op_lobby_invitations(runner* run, const cases_words* args, joinly_error** err) {
    const joinly_caller by = caller(run, args);
    joinly_value* found = NULL;
    const joinly_status status = joinly_lobby_invitations(run->store, &by, WORD(1), &found, err);
    return json(run, status, found);
}

static joinly_status op_lobby_heartbeat(runner* run, const cases_words* args, joinly_error** err) {
    joinly_bytes players[PLAYERS];
    uint8_t alive[PLAYERS];
    const size_t count = options_of(args) - 2;
    CHECK(count <= PLAYERS);
    for (size_t i = 0; i < count; i++) {
        players[i] = (joinly_bytes){(const uint8_t*)text(args, i + 2), args->words[i + 2].len};
    }
    const joinly_status status = joinly_lobby_heartbeat(run->store, milliseconds(args, 1), players, count, alive, err);
    if (status == JOINLY_OK) {
        cases_add_text(&run->answer, memchr(alive, 0, count) == NULL ? "yes" : "no");
    }
    return status;
}

static joinly_status op_lobby_get(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    joinly_value* found = NULL;
    const joinly_status status = joinly_lobby_get(run->store, &by, lobby, viewer(args, 2), &found, err);
    return json(run, status, found);
}

static joinly_status op_lobby_as_of(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const uint64_t version = milliseconds(args, 2);
    const joinly_status status =
        joinly_lobby_as_of(run->store, milliseconds(args, 1), version, viewer(args, 3), &found, err);
    return json(run, status, found);
}

static joinly_status op_lobby_events(runner* run, const cases_words* args, joinly_error** err) {
    joinly_events* events = NULL;
    const joinly_status status = joinly_lobby_poll(run->store, milliseconds(args, 1), milliseconds(args, 2),
                                                   viewer(args, 3), 0, 0, &events, err);
    size_t count = 0;
    const joinly_event* rows = joinly_events_rows(events, &count);
    for (size_t i = 0; i < count; i++) {
        cases_add_json(&run->answer, rows[i].json, rows[i].json_len);
    }
    if (joinly_events_is_resync(events)) {
        size_t len = 0;
        const uint8_t* snapshot = joinly_events_snapshot(events, &len);
        cases_add_text(&run->answer, "RESYNC");
        cases_add_json(&run->answer, snapshot, len);
    }
    joinly_events_free(events);
    return status;
}

static joinly_status op_lobby_search(runner* run, const cases_words* args, joinly_error** err) {
    const joinly_lobby_query query = lobby_query(args);
    joinly_page* found = NULL;
    const joinly_status status = joinly_lobby_search(run->store, &query, &found, NULL, err);
    size_t count = 0;
    const joinly_row* rows = joinly_page_rows(found, &count);
    for (size_t i = 0; i < count; i++) {
        cases_add(&run->answer, rows[i].key, rows[i].key_len);
    }
    joinly_page_free(found);
    return status;
}

static joinly_status op_lobby_by_code(runner* run, const cases_words* args, joinly_error** err) {
    BEGIN_LOBBY;
    char code[CODE];
    uint64_t found = 0;
    code_of(run, lobby, code);
    const joinly_status status = joinly_lobby_by_code(run->store, &by, code, sizeof code, &found, err);
    return number(run, status, (int64_t)found);
}

static joinly_status op_lobby_of_player(runner* run, const cases_words* args, joinly_error** err) {
    const joinly_caller by = caller(run, args);
    uint64_t found = 0;
    const joinly_status status = joinly_lobby_of_player(run->store, &by, WORD(1), WORD(2), &found, err);
    return number(run, status, (int64_t)found);
}

const operation LOBBY_OPERATIONS[] = {
    {"lobby_create", 0, op_lobby_create},
    {"lobby_quick_join", 1, op_lobby_quick_join},
    {"lobby_join", 2, op_lobby_join},
    {"lobby_reserve", 2, op_lobby_reserve},
    {"lobby_leave", 2, op_lobby_act},
    {"lobby_kick", 2, op_lobby_act},
    {"lobby_ban", 2, op_lobby_ban},
    {"lobby_unban", 2, op_lobby_act},
    {"lobby_transfer", 2, op_lobby_act},
    {"lobby_move", 2, op_lobby_move},
    {"lobby_ready", 3, op_lobby_ready},
    {"lobby_patch", 2, op_lobby_patch},
    {"lobby_patch_member", 3, op_lobby_patch_member},
    {"lobby_say", 3, op_lobby_say},
    {"lobby_invite", 2, op_lobby_invite},
    {"lobby_uninvite", 2, op_lobby_uninvite},
    {"lobby_invitations", 1, op_lobby_invitations},
    {"lobby_heartbeat", 2, op_lobby_heartbeat},
    {"lobby_get", 2, op_lobby_get},
    {"lobby_as_of", 3, op_lobby_as_of},
    {"lobby_events", 3, op_lobby_events},
    {"lobby_search", 0, op_lobby_search},
    {"lobby_by_code", 1, op_lobby_by_code},
    {"lobby_of_player", 2, op_lobby_of_player},
    {NULL, 0, NULL},
};
