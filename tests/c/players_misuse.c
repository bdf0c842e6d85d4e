/* Players, ratings and leaderboards used wrongly in every way a script could: each call answers a status, changes
 * nothing and clears its outputs. */
#include <math.h>
#include <stddef.h>

#include "model.h"

#define DIRTY(type) ((type*)(uintptr_t)0xD1)

/* The call answers a status and clears `value`. */
#define CHECK_BAD(bad, call)         \
    do {                             \
        value = DIRTY(joinly_value); \
        CHECK_STATUS((bad), (call)); \
        CHECK(value == NULL);        \
    } while (0)

static joinly_delta good_delta(void) {
    joinly_delta delta = {0};
    delta.struct_size = sizeof delta;
    SET_TEXT(delta, player, "ada");
    SET_TEXT(delta, name, "gold");
    delta.amount = 1;
    return delta;
}

static joinly_object_change good_write(void) {
    joinly_object_change write = {0};
    write.struct_size = sizeof write;
    SET_TEXT(write, player, "ada");
    SET_TEXT(write, collection, "decks");
    SET_TEXT(write, name, "main");
    SET_TEXT(write, document, "1");
    return write;
}

/* Every call that may be part of a transaction, with good arguments but for the store or the transaction. */
static void every_call(void* s, joinly_txn* txn, joinly_status bad) {
    joinly_value* value = NULL;
    joinly_value* other = DIRTY(joinly_value);
    joinly_page* page = DIRTY(joinly_page);
    const joinly_delta delta = good_delta();
    const joinly_object_change write = good_write();
    joinly_written written = {sizeof written, 9, 9, 9};
    joinly_rating rating = {9.0, 9.0, 9.0};
    int64_t balance = 9;
    uint8_t repeated = 9;
    const char result[] =
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},{\"players\":[\"b\"],\"place\":2}]"
        "}";
    CHECK_BAD(bad, joinly_player_create(s, txn, TEXT("ada"), TEXT("{}"), &value, &error));
    CHECK_BAD(bad, joinly_player_get(s, txn, TEXT("ada"), &value, &error));
    CHECK_BAD(bad, joinly_player_by_account(s, txn, TEXT("steam"), TEXT("a"), &value, &error));
    CHECK_BAD(bad, joinly_player_patch(s, txn, TEXT("ada"), TEXT("{}"), 0, &value, &error));
    CHECK_BAD(bad, joinly_player_heartbeat(s, txn, TEXT("ada"), TEXT("here"), 1000, &value, &error));
    CHECK_BAD(bad, joinly_player_presence(s, txn, TEXT("ada"), &value, &error));
    CHECK_STATUS(bad, joinly_player_leave(s, txn, TEXT("ada"), &error));
    CHECK_STATUS(bad, joinly_holdings_adjust(s, txn, &delta, 1, &balance, &error));
    CHECK(balance == 0);
    CHECK_STATUS(
        bad, joinly_holdings_transfer(s, txn, TEXT("ada"), TEXT("bob"), JOINLY_HOLDING_ITEM, TEXT("gem"), 0, &error));
    CHECK_BAD(bad, joinly_holdings_balances(s, txn, TEXT("ada"), &value, &error));
    CHECK_BAD(bad, joinly_object_get(s, txn, TEXT("ada"), TEXT("decks"), TEXT("main"), &value, &error));
    CHECK_STATUS(bad, joinly_object_list(s, txn, TEXT("ada"), TEXT("decks"), NULL, &page, &error));
    CHECK(page == NULL);
    CHECK_STATUS(bad, joinly_object_write(s, txn, &write, 1, &written, &error));
    CHECK(written.version == 0 && written.conflict == 0 && written.present == 0);
    CHECK_BAD(bad, joinly_save_put(s, txn, TEXT("ada"), TEXT("auto"), BYTES("x"), NULL, &value, &other, &error));
    CHECK(other == NULL);
    other = DIRTY(joinly_value);
    CHECK_BAD(bad, joinly_save_load(s, txn, TEXT("ada"), TEXT("auto"), 0, &value, &other, &error));
    CHECK(other == NULL);
    CHECK_BAD(bad, joinly_save_history(s, txn, TEXT("ada"), TEXT("auto"), &value, &error));
    CHECK_STATUS(bad, joinly_save_clear(s, txn, TEXT("ada"), TEXT("auto"), &error));
    CHECK_STATUS(bad, joinly_rating_get(s, txn, NULL, 0, TEXT("ada"), TEXT("duel"), &rating, &error));
    CHECK(rating.mu == 0.0 && rating.sigma == 0.0 && rating.volatility == 0.0);
    CHECK_BAD(bad, joinly_rating_apply_result(s, txn, TEXT(result), &value, &repeated, &error));
    CHECK(repeated == 0);
    CHECK_STATUS(bad, joinly_board_create(s, txn, TEXT("speed"), NULL, 0, &error));
    CHECK_BAD(bad, joinly_board_submit(s, txn, TEXT("speed"), TEXT("ada"), 1, 0, &value, &error));
}

