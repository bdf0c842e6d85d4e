/* The steps on lobbies, players, leaderboards and queues. */
#include "model.h"
#include "runner.h"

enum { PLAYERS = 16, CODE = 6 };

/* A word as the two arguments of a text. */
#define WORD(index) args->words[index].data, args->words[index].len

static int is_option(const cases_word* word) {
    const size_t name = strspn(word->data, "abcdefghijklmnopqrstuvwxyz_");
    return name > 0 && word->data[name] == '=';
}

/* The index of the first option, which all words come before. */
static size_t options_of(const cases_words* args) {
    size_t i = 1;
    while (i < args->count && !is_option(&args->words[i])) {
        i++;
    }
    return i;
}

/* The value of an option; NULL when it is not given. */
static const char* option(const cases_words* args, const char* name) {
    const size_t len = strlen(name);
    for (size_t i = options_of(args); i < args->count; i++) {
        if (strncmp(args->words[i].data, name, len) == 0 && args->words[i].data[len] == '=') {
            return args->words[i].data + len + 1;
        }
    }
    return NULL;
}

static void option_text(const cases_words* args, const char* name, const char** data, size_t* len) {
    *data = option(args, name);
    *len = *data == NULL ? 0 : strlen(*data);
}

/* An option as two fields of a struct. */
#define OPTION(args, object, field) option_text(args, #field, &(object).field, &(object).field##_len)

static uint64_t option_number(const cases_words* args, const char* name) {
    const char* given = option(args, name);
    return given == NULL ? 0 : strtoull(given, NULL, 10);
}

static uint8_t option_is(const cases_words* args, const char* name, const char* wanted) {
    const char* given = option(args, name);
    return given != NULL && strcmp(given, wanted) == 0;
}

static uint32_t choice(const char* word, const char* const* choices, size_t count) {
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(word, choices[i]) == 0) {
            return (uint32_t)i;
        }
    }
    CHECK(word == NULL);
    return 0;
}

#define CHOICE(word, ...) \
    choice(word, (const char* const[]){__VA_ARGS__}, sizeof((const char* const[]){__VA_ARGS__}) / sizeof(char*))

static uint32_t viewer(const cases_words* args, size_t index) {
    return CHOICE(text(args, index), "public", "member", "owner");
}

static joinly_status json(runner* run, joinly_status status, joinly_value* document) {
    if (status == JOINLY_OK) {
        size_t len = 0;
        const uint8_t* data = joinly_value_data(document, &len);
        cases_add_json(&run->answer, data, len);
    }
    joinly_value_free(document);
    return status;
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

static joinly_status op_json(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_kv_get(run->store, ARG(1), &found, err);
    return json(run, status, found);
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

static joinly_status op_player_create(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* profile = NULL;
    const joinly_status status = joinly_player_create(run->store, NULL, WORD(1), WORD(2), &profile, err);
    return json(run, status, profile);
}

static joinly_status op_player_patch(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* profile = NULL;
    const uint64_t expected = option_number(args, "expected");
    const joinly_status status = joinly_player_patch(run->store, NULL, WORD(1), WORD(2), expected, &profile, err);
    return json(run, status, profile);
}

static joinly_status op_player_by_account(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* profile = NULL;
    const joinly_status status = joinly_player_by_account(run->store, NULL, WORD(1), WORD(2), &profile, err);
    return json(run, status, profile);
}

static joinly_status op_holdings_adjust(runner* run, const cases_words* args, joinly_error** err) {
    int64_t balance = 0;
    const joinly_delta delta = {sizeof delta, JOINLY_HOLDING_CURRENCY, WORD(1), WORD(2), integer(args, 3)};
    const joinly_status status = joinly_holdings_adjust(run->store, NULL, &delta, 1, &balance, err);
    return number(run, status, balance);
}

static joinly_status op_holdings_transfer(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_holdings_transfer(run->store, NULL, WORD(1), WORD(2), JOINLY_HOLDING_CURRENCY, WORD(3),
                                            integer(args, 4), err));
}

static joinly_status op_holdings_balances(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* balances = NULL;
    const joinly_status status = joinly_holdings_balances(run->store, NULL, WORD(1), &balances, err);
    return json(run, status, balances);
}

static joinly_status op_board_create(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_board_create(run->store, NULL, WORD(1), WORD(2), err));
}

static joinly_status op_board_submit(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* now = NULL;
    const joinly_status status =
        joinly_board_submit(run->store, NULL, WORD(1), WORD(2), integer(args, 3), 0, &now, err);
    return json(run, status, now);
}

static joinly_status op_board_rank(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* ranked = NULL;
    const joinly_status status = joinly_board_rank(run->store, WORD(1), NULL, 0, WORD(2), &ranked, err);
    return json(run, status, ranked);
}

