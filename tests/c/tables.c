/* Tables through C. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

#define STUDENT                                                                                    \
    "{\"table_name\":\"student\",\"schema\":{\"id\":{\"type\":\"int\",\"primary_key\":true},"      \
    "\"name\":{\"type\":\"str\",\"nullable\":false},\"email\":{\"type\":\"str\",\"unique\":true}," \
    "\"gpa\":{\"type\":\"float\",\"default\":0}}}"

static joinly_store* with_students(void) {
    joinly_store* store = open_memory();
    CHECK_OK(joinly_table_create(store, TEXT(STUDENT), NULL, &error));
    CHECK_OK(joinly_table_insert(store, NULL, TEXT("student"),
                                 TEXT("[{\"name\":\"Alice\",\"email\":\"a@x\",\"gpa\":3.8},{\"name\":\"Bob\"},"
                                      "{\"name\":\"Carol\",\"gpa\":3.9}]"),
                                 NULL, &error));
    return store;
}

/* A value of a page is exactly a text. */
static int row_is(const joinly_page* page, size_t at, const char* text) {
    size_t count = 0;
    const joinly_row* rows = joinly_page_rows(page, &count);
    return at < count && rows[at].value_len == strlen(text) && memcmp(rows[at].value, text, rows[at].value_len) == 0;
}

static void rows(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_table_schema(store, NULL, TEXT("student"), &value, &error));
    CHECK_OK(joinly_table_create(store, TEXT(STUDENT), &value, &error));
    CHECK(value_has(value, "{\"table_name\":\"student\",\"schema\":{\"id\":{\"type\":\"int\",\"primary_key\":true,"));
    joinly_value_free(value);
    CHECK_OK(joinly_table_names(store, NULL, &value, &error));
    CHECK(value_is(value, "[\"student\"]"));
    CHECK_OK(joinly_table_insert(store, NULL, TEXT("student"), TEXT("[{\"name\":\"Ada\",\"gpa\":4}]"), &value, &error));
    CHECK(value_is(value, "[{\"id\":1,\"name\":\"Ada\",\"email\":null,\"gpa\":4.0}]"));
    CHECK_OK(joinly_table_get(store, NULL, TEXT("student"), TEXT("1"), &value, &error));
    CHECK(value_is(value, "{\"id\":1,\"name\":\"Ada\",\"email\":null,\"gpa\":4.0}"));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_table_get(store, NULL, TEXT("student"), TEXT("2"), &value, &error));
    CHECK(value == NULL);
    /* Rows lie in the store as they are. */
    CHECK_OK(joinly_kv_get(store, (const uint8_t*)"table:student:0000000000000000001", 33, &value, &error));
    CHECK(value_is(value, "{\"id\":1,\"name\":\"Ada\",\"email\":null,\"gpa\":4.0}"));
    CHECK_STATUS(JOINLY_WRONG_TYPE,
                 joinly_table_insert(store, NULL, TEXT("student"), TEXT("[{\"name\":5}]"), &value, &error));
    CHECK_STATUS(JOINLY_EXISTS,
                 joinly_table_insert(store, NULL, TEXT("student"), TEXT("[{\"name\":\"B\"},{\"name\":\"C\",\"id\":1}]"),
                                     &value, &error));
    uint64_t count = 9;
    CHECK_OK(joinly_table_count(store, NULL, TEXT("student"), NULL, 0, &count, &error));
    CHECK(count == 1);
    CHECK_OK(joinly_table_drop(store, TEXT("student"), &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_table_drop(store, TEXT("student"), &error));
    joinly_store_free(store);
}

static void selections(void) {
    joinly_store* store = with_students();
    joinly_page* page = NULL;
    uint64_t count = 0;
    joinly_table_query query = {0};
    query.struct_size = sizeof query;
    query.limit = 1;
    SET_TEXT(query, filter, "[{\"key\":\"gpa\",\"op\":\">\",\"value\":3}]");
    SET_TEXT(query, order, "[{\"column\":\"gpa\",\"descending\":true}]");
    CHECK_OK(joinly_table_select(store, NULL, TEXT("student"), &query, &page, &error));
    CHECK(row_is(page, 0, "{\"id\":3,\"name\":\"Carol\",\"email\":null,\"gpa\":3.9}") && !row_is(page, 1, ""));
    joinly_page* next = NULL;
    query.cursor = joinly_page_cursor(page, &query.cursor_len);
    CHECK(query.cursor != NULL);
    CHECK_OK(joinly_table_select(store, NULL, TEXT("student"), &query, &next, &error));
    CHECK(row_is(next, 0, "{\"id\":1,\"name\":\"Alice\",\"email\":\"a@x\",\"gpa\":3.8}"));
    CHECK(joinly_page_cursor(next, NULL) == NULL);
    joinly_page_free(next);
    SET_TEXT(query, order, "[{\"column\":\"name\"}]");
    CHECK_STATUS(JOINLY_INVALID, joinly_table_select(store, NULL, TEXT("student"), &query, &next, &error));
    joinly_page_free(page);

    CHECK_OK(joinly_table_update(store, NULL, TEXT("student"),
                                 TEXT("[{\"key\":\"email\",\"op\":\"=\",\"value\":\"a@x\"}]"), TEXT("{\"gpa\":1}"),
                                 &count, &error));
    CHECK(count == 1);
    CHECK_OK(joinly_table_count(store, NULL, TEXT("student"), TEXT("[{\"key\":\"gpa\",\"op\":\"<=\",\"value\":1}]"),
                                &count, &error));
    CHECK(count == 2);
    joinly_txn* txn = NULL;
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_OK(joinly_table_delete(store, txn, TEXT("student"), NULL, 0, &count, &error));
    CHECK(count == 3);
    CHECK_OK(joinly_txn_rollback(txn, &error));
    joinly_txn_free(txn);
    CHECK_OK(joinly_table_delete(store, NULL, TEXT("student"), TEXT("[{\"key\":\"id\",\"op\":\"in\",\"value\":[1,2]}]"),
                                 NULL, &error));
    CHECK_OK(joinly_table_select(store, NULL, TEXT("student"), NULL, &page, &error));
    CHECK(row_is(page, 0, "{\"id\":3,\"name\":\"Carol\",\"email\":null,\"gpa\":3.9}") && !row_is(page, 1, ""));
    joinly_page_free(page);
    joinly_store_free(store);
}

