/* Players through C: profiles, presence, holdings, objects and saved games, alone and in one transaction. */
#include <stddef.h>

#include "model.h"

static joinly_delta delta_of(const char* player, uint32_t holding, const char* name, int64_t amount) {
    joinly_delta delta = {0};
    delta.struct_size = sizeof delta;
    delta.holding = holding;
    delta.player = player;
    delta.player_len = strlen(player);
    delta.name = name;
    delta.name_len = strlen(name);
    delta.amount = amount;
    return delta;
}

static joinly_object_change write_of(const char* name, uint32_t expected, uint64_t version, const char* document) {
    joinly_object_change write = {0};
    write.struct_size = sizeof write;
    write.expected = expected;
    write.version = version;
    SET_TEXT(write, player, "ada");
    SET_TEXT(write, collection, "decks");
    write.name = name;
    write.name_len = strlen(name);
    write.document = document;
    write.document_len = document == NULL ? 0 : strlen(document);
    return write;
}

static int owns(joinly_store* store, joinly_txn* txn, const char* player, const char* balances) {
    joinly_value* value = NULL;
    CHECK_OK(joinly_holdings_balances(store, txn, player, strlen(player), &value, &error));
    return value_is(value, balances);
}

/* A patch that expects another version than the present one is told that. */
static void check_stale(joinly_store* store, uint64_t expected, uint64_t present) {
    joinly_value* value = NULL;
    joinly_error* error = NULL;
    CHECK(joinly_player_patch(store, NULL, TEXT("ada"), TEXT("{}"), expected, &value, &error) == JOINLY_CONFLICT);
    CHECK(joinly_error_present_version(error) == present && value == NULL);
    joinly_error_free(error);
}