static joinly_status op_board_top(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* top = NULL;
    const size_t skip = (size_t)integer(args, 3);
    const joinly_status status =
        joinly_board_top(run->store, WORD(1), NULL, 0, skip, (size_t)integer(args, 2), &top, err);
    return json(run, status, top);
}

static joinly_status op_board_around(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* around = NULL;
    const joinly_status status = joinly_board_around(run->store, WORD(1), NULL, 0, WORD(2), (size_t)integer(args, 3),
                                                     (size_t)integer(args, 4), &around, err);
    return json(run, status, around);
}

static joinly_status op_board_count(runner* run, const cases_words* args, joinly_error** err) {
    uint64_t count = 0;
    const joinly_status status = joinly_board_count(run->store, WORD(1), NULL, 0, &count, err);
    return number(run, status, (int64_t)count);
}

static joinly_status op_result_apply(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* applied = NULL;
    const joinly_status status = joinly_rating_apply_result(run->store, NULL, WORD(1), &applied, NULL, err);
    return json(run, status, applied);
}

static joinly_status op_queue_configure(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_queue_configure(run->store, NULL, WORD(1), WORD(2), err));
}

static joinly_status op_queue_enqueue(runner* run, const cases_words* args, joinly_error** err) {
    joinly_seeker party[PLAYERS];
    joinly_ticket ticket = {0};
    ticket.struct_size = sizeof ticket;
    ticket.party = party;
    ticket.party_count = options_of(args) - 2;
    CHECK(ticket.party_count <= PLAYERS);
    for (size_t i = 0; i < ticket.party_count; i++) {
        const char* player = text(args, i + 2);
        party[i] = (joinly_seeker){.struct_size = sizeof party[i], .sigma = 2, .player = player};
        party[i].player_len = strcspn(player, ":");
        party[i].mu = strtod(player + party[i].player_len + 1, NULL);
    }
    OPTION(args, ticket, keys);
    OPTION(args, ticket, attributes);
    OPTION(args, ticket, filters);
    OPTION(args, ticket, blocked);
    uint64_t id = 0;
    const joinly_status status = joinly_ticket_enqueue(run->store, NULL, WORD(1), &ticket, &id, NULL, err);
    return number(run, status, (int64_t)id);
}

static joinly_status op_queue_ticket(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* ticket = NULL;
    const joinly_status status = joinly_ticket_get(run->store, NULL, WORD(1), milliseconds(args, 2), &ticket, err);
    return json(run, status, ticket);
}

static joinly_status op_queue_cancel(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_ticket_cancel(run->store, NULL, WORD(1), milliseconds(args, 2), err));
}

static joinly_status op_queue_tick(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* tick = NULL;
    const joinly_status status = joinly_queue_tick(run->store, WORD(1), WORD(2), 60000, &tick, err);
    size_t len = 0;
    const uint8_t* data = joinly_value_data(tick, &len);
    const uint8_t* end = data == NULL ? NULL : data + len;
    /* Only matches have texts as ids. */
    for (const uint8_t* at = data; (at = after(at, (size_t)(end - at), "\"id\":\"")) != NULL;) {
        const uint8_t* quote = memchr(at, '"', (size_t)(end - at));
        CHECK(quote != NULL);
        cases_add(&run->answer, at, (size_t)(quote - at));
    }
    joinly_value_free(tick);
    return status;
}

static joinly_status op_match_get(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* made = NULL;
    const joinly_status status = joinly_match_get(run->store, NULL, WORD(1), &made, err);
    return json(run, status, made);
}

static joinly_status op_match_accept(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* made = NULL;
    const joinly_status status = joinly_match_accept(run->store, NULL, WORD(1), WORD(2), &made, err);
    return json(run, status, made);
}

static joinly_status op_match_decline(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_match_decline(run->store, NULL, WORD(1), WORD(2), err));
}

const operation MODEL_OPERATIONS[] = {
    {"json", 1, op_json},
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
    {"player_create", 2, op_player_create},
    {"player_patch", 2, op_player_patch},
    {"player_by_account", 2, op_player_by_account},
    {"holdings_adjust", 3, op_holdings_adjust},
    {"holdings_transfer", 4, op_holdings_transfer},
    {"holdings_balances", 1, op_holdings_balances},
    {"board_create", 2, op_board_create},
    {"board_submit", 3, op_board_submit},
    {"board_rank", 2, op_board_rank},
    {"board_top", 3, op_board_top},
    {"board_around", 4, op_board_around},
    {"board_count", 1, op_board_count},
    {"result_apply", 1, op_result_apply},
    {"queue_configure", 2, op_queue_configure},
    {"queue_enqueue", 2, op_queue_enqueue},
    {"queue_ticket", 2, op_queue_ticket},
    {"queue_cancel", 2, op_queue_cancel},
    {"queue_tick", 2, op_queue_tick},
    {"match_get", 1, op_match_get},
    {"match_accept", 2, op_match_accept},
    {"match_decline", 2, op_match_decline},
    {NULL, 0, NULL},
};