static void every_look(void* s, joinly_status bad) {
    joinly_value* value = NULL;
    uint64_t count = 9;
    CHECK_BAD(bad, joinly_board_rank(s, TEXT("speed"), NULL, 0, TEXT("ada"), &value, &error));
    CHECK_BAD(bad, joinly_board_top(s, TEXT("speed"), NULL, 0, 0, 10, &value, &error));
    CHECK_BAD(bad, joinly_board_around(s, TEXT("speed"), NULL, 0, TEXT("ada"), 1, 1, &value, &error));
    CHECK_STATUS(bad, joinly_board_count(s, TEXT("speed"), NULL, 0, &count, &error));
    CHECK(count == 0);
}

static void handles(void) {
    joinly_store* store = open_memory();
    joinly_store* second = open_memory();
    joinly_txn* txn = NULL;
    int local = 0;
    void* const invented[] = {NULL, &local, (void*)1, (void*)UINTPTR_MAX};
    CHECK_OK(joinly_txn_begin(second, &txn, &error));
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        every_call(invented[i], NULL, JOINLY_BAD_HANDLE);
        every_call(invented[i], txn, JOINLY_BAD_HANDLE);
        every_look(invented[i], JOINLY_BAD_HANDLE);
        if (invented[i] != NULL) {
            every_call(store, invented[i], JOINLY_BAD_HANDLE);
        }
    }
    every_call(txn, NULL, JOINLY_BAD_HANDLE);
    every_look(txn, JOINLY_BAD_HANDLE);
    /* A transaction of another store. */
    every_call(store, txn, JOINLY_INVALID);
    CHECK_OK(joinly_txn_rollback(txn, &error));
    every_call(second, txn, JOINLY_CLOSED);
    joinly_txn_free(txn);
    every_call(second, txn, JOINLY_BAD_HANDLE);
    joinly_store_free(second);
    joinly_store_free(store);
    every_call(store, NULL, JOINLY_BAD_HANDLE);
    every_look(store, JOINLY_BAD_HANDLE);
}