static void profiles(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    joinly_value* stored = NULL;
    const char patch[] =
        "{\"name\":\"Ada\",\"accounts\":{\"steam\":\"a1\"},"
        "\"properties\":{\"clan\":\"red\",\"level\":9223372036854775807,\"ratio\":0.5,\"tags\":[\"b\",\"a\"],\"vip\":"
        "true}}";
    CHECK_OK(joinly_player_create(store, NULL, TEXT("ada"), TEXT(patch), &value, &error));
    CHECK(value_has(value, "\"id\":\"ada\"") && value_has(value, "\"version\":1"));
    CHECK(value_has(value, "\"level\":9223372036854775807") && value_has(value, "\"tags\":[\"a\",\"b\"]"));
    /* The answer is what is stored. */
    CHECK_OK(joinly_kv_get(store, BYTES("player:ada"), &stored, &error));
    size_t len = 0;
    size_t stored_len = 0;
    const uint8_t* data = joinly_value_data(value, &len);
    const uint8_t* stored_data = joinly_value_data(stored, &stored_len);
    CHECK(len == stored_len && memcmp(data, stored_data, len) == 0);
    joinly_value_free(stored);
    joinly_value_free(value);

    CHECK_OK(joinly_player_by_account(store, NULL, TEXT("steam"), TEXT("a1"), &value, &error));
    CHECK(value_has(value, "\"id\":\"ada\""));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_by_account(store, NULL, TEXT("steam"), TEXT("?"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(JOINLY_EXISTS, joinly_player_create(store, NULL, TEXT("ada"), NULL, 0, &value, &error));
    const char taken[] = "{\"accounts\":{\"steam\":\"a1\"}}";
    CHECK_STATUS(JOINLY_EXISTS, joinly_player_create(store, NULL, TEXT("bob"), TEXT(taken), &value, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_get(store, NULL, TEXT("bob"), &value, &error));

    const char change[] = "{\"name\":\"Bo\",\"properties\":{\"vip\":null}}";
    CHECK_OK(joinly_player_patch(store, NULL, TEXT("ada"), TEXT(change), 1, &value, &error));
    CHECK(value_has(value, "\"name\":\"Bo\"") && !value_has(value, "vip") && value_has(value, "\"version\":2"));
    joinly_value_free(value);
    check_stale(store, 1, 2);
    CHECK_OK(joinly_player_patch(store, NULL, TEXT("ada"), TEXT("{}"), 0, &value, &error));
    CHECK(value_has(value, "\"version\":3"));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_patch(store, NULL, TEXT("bob"), TEXT("{}"), 0, &value, &error));
    joinly_store_free(store);
}

static void presence(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_presence(store, NULL, TEXT("ada"), &value, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_leave(store, NULL, TEXT("ada"), &error));
    CHECK_OK(joinly_player_heartbeat(store, NULL, TEXT("ada"), TEXT("in a raid"), 3600000, &value, &error));
    CHECK(value_has(value, "\"status\":\"in a raid\"") && value_has(value, "\"until\":"));
    joinly_value_free(value);
    CHECK_OK(joinly_player_presence(store, NULL, TEXT("ada"), &value, &error));
    CHECK(value_has(value, "in a raid"));
    joinly_value_free(value);
    CHECK_OK(joinly_player_leave(store, NULL, TEXT("ada"), &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_presence(store, NULL, TEXT("ada"), &value, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_player_heartbeat(store, NULL, TEXT("ada"), NULL, 0, 0, &value, &error));
    joinly_store_free(store);
}

static void holdings(void) {
    joinly_store* store = open_memory();
    const joinly_delta start[] = {delta_of("ada", JOINLY_HOLDING_CURRENCY, "gold", 100)};
    const joinly_delta buy[] = {delta_of("ada", JOINLY_HOLDING_CURRENCY, "gold", -60),
                                delta_of("ada", JOINLY_HOLDING_ITEM, "sword", 1)};
    int64_t balances[2] = {9, 9};
    CHECK(owns(store, NULL, "ada", "{\"currencies\":{},\"items\":{}}"));
    CHECK_OK(joinly_holdings_adjust(store, NULL, start, 1, NULL, &error));
    CHECK_OK(joinly_holdings_adjust(store, NULL, buy, 2, balances, &error));
    CHECK(balances[0] == 40 && balances[1] == 1);
    CHECK_STATUS(JOINLY_INSUFFICIENT, joinly_holdings_adjust(store, NULL, buy, 2, balances, &error));
    CHECK(balances[0] == 0 && balances[1] == 0);
    CHECK(owns(store, NULL, "ada", "{\"currencies\":{\"gold\":40},\"items\":{\"sword\":1}}"));
    const joinly_delta most[] = {delta_of("ada", JOINLY_HOLDING_CURRENCY, "gold", INT64_MAX)};
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, joinly_holdings_adjust(store, NULL, most, 1, balances, &error));
    CHECK_OK(joinly_holdings_adjust(store, NULL, NULL, 0, NULL, &error));

#define GIVE(amount)                                                                                               \
    joinly_holdings_transfer(store, NULL, TEXT("ada"), TEXT("bob"), JOINLY_HOLDING_CURRENCY, TEXT("gold"), amount, \
                             &error)
    CHECK_OK(GIVE(15));
    CHECK_STATUS(JOINLY_INSUFFICIENT, GIVE(26));
    CHECK_STATUS(JOINLY_INVALID, GIVE(-1));
    CHECK(owns(store, NULL, "ada", "{\"currencies\":{\"gold\":25},\"items\":{\"sword\":1}}"));
    CHECK(owns(store, NULL, "bob", "{\"currencies\":{\"gold\":15},\"items\":{}}"));
    CHECK_OK(joinly_kv_put(store, BYTES("player:eve:item:gem"), BYTES("many"), &error));
    joinly_value* value = NULL;
    CHECK_STATUS(JOINLY_WRONG_TYPE, joinly_holdings_balances(store, NULL, TEXT("eve"), &value, &error));
    joinly_store_free(store);
}

static void objects(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    joinly_written written = {sizeof written, 9, 9, 9};
    const joinly_object_change both[] = {write_of("main", JOINLY_EXPECT_ABSENT, 0, "[1,2]"),
                                         write_of("side", JOINLY_EXPECT_ANY, 0, "{}")};
    CHECK_OK(joinly_object_write(store, NULL, both, 2, &written, &error));
    const uint64_t version = written.version;
    CHECK(version > 0 && written.conflict == 0 && written.present == 0 && written.struct_size == sizeof written);
    CHECK_OK(joinly_object_get(store, NULL, TEXT("ada"), TEXT("decks"), TEXT("main"), &value, &error));
    CHECK(joinly_value_version(value) == version && value_is(value, "[1,2]"));

    /* All or none, and which one found something else. */
    const joinly_object_change stale[] = {write_of("side", JOINLY_EXPECT_VERSION, version, "{\"new\":1}"),
                                          write_of("main", JOINLY_EXPECT_VERSION, version + 1, "[3]")};
    CHECK_STATUS(JOINLY_CONFLICT, joinly_object_write(store, NULL, stale, 2, &written, &error));
    CHECK(written.conflict == 2 && written.present == version && written.version == 0);
    CHECK_STATUS(JOINLY_CONFLICT, joinly_object_write(store, NULL, both, 2, NULL, &error));
    CHECK_OK(joinly_object_get(store, NULL, TEXT("ada"), TEXT("decks"), TEXT("side"), &value, &error));
    CHECK(value_is(value, "{}"));

    joinly_scan_options options = {0};
    options.struct_size = sizeof options;
    options.limit = 1;
    joinly_page* page = NULL;
    size_t count = 0;
    CHECK_OK(joinly_object_list(store, NULL, TEXT("ada"), TEXT("decks"), &options, &page, &error));
    const joinly_row* rows = joinly_page_rows(page, &count);
    CHECK(count == 1 && after(rows[0].key, rows[0].key_len, ":main") == rows[0].key + rows[0].key_len);
    joinly_page* next = NULL;
    options.cursor = joinly_page_cursor(page, &options.cursor_len);
    CHECK_OK(joinly_object_list(store, NULL, TEXT("ada"), TEXT("decks"), &options, &next, &error));
    rows = joinly_page_rows(next, &count);
    CHECK(count == 1 && after(rows[0].key, rows[0].key_len, ":side") == rows[0].key + rows[0].key_len);
    CHECK(rows[0].version == version && joinly_page_cursor(next, NULL) == NULL);
    joinly_page_free(page);
    joinly_page_free(next);
    CHECK_OK(joinly_object_list(store, NULL, TEXT("ada"), TEXT("none"), NULL, &page, &error));
    CHECK(joinly_page_rows(page, &count) == NULL && count == 0);
    joinly_page_free(page);

    const joinly_object_change gone[] = {write_of("main", JOINLY_EXPECT_VERSION, version, NULL)};
    CHECK_OK(joinly_object_write(store, NULL, gone, 1, NULL, &error));
    CHECK_STATUS(JOINLY_CONFLICT, joinly_object_write(store, NULL, gone, 1, &written, &error));
    CHECK(written.conflict == 1 && written.present == 0);
    CHECK_STATUS(JOINLY_NOT_FOUND,
                 joinly_object_get(store, NULL, TEXT("ada"), TEXT("decks"), TEXT("main"), &value, &error));
    joinly_store_free(store);
}

static void saves(void) {
    joinly_store* store = open_memory();
    joinly_value* info = NULL;
    joinly_value* game = NULL;
    joinly_save_options options = {0};
    options.struct_size = sizeof options;
    SET_TEXT(options, device, "pc");
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 0, &game, &info, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_save_clear(store, NULL, TEXT("ada"), TEXT("auto"), &error));
#define SAVE(text) joinly_save_put(store, NULL, TEXT("ada"), TEXT("auto"), BYTES(text), &options, &info, &game, &error)
    CHECK_OK(SAVE("one"));
    CHECK(game == NULL && value_has(info, "\"version\":1") && value_has(info, "\"device\":\"pc\""));
    joinly_value_free(info);
    options.parent = 1;
    CHECK_OK(joinly_save_put(store, NULL, TEXT("ada"), TEXT("auto"), BYTES("two"), &options, NULL, NULL, &error));

    /* Another device played on from the first version too: it is shown the second. */
    SET_TEXT(options, device, "phone");
    CHECK_STATUS(JOINLY_CONFLICT, SAVE("mine"));
    CHECK(value_has(info, "\"version\":2") && value_has(info, "\"device\":\"pc\""));
    joinly_value_free(info);
    CHECK(value_is(game, "two"));
    CHECK_STATUS(JOINLY_CONFLICT,
                 joinly_save_put(store, NULL, TEXT("ada"), TEXT("auto"), BYTES("mine"), &options, NULL, NULL, &error));
    options.parent = 2;
    options.keep = 2;
    CHECK_OK(SAVE("merged"));
    CHECK(game == NULL && value_has(info, "\"version\":3") && value_has(info, "\"parent\":2"));
    joinly_value_free(info);

    CHECK_OK(joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 0, &game, &info, &error));
    CHECK(value_has(info, "\"bytes\":6") && value_is(game, "merged"));
    joinly_value_free(info);
    CHECK_OK(joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 2, &game, NULL, &error));
    CHECK(value_is(game, "two"));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 1, &game, &info, &error));
    CHECK_OK(joinly_save_history(store, NULL, TEXT("ada"), TEXT("auto"), &info, &error));
    CHECK(!value_has(info, "\"version\":1,") && value_has(info, "\"version\":2,") && value_has(info, "\"version\":3,"));
    joinly_value_free(info);

    CHECK_OK(joinly_kv_put(store, BYTES("player:ada:save:auto:3:0"), BYTES("broken"), &error));
    CHECK_STATUS(JOINLY_CORRUPT, joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 0, &game, &info, &error));
    CHECK(game == NULL && info == NULL);
    CHECK_OK(joinly_save_clear(store, NULL, TEXT("ada"), TEXT("auto"), &error));
    CHECK_OK(joinly_save_history(store, NULL, TEXT("ada"), TEXT("auto"), &info, &error));
    CHECK(value_is(info, "[]"));
    CHECK_OK(joinly_save_put(store, NULL, TEXT("ada"), TEXT("auto"), NULL, 0, NULL, &info, NULL, &error));
    CHECK(value_has(info, "\"version\":4") && value_has(info, "\"device\":\"\""));
    joinly_value_free(info);
    joinly_store_free(store);
}