static void schemas(void) {
    joinly_store* store = with_students();
    joinly_value* value = NULL;
    const char wider[] =
        "{\"table_name\":\"student\",\"schema\":{\"id\":{\"type\":\"int\",\"primary_key\":true},"
        "\"name\":{\"type\":\"str\"},\"email\":{\"type\":\"str\",\"unique\":true},"
        "\"grade\":{\"type\":\"float\",\"formerly\":\"gpa\"},\"year\":{\"type\":\"int\",\"default\":1}}}";
    CHECK_OK(joinly_table_create(store, TEXT(wider), &value, &error));
    CHECK(value_has(value, "\"version\":1"));
    joinly_value_free(value);
    CHECK_OK(joinly_table_get(store, NULL, TEXT("student"), TEXT("1"), &value, &error));
    CHECK(value_is(value, "{\"id\":1,\"name\":\"Alice\",\"email\":\"a@x\",\"grade\":3.8,\"year\":1}"));
    const char narrow[] =
        "{\"table_name\":\"student\",\"schema\":{\"id\":{\"type\":\"int\",\"primary_key\":true},"
        "\"name\":{\"type\":\"str\"}}}";
    CHECK_STATUS(JOINLY_EXISTS, joinly_table_create(store, TEXT(narrow), &value, &error));
    CHECK_OK(joinly_table_evolve(store, TEXT(narrow), NULL, &error));
    CHECK_OK(joinly_table_get(store, NULL, TEXT("student"), TEXT("1"), &value, &error));
    CHECK(value_is(value, "{\"id\":1,\"name\":\"Alice\"}"));
    joinly_store_free(store);
}

static void transfers(void) {
    joinly_store* store = with_students();
    joinly_store* other = open_memory();
    joinly_value* value = NULL;
    uint64_t count = 0;
    char path[64];
    snprintf(path, sizeof path, "tables_%p.json", (void*)store);
    CHECK_OK(joinly_table_export(store, TEXT("student"), path, &count, &error));
    CHECK(count == 3);
    CHECK_OK(joinly_table_import(other, path, &count, &error));
    CHECK(count == 3 && remove(path) == 0);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_table_import(other, path, &count, &error));
    CHECK_STATUS(JOINLY_EXISTS, joinly_table_copy(store, other, &value, &error));
    CHECK_OK(joinly_table_drop(other, TEXT("student"), &error));
    CHECK_OK(joinly_table_copy(store, other, &value, &error));
    CHECK(value_is(value, "[[\"student\",3]]"));
    CHECK_OK(joinly_table_check(other, TEXT("student"), &count, &error));
    CHECK(count == 3);
    CHECK_OK(joinly_table_stats(other, TEXT("student"), &value, &error));
    CHECK(value_has(value, "{\"records\":3,\"size_bytes\":") && value_has(value, "\"columns\":4"));
    joinly_value_free(value);
    joinly_store_free(other);
    joinly_store_free(store);
}

static void locks(void) {
    joinly_store* store = with_students();
    uint8_t had = 9;
    CHECK_OK(joinly_table_lock(store, TEXT("student"), TEXT("me"), 60000, &error));
    CHECK_OK(joinly_table_lock(store, TEXT("student"), TEXT("me"), 60000, &error));
    CHECK_STATUS(JOINLY_BUSY, joinly_table_lock(store, TEXT("student"), TEXT("you"), 60000, &error));
    CHECK_OK(joinly_table_unlock(store, TEXT("student"), TEXT("you"), &had, &error));
    CHECK(had == 0);
    CHECK_OK(joinly_table_unlock(store, TEXT("student"), TEXT("me"), &had, &error));
    CHECK(had == 1);
    joinly_store_free(store);
}

int main(void) {
    rows();
    selections();
    schemas();
    transfers();
    locks();
    return 0;
}