/* What no id is, in the place of each. */
static void ids(joinly_store* s) {
    const struct {
        const char* text;
        size_t len;
        joinly_status bad;
    } wrong[] = {{NULL, 0, JOINLY_INVALID},          {NULL, 3, JOINLY_INVALID},  {"", 0, JOINLY_INVALID},
                 {"\xFF", 1, JOINLY_INVALID},        {"a:b", 3, JOINLY_INVALID}, {"a\nb", 3, JOINLY_INVALID},
                 {"ada", SIZE_MAX, JOINLY_TOO_LARGE}};
    joinly_value* value = NULL;
    joinly_page* page = NULL;
    joinly_rating rating;
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char* id = wrong[i].text;
        const size_t len = wrong[i].len;
        const joinly_status bad = wrong[i].bad;
        joinly_delta delta = good_delta();
        joinly_object_change write = good_write();
        CHECK_BAD(bad, joinly_player_create(s, NULL, id, len, NULL, 0, &value, &error));
        CHECK_BAD(bad, joinly_player_get(s, NULL, id, len, &value, &error));
        CHECK_BAD(bad, joinly_player_by_account(s, NULL, id, len, TEXT("a"), &value, &error));
        CHECK_BAD(bad, joinly_player_by_account(s, NULL, TEXT("steam"), id, len, &value, &error));
        CHECK_BAD(bad, joinly_player_patch(s, NULL, id, len, TEXT("{}"), 0, &value, &error));
        CHECK_BAD(bad, joinly_player_heartbeat(s, NULL, id, len, TEXT("x"), 1, &value, &error));
        CHECK_BAD(bad, joinly_player_presence(s, NULL, id, len, &value, &error));
        CHECK_STATUS(bad, joinly_player_leave(s, NULL, id, len, &error));
        CHECK_STATUS(bad, joinly_holdings_transfer(s, NULL, id, len, TEXT("b"), 0, TEXT("gold"), 0, &error));
        CHECK_STATUS(bad, joinly_holdings_transfer(s, NULL, TEXT("a"), id, len, 0, TEXT("gold"), 0, &error));
        CHECK_STATUS(bad, joinly_holdings_transfer(s, NULL, TEXT("a"), TEXT("b"), 0, id, len, 0, &error));
        CHECK_BAD(bad, joinly_holdings_balances(s, NULL, id, len, &value, &error));
        delta.player = id;
        delta.player_len = len;
        CHECK_STATUS(bad, joinly_holdings_adjust(s, NULL, &delta, 1, NULL, &error));
        delta = good_delta();
        delta.name = id;
        delta.name_len = len;
        CHECK_STATUS(bad, joinly_holdings_adjust(s, NULL, &delta, 1, NULL, &error));
        CHECK_BAD(bad, joinly_object_get(s, NULL, id, len, TEXT("c"), TEXT("n"), &value, &error));
        CHECK_BAD(bad, joinly_object_get(s, NULL, TEXT("a"), id, len, TEXT("n"), &value, &error));
        CHECK_BAD(bad, joinly_object_get(s, NULL, TEXT("a"), TEXT("c"), id, len, &value, &error));
        CHECK_STATUS(bad, joinly_object_list(s, NULL, id, len, TEXT("c"), NULL, &page, &error));
        CHECK_STATUS(bad, joinly_object_list(s, NULL, TEXT("a"), id, len, NULL, &page, &error));
        write.name = id;
        write.name_len = len;
        CHECK_STATUS(bad, joinly_object_write(s, NULL, &write, 1, NULL, &error));
        CHECK_BAD(bad, joinly_save_put(s, NULL, id, len, TEXT("t"), BYTES("x"), NULL, &value, NULL, &error));
        CHECK_BAD(bad, joinly_save_put(s, NULL, TEXT("a"), id, len, BYTES("x"), NULL, &value, NULL, &error));
        CHECK_BAD(bad, joinly_save_load(s, NULL, TEXT("a"), id, len, 0, &value, NULL, &error));
        CHECK_BAD(bad, joinly_save_history(s, NULL, TEXT("a"), id, len, &value, &error));
        CHECK_STATUS(bad, joinly_save_clear(s, NULL, id, len, TEXT("t"), &error));
        CHECK_STATUS(bad, joinly_rating_get(s, NULL, NULL, 0, id, len, TEXT("duel"), &rating, &error));
        CHECK_STATUS(bad, joinly_rating_get(s, NULL, NULL, 0, TEXT("ada"), id, len, &rating, &error));
        CHECK_STATUS(bad, joinly_board_create(s, NULL, id, len, NULL, 0, &error));
        CHECK_BAD(bad, joinly_board_submit(s, NULL, id, len, TEXT("a"), 1, 0, &value, &error));
        CHECK_BAD(bad, joinly_board_submit(s, NULL, TEXT("speed"), id, len, 1, 0, &value, &error));
        CHECK_BAD(bad, joinly_board_rank(s, id, len, NULL, 0, TEXT("a"), &value, &error));
        CHECK_BAD(bad, joinly_board_top(s, id, len, NULL, 0, 0, 1, &value, &error));
        CHECK_BAD(bad, joinly_board_around(s, id, len, NULL, 0, TEXT("a"), 1, 1, &value, &error));
        if (id != NULL || len != 0) {
            CHECK_STATUS(bad, joinly_board_count(s, TEXT("speed"), id, len, &count, &error));
        }
    }
}