/* Everything in one transaction, which sees itself, is undone whole and committed whole. */
static void transactions(void) {
    joinly_store* store = open_memory();
    const joinly_delta earn[] = {delta_of("ada", JOINLY_HOLDING_CURRENCY, "gold", 5)};
    const joinly_delta spend[] = {delta_of("ada", JOINLY_HOLDING_CURRENCY, "gold", -6)};
    const joinly_object_change write[] = {write_of("main", JOINLY_EXPECT_ABSENT, 0, "1")};
    joinly_value* value = NULL;
    for (int commit = 0; commit <= 1; commit++) {
        joinly_txn* txn = NULL;
        joinly_written written = {sizeof written, 9, 9, 9};
        CHECK_OK(joinly_txn_begin(store, &txn, &error));
        CHECK_OK(joinly_player_create(store, txn, TEXT("ada"), NULL, 0, &value, &error));
        joinly_value_free(value);
        CHECK_OK(joinly_holdings_adjust(store, txn, earn, 1, NULL, &error));
        CHECK_STATUS(JOINLY_INSUFFICIENT, joinly_holdings_adjust(store, txn, spend, 1, NULL, &error));
        CHECK_OK(joinly_object_write(store, txn, write, 1, &written, &error));
        CHECK(written.version == 0);
        CHECK_STATUS(JOINLY_CONFLICT, joinly_object_write(store, txn, write, 1, &written, &error));
        CHECK(written.conflict == 1 && written.present == 0);
        CHECK_OK(joinly_save_put(store, txn, TEXT("ada"), TEXT("auto"), BYTES("game"), NULL, NULL, NULL, &error));
        CHECK_OK(joinly_player_heartbeat(store, txn, TEXT("ada"), TEXT("here"), 3600000, &value, &error));
        joinly_value_free(value);
        CHECK_OK(joinly_txn_put(txn, BYTES("receipt"), BYTES("5"), 0, &error));
        CHECK(owns(store, txn, "ada", "{\"currencies\":{\"gold\":5},\"items\":{}}"));
        CHECK(owns(store, NULL, "ada", "{\"currencies\":{},\"items\":{}}"));
        CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_get(store, NULL, TEXT("ada"), &value, &error));
        if (commit) {
            CHECK_OK(joinly_txn_commit(txn, NULL, &error));
        } else {
            CHECK_OK(joinly_txn_rollback(txn, &error));
            CHECK_STATUS(JOINLY_NOT_FOUND, joinly_player_get(store, NULL, TEXT("ada"), &value, &error));
        }
        CHECK_STATUS(JOINLY_CLOSED, joinly_holdings_adjust(store, txn, earn, 1, NULL, &error));
        joinly_txn_free(txn);
    }
    CHECK(owns(store, NULL, "ada", "{\"currencies\":{\"gold\":5},\"items\":{}}"));
    CHECK_OK(joinly_save_load(store, NULL, TEXT("ada"), TEXT("auto"), 0, &value, NULL, &error));
    CHECK(value_is(value, "game"));
    CHECK_OK(joinly_object_get(store, NULL, TEXT("ada"), TEXT("decks"), TEXT("main"), &value, &error));
    CHECK(joinly_value_version(value) > 0);
    joinly_value_free(value);
    CHECK_OK(joinly_player_leave(store, NULL, TEXT("ada"), &error));
    joinly_store_free(store);
}

int main(void) {
    profiles();
    presence();
    holdings();
    objects();
    saves();
    transactions();
    return 0;
}
