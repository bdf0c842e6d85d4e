/* Tables used wrongly in every way a script could: each call answers a status, changes nothing and clears its outputs.
 */
#include <stddef.h>

#include "model.h"

#define DIRTY(type) ((type*)(uintptr_t)0xD1)
#define TABLE TEXT("t")
#define SCHEMA "{\"table_name\":\"t\",\"schema\":{\"a\":{\"type\":\"int\"}}}"

/* The call answers a status and clears `value`. */
#define CHECK_BAD(bad, call)         \
    do {                             \
        value = DIRTY(joinly_value); \
        CHECK_STATUS((bad), (call)); \
        CHECK(value == NULL);        \
    } while (0)

/* The same for `count`. */
#define CHECK_COUNT(bad, call)       \
    do {                             \
        count = 9;                   \
        CHECK_STATUS((bad), (call)); \
        CHECK(count == 0);           \
    } while (0)

/* Every call with good arguments but for the store. */
static void every_call(void* s, joinly_status bad) {
    joinly_value* value = NULL;
    joinly_page* page = DIRTY(joinly_page);
    uint64_t count = 9;
    uint8_t had = 9;
    CHECK_BAD(bad, joinly_table_create(s, TEXT(SCHEMA), &value, &error));
    CHECK_BAD(bad, joinly_table_evolve(s, TEXT(SCHEMA), &value, &error));
    CHECK_STATUS(bad, joinly_table_drop(s, TABLE, &error));
    CHECK_BAD(bad, joinly_table_names(s, NULL, &value, &error));
    CHECK_BAD(bad, joinly_table_schema(s, NULL, TABLE, &value, &error));
    CHECK_BAD(bad, joinly_table_insert(s, NULL, TABLE, TEXT("[{}]"), &value, &error));
    CHECK_BAD(bad, joinly_table_get(s, NULL, TABLE, TEXT("1"), &value, &error));
    CHECK_STATUS(bad, joinly_table_select(s, NULL, TABLE, NULL, &page, &error));
    CHECK(page == NULL);
    CHECK_COUNT(bad, joinly_table_count(s, NULL, TABLE, NULL, 0, &count, &error));
    CHECK_COUNT(bad, joinly_table_update(s, NULL, TABLE, NULL, 0, TEXT("{}"), &count, &error));
    CHECK_COUNT(bad, joinly_table_delete(s, NULL, TABLE, NULL, 0, &count, &error));
    CHECK_COUNT(bad, joinly_table_export(s, TABLE, "never_written.json", &count, &error));
    CHECK_COUNT(bad, joinly_table_import(s, "not_there.json", &count, &error));
    CHECK_BAD(bad, joinly_table_copy(s, s, &value, &error));
    CHECK_BAD(bad, joinly_table_stats(s, TABLE, &value, &error));
    CHECK_COUNT(bad, joinly_table_check(s, TABLE, &count, &error));
    CHECK_STATUS(bad, joinly_table_lock(s, TABLE, TEXT("me"), 1, &error));
    CHECK_STATUS(bad, joinly_table_unlock(s, TABLE, TEXT("me"), &had, &error));
    CHECK(had == 0);
}

static void arguments(void) {
    joinly_store* store = open_memory();
    joinly_store* other = open_memory();
    joinly_value* value = NULL;
    joinly_page* page = NULL;
    joinly_txn* txn = NULL;
    uint64_t count = 9;
    const char* bad_schemas[] = {"",
                                 "[]",
                                 "{",
                                 "{\"table_name\":\"a:b\",\"schema\":{\"a\":{\"type\":\"int\"}}}",
                                 "{\"table_name\":\"t\",\"schema\":{\"a\":{\"type\":\"blob\"}}}",
                                 "{\"table_name\":\"t\",\"schema\":{\"a\":{\"type\":\"int\",\"x\":1}}}",
                                 "{\"table_name\":\"t\",\"schema\":{}}"};
    for (size_t at = 0; at < sizeof bad_schemas / sizeof *bad_schemas; at++) {
        CHECK_BAD(JOINLY_INVALID, joinly_table_create(store, bad_schemas[at], strlen(bad_schemas[at]), &value, &error));
    }
    CHECK_BAD(JOINLY_INVALID, joinly_table_create(store, NULL, 9, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_create(store, TEXT("\xff"), &value, &error));
    CHECK_OK(joinly_table_create(store, TEXT(SCHEMA), NULL, &error));
    CHECK_BAD(JOINLY_EXISTS,
              joinly_table_create(store, TEXT("{\"table_name\":\"t\",\"schema\":{\"a\":{\"type\":\"str\"}}}"), &value,
                                  &error));

    CHECK_STATUS(JOINLY_INVALID, joinly_table_names(store, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_table_schema(store, NULL, TABLE, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_table_get(store, NULL, TABLE, TEXT("1"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TABLE, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_table_count(store, NULL, TABLE, NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_table_stats(store, TABLE, NULL, &error));
    CHECK_COUNT(JOINLY_INVALID, joinly_table_export(store, TABLE, NULL, &count, &error));
    CHECK_COUNT(JOINLY_INVALID, joinly_table_import(store, NULL, &count, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_get(store, NULL, TABLE, TEXT("[1]"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_get(store, NULL, TABLE, NULL, 0, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_insert(store, NULL, TABLE, TEXT("{}"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_insert(store, NULL, TABLE, TEXT("[1]"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_insert(store, NULL, NULL, 0, TEXT("[{}]"), &value, &error));
    CHECK_COUNT(JOINLY_INVALID, joinly_table_update(store, NULL, TABLE, NULL, 0, TEXT("{\"b\":1}"), &count, &error));
    CHECK_COUNT(JOINLY_INVALID, joinly_table_delete(store, NULL, TABLE, TEXT("{}"), &count, &error));
    CHECK_COUNT(
        JOINLY_INVALID,
        joinly_table_delete(store, NULL, TABLE, TEXT("[{\"key\":\"b\",\"op\":\"=\",\"value\":1}]"), &count, &error));

    joinly_table_query query = {0};
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TABLE, &query, &page, &error));
    query.struct_size = sizeof query;
    SET_TEXT(query, order, "[{\"column\":\"b\"}]");
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TABLE, &query, &page, &error));
    SET_TEXT(query, order, "[{\"column\":\"a\",\"near\":1}]");
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TABLE, &query, &page, &error));
    query.order = NULL;
    query.order_len = 0;
    query.cursor = (const uint8_t*)"x";
    query.cursor_len = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TABLE, &query, &page, &error));
    query.cursor_len = (size_t)1 << 40;
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_table_select(store, NULL, TABLE, &query, &page, &error));

    CHECK_OK(joinly_txn_begin(other, &txn, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_table_insert(store, txn, TABLE, TEXT("[{}]"), &value, &error));
    joinly_txn_free(txn);
    CHECK_BAD(JOINLY_BAD_HANDLE, joinly_table_insert(store, txn, TABLE, TEXT("[{}]"), &value, &error));
    CHECK_BAD(JOINLY_BAD_HANDLE, joinly_table_copy(store, NULL, &value, &error));
    joinly_store_free(other);
    joinly_store_free(store);
}

int main(void) {
    joinly_store* store = open_memory();
    every_call(NULL, JOINLY_BAD_HANDLE);
    every_call(DIRTY(joinly_store), JOINLY_BAD_HANDLE);
    CHECK_OK(joinly_store_close(store, &error));
    every_call(store, JOINLY_BAD_HANDLE);
    joinly_store_free(store);
    every_call(store, JOINLY_BAD_HANDLE);
    arguments();
    return 0;
}