/* What no JSON of its kind is. */
static void documents(joinly_store* s) {
    const char* const wrong[] = {" ", "{", "7", "[]", "null", "{\"nonsense\":1}", "{} {}", "{\"a\":NaN}", "\xFF"};
    joinly_value* value = NULL;
    joinly_rating rating;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char* json = wrong[i];
        const size_t len = strlen(json);
        CHECK_BAD(JOINLY_INVALID, joinly_player_create(s, NULL, TEXT("ada"), json, len, &value, &error));
        CHECK_BAD(JOINLY_INVALID, joinly_player_patch(s, NULL, TEXT("ada"), json, len, 0, &value, &error));
        CHECK_STATUS(JOINLY_INVALID, joinly_board_create(s, NULL, TEXT("new"), json, len, &error));
        CHECK_STATUS(JOINLY_INVALID, joinly_rating_initial(json, len, &rating, &error));
        CHECK_BAD(JOINLY_INVALID, joinly_rating_apply_result(s, NULL, json, len, &value, NULL, &error));
    }
    const char* const properties[] = {
        "{\"x\":{}}",  "{\"x\":[1]}", "{\"x\":18446744073709551615}", "{\"x\":1e999}", "{\"x\":[null]}",
        "{\"a:b\":1}", "[]"};
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        char patch[128];
        const int len = snprintf(patch, sizeof patch, "{\"properties\":%s}", properties[i]);
        CHECK_BAD(JOINLY_INVALID, joinly_player_create(s, NULL, TEXT("ada"), patch, (size_t)len, &value, &error));
    }
    CHECK_BAD(JOINLY_INVALID, joinly_player_patch(s, NULL, TEXT("ada"), NULL, 0, 0, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_rating_apply_result(s, NULL, NULL, 0, &value, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_board_create(s, NULL, TEXT("new"), TEXT("{\"order\":\"up\"}"), &error));
    const char* const results[] = {
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[]}",
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1}]}",
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},{\"players\":[\"a\"],\"place\":2}]"
        "}",
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},{\"players\":[],\"place\":2}]}",
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},{\"players\":[\"b\"],\"place\":2}]"
        ","
        "\"scores\":{\"c\":1}}",
        "{\"id\":\"m\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},"
        "{\"players\":[\"b\"],\"place\":2,\"rank\":2}]}",
        "{\"id\":\"m:1\",\"ladder\":\"l\",\"teams\":[{\"players\":[\"a\"],\"place\":1},{\"players\":[\"b\"],\"place\":"
        "2}]}"};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        CHECK_BAD(JOINLY_INVALID,
                  joinly_rating_apply_result(s, NULL, results[i], strlen(results[i]), &value, NULL, &error));
    }
}

