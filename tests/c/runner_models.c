/* The steps on players, leaderboards and queues. */
#include "runner_options.h"

static joinly_status op_json(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_kv_get(run->store, ARG(1), &found, err);
    return json(run, status, found);
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