static void structs(joinly_store* s) {
    joinly_value* value = NULL;
    joinly_page* page = NULL;
    joinly_delta delta = good_delta();
    int64_t balances[2] = {9, 9};
#define ADJUST(count) joinly_holdings_adjust(s, NULL, &delta, count, balances, &error)
    delta.struct_size = 3;
    CHECK_STATUS(JOINLY_INVALID, ADJUST(1));
    CHECK(balances[0] == 0 && balances[1] == 9);
    delta = good_delta();
    delta.holding = 2;
    CHECK_STATUS(JOINLY_INVALID, ADJUST(1));
    delta = good_delta();
    CHECK_STATUS(JOINLY_TOO_LARGE, ADJUST(SIZE_MAX));
    CHECK_STATUS(JOINLY_INVALID, joinly_holdings_adjust(s, NULL, NULL, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_holdings_transfer(s, NULL, TEXT("a"), TEXT("b"), 2, TEXT("gold"), 0, &error));

    joinly_object_change write = good_write();
    joinly_written written = {sizeof written, 0, 0, 0};
#define WRITE(count) joinly_object_write(s, NULL, &write, count, &written, &error)
    write.struct_size = 0;
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    write = good_write();
    write.expected = 3;
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    write.expected = JOINLY_EXPECT_VERSION;
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    write.expected = JOINLY_EXPECT_ABSENT;
    write.version = 1;
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    write = good_write();
    SET_TEXT(write, document, "{");
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    SET_TEXT(write, document, "");
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    write = good_write();
    CHECK_STATUS(JOINLY_INVALID, WRITE(0));
    CHECK_STATUS(JOINLY_TOO_LARGE, WRITE(SIZE_MAX));
    CHECK_STATUS(JOINLY_INVALID, joinly_object_write(s, NULL, NULL, 1, NULL, &error));
    written.struct_size = 1;
    CHECK_STATUS(JOINLY_INVALID, WRITE(1));
    const joinly_object_change twice[] = {good_write(), good_write()};
    CHECK_STATUS(JOINLY_INVALID, joinly_object_write(s, NULL, twice, 2, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND,
                 joinly_object_get(s, NULL, TEXT("ada"), TEXT("decks"), TEXT("main"), &value, &error));

    joinly_scan_options scan = {0};
    CHECK_STATUS(JOINLY_INVALID, joinly_object_list(s, NULL, TEXT("ada"), TEXT("c"), &scan, &page, &error));

    joinly_save_options save = {0};
#define SAVE joinly_save_put(s, NULL, TEXT("ada"), TEXT("auto"), BYTES("x"), &save, &value, NULL, &error)
    CHECK_BAD(JOINLY_INVALID, SAVE);
    save.struct_size = sizeof save;
    save.keep = 33;
    CHECK_BAD(JOINLY_TOO_LARGE, SAVE);
    save.keep = 0;
    SET_TEXT(save, device, "\xFF");
    CHECK_BAD(JOINLY_INVALID, SAVE);
    CHECK_BAD(JOINLY_TOO_LARGE, joinly_save_put(s, NULL, TEXT("a"), TEXT("t"), (const uint8_t*)"x", SIZE_MAX, NULL,
                                                &value, NULL, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_save_put(s, NULL, TEXT("a"), TEXT("t"), NULL, 1, NULL, &value, NULL, &error));
}

static void ratings(void) {
    const joinly_rating good = {25.0, 8.0, 0.0};
    const joinly_rating wrong[] = {
        {NAN, 8.0, 0.0}, {25.0, 0.0, 0.0}, {25.0, INFINITY, 0.0}, {1e300, 8.0, 0.0}, {25.0, 8.0, -1.0}};
    joinly_team teams[2] = {{sizeof(joinly_team), 1, &good, 1}, {sizeof(joinly_team), 2, &good, 1}};
    joinly_rating rated[2] = {good, good};
    double chances[2] = {9.0, 9.0};
#define RATE(count) joinly_rating_rate(NULL, 0, teams, count, rated, 2, &error)
#define CHANCES(count) joinly_rating_win_probabilities(NULL, 0, teams, count, chances, &error)
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        teams[1].ratings = &wrong[i];
        CHECK_STATUS(JOINLY_INVALID, RATE(2));
        CHECK(rated[0].mu == 0.0 && rated[1].sigma == 0.0);
        CHECK_STATUS(JOINLY_INVALID, CHANCES(2));
        CHECK(chances[0] == 0.0 && chances[1] == 0.0);
    }
    teams[1].ratings = NULL;
    CHECK_STATUS(JOINLY_INVALID, RATE(2));
    teams[1].count = 0;
    CHECK_STATUS(JOINLY_INVALID, RATE(2));
    teams[1] = teams[0];
    teams[1].count = SIZE_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, RATE(2));
    teams[1] = teams[0];
    CHECK_STATUS(JOINLY_INVALID, RATE(0));
    CHECK_STATUS(JOINLY_INVALID, RATE(1));
    CHECK_STATUS(JOINLY_TOO_LARGE, RATE(SIZE_MAX));
    CHECK_STATUS(JOINLY_TOO_LARGE, CHANCES(SIZE_MAX));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_rate(NULL, 0, teams, 2, rated, 1, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_rate(NULL, 0, teams, 2, NULL, 2, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_win_probabilities(NULL, 0, teams, 2, NULL, &error));
    joinly_game game = {sizeof game, JOINLY_SCORE_WIN, &good};
#define PERIOD(player, games, count) joinly_rating_rate_period(NULL, 0, player, games, count, rated, &error)
    CHECK_STATUS(JOINLY_INVALID, PERIOD(NULL, &game, 1));
    CHECK_STATUS(JOINLY_INVALID, PERIOD(&good, NULL, 1));
    CHECK_STATUS(JOINLY_TOO_LARGE, PERIOD(&good, &game, SIZE_MAX));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_rate_period(NULL, 0, &good, &game, 1, NULL, &error));
    game.score = 0;
    CHECK_STATUS(JOINLY_INVALID, PERIOD(&good, &game, 1));
    game.score = JOINLY_SCORE_DRAW;
    game.opponent = &wrong[0];
    CHECK_STATUS(JOINLY_INVALID, PERIOD(&good, &game, 1));
    game.opponent = NULL;
    CHECK_STATUS(JOINLY_INVALID, PERIOD(&good, &game, 1));
    CHECK(rated[0].mu == 0.0 && rated[0].sigma == 0.0);
    teams[0].struct_size = 2;
    CHECK_STATUS(JOINLY_INVALID, CHANCES(2));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_initial(NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_initial(TEXT("{\"system\":\"elo\"}"), rated, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_initial(TEXT("{\"system\":\"weng_lin\",\"beta\":0}"), rated, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_initial(TEXT("{\"system\":\"weng_lin\",\"tau\":1}"), rated, &error));
}

/* A required output that is missing is told before anything is done. */
static void outputs(joinly_store* s) {
    CHECK_OK(joinly_kv_put(s, BYTES("mark"), BYTES("1"), &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_player_create(s, NULL, TEXT("eve"), NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_player_get(s, NULL, TEXT("eve"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_player_heartbeat(s, NULL, TEXT("eve"), NULL, 0, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_holdings_balances(s, NULL, TEXT("eve"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_object_get(s, NULL, TEXT("a"), TEXT("c"), TEXT("n"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_object_list(s, NULL, TEXT("a"), TEXT("c"), NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_save_history(s, NULL, TEXT("a"), TEXT("t"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_board_rank(s, TEXT("speed"), NULL, 0, TEXT("a"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_board_top(s, TEXT("speed"), NULL, 0, 0, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_board_around(s, TEXT("speed"), NULL, 0, TEXT("a"), 1, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_board_count(s, TEXT("speed"), NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_get(s, NULL, NULL, 0, TEXT("a"), TEXT("l"), NULL, &error));
    joinly_value* value = NULL;
    CHECK_OK(joinly_kv_get(s, BYTES("mark"), &value, &error));
    const uint64_t version = joinly_value_version(value);
    joinly_value_free(value);
    joinly_stats stats = {0};
    stats.struct_size = sizeof stats;
    CHECK_OK(joinly_store_stats(s, &stats, &error));
    CHECK(stats.version == version);
}

int main(void) {
    handles();
    joinly_store* store = open_memory();
    CHECK_OK(joinly_board_create(store, NULL, TEXT("speed"), NULL, 0, &error));
    ids(store);
    documents(store);
    structs(store);
    ratings();
    outputs(store);
    joinly_store_free(store);
    return 0;
}
