/* Queries in SQL: pages, parameters of every kind, and every status. */
#include "check.h"

static joinly_store* open_store(const char* url) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    return store;
}

static void put(joinly_store* store, const char* key, const char* value) {
    CHECK_OK(joinly_kv_put(store, (const uint8_t*)key, strlen(key), (const uint8_t*)value, strlen(value), &error));
}

static joinly_status status_of(joinly_store* store, const char* sql, const joinly_sql_param* params, size_t count) {
    joinly_sql_rows* rows = (joinly_sql_rows*)(uintptr_t)0xD1;
    joinly_sql* cursor = (joinly_sql*)(uintptr_t)0xD1;
    joinly_error* error = NULL;
    const joinly_status status =
        joinly_sql_query(store, (const uint8_t*)sql, strlen(sql), params, count, NULL, &rows, &cursor, &error);
    CHECK((status == JOINLY_OK) == (rows != NULL));
    CHECK((status == JOINLY_OK) == (error == NULL));
    CHECK(status == JOINLY_OK || cursor == NULL);
    joinly_error_free(error);
    joinly_sql_free(cursor);
    joinly_sql_rows_free(rows);
    return status;
}

static int is_text(const joinly_sql_value* value, const char* text) {
    return value->kind == JOINLY_SQL_TEXT && value->len == strlen(text) && memcmp(value->data, text, value->len) == 0;
}

static void every_kind_there_and_back(void) {
    joinly_store* store = open_store("memory:");
    joinly_sql_rows* rows = NULL;
    joinly_sql* cursor = NULL;
    joinly_sql_param params[6] = {{0}};
    params[1].kind = JOINLY_SQL_INTEGER;
    params[1].integer = INT64_MIN;
    params[2].kind = JOINLY_SQL_REAL;
    params[2].real = -0.5;
    params[3].kind = JOINLY_SQL_TEXT;
    params[3].data = (const uint8_t*)"a\0b";
    params[3].len = 3;
    params[4].kind = JOINLY_SQL_BLOB;
    params[4].data = (const uint8_t*)"\xff";
    params[4].len = 1;
    params[5].kind = JOINLY_SQL_BLOB;
    CHECK_OK(joinly_sql_query(store, BYTES("SELECT ?, ?, ?, ? AS t, ?, ?"), params, 6, NULL, &rows, &cursor, &error));
    CHECK(cursor == NULL && joinly_sql_rows_more(rows) == 0);
    size_t count = 0;
    const joinly_bytes* columns = joinly_sql_rows_columns(rows, &count);
    CHECK(count == 6 && columns[3].len == 1 && columns[3].data[0] == 't');
    const joinly_sql_value* values = joinly_sql_rows_values(rows, &count);
    CHECK(count == 1);
    CHECK(values[0].kind == JOINLY_SQL_NULL && values[0].data == NULL);
    CHECK(values[1].kind == JOINLY_SQL_INTEGER && values[1].integer == INT64_MIN);
    CHECK(values[2].kind == JOINLY_SQL_REAL && values[2].real + 0.5 == 0);
    CHECK(values[3].kind == JOINLY_SQL_TEXT && values[3].len == 3 && memcmp(values[3].data, "a\0b", 3) == 0);
    CHECK(values[4].kind == JOINLY_SQL_BLOB && values[4].len == 1 && values[4].data[0] == 0xff);
    CHECK(values[5].kind == JOINLY_SQL_BLOB && values[5].len == 0 && values[5].data != NULL);
    joinly_sql_rows_free(rows);

    /* By name. */
    put(store, "k:1", "one");
    params[0] = params[3];
    params[0].data = (const uint8_t*)"k:1";
    params[0].name = (const uint8_t*)"key";
    params[0].name_len = 3;
    CHECK_OK(
        joinly_sql_query(store, BYTES("SELECT value FROM kv WHERE key = :key"), params, 1, NULL, &rows, NULL, &error));
    values = joinly_sql_rows_values(rows, &count);
    CHECK(count == 1 && is_text(values, "one"));
    joinly_sql_rows_free(rows);
    joinly_store_free(store);
}

static void pages_are_of_one_moment(void) {
    joinly_store* store = open_store("memory:");
    joinly_sql_options options = {0};
    joinly_sql_rows* rows = NULL;
    joinly_sql* cursor = NULL;
    char key[16];
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "k:%d", i);
        put(store, key, key);
    }
    options.struct_size = sizeof options;
    options.max_rows = 4;
    options.timeout_ms = 60000;
    CHECK_OK(
        joinly_sql_query(store, BYTES("SELECT key FROM kv ORDER BY key"), NULL, 0, &options, &rows, &cursor, &error));
    put(store, "k:99", "later");
    size_t seen = 0;
    for (;;) {
        size_t count = 0;
        const joinly_sql_value* values = joinly_sql_rows_values(rows, &count);
        for (size_t i = 0; i < count; i++, seen++) {
            (void)snprintf(key, sizeof key, "k:%d", (int)seen);
            CHECK(is_text(&values[i], key));
        }
        const uint8_t more = joinly_sql_rows_more(rows);
        joinly_sql_rows_free(rows);
        CHECK_OK(joinly_sql_next(cursor, 4, &rows, &error));
        if (!more) {
            CHECK(joinly_sql_rows_values(rows, &count) == NULL && count == 0);
            CHECK(joinly_sql_rows_columns(rows, &count) != NULL && count == 1);
            break;
        }
    }
    CHECK(seen == 10);
    joinly_sql_rows_free(rows);

    /* Without a cursor the rest is let go. */
    CHECK_OK(joinly_sql_query(store, BYTES("SELECT key FROM kv"), NULL, 0, &options, &rows, NULL, &error));
    CHECK(joinly_sql_rows_more(rows) == 1);

    /* Rows outlive their query and their store, and a query tells of a closed one. */
    joinly_sql_free(cursor);
    joinly_sql_free(cursor);
    joinly_sql_rows* next = NULL;
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_sql_next(cursor, 1, &next, &error));
    joinly_sql_rows* first = NULL;
    CHECK_OK(joinly_sql_query(store, BYTES("SELECT key FROM kv"), NULL, 0, &options, &first, &cursor, &error));
    joinly_store_free(store);
    CHECK_STATUS(JOINLY_CLOSED, joinly_sql_next(cursor, 1, &next, &error));
    CHECK(next == NULL);
    size_t count = 0;
    CHECK(is_text(joinly_sql_rows_values(rows, &count), "k:0") && count == 4);
    joinly_sql_free(cursor);
    joinly_sql_rows_free(first);
    joinly_sql_rows_free(rows);
}

static void what_is_refused(void) {
    joinly_store* store = open_store("memory:");
    joinly_sql_param param = {0};
    joinly_sql_options options = {0};
    joinly_sql_rows* rows = NULL;
    const char* const writes[] = {"DELETE FROM kv",
                                  "CREATE TABLE t (x)",
                                  "PRAGMA user_version = 7",
                                  "ATTACH 'joinly-must-not-exist.db' AS x",
                                  "VACUUM INTO 'joinly-must-not-exist.db'",
                                  "BEGIN",
                                  "SELECT 1; DELETE FROM kv",
                                  "SELECT 1; SELECT 2",
                                  "no SQL",
                                  "SELECT * FROM sqlite_dbpage",
                                  "",
                                  "SELECT \xff"};
    put(store, "k", "v");
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        CHECK(status_of(store, writes[i], NULL, 0) == JOINLY_INVALID);
    }
    CHECK(fopen("joinly-must-not-exist.db", "rb") == NULL);
    CHECK(status_of(store, "SELECT zeroblob(100000000)", NULL, 0) == JOINLY_TOO_LARGE);

    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_OK);
    CHECK(status_of(store, "SELECT ?", NULL, 1) == JOINLY_INVALID);
    CHECK(status_of(store, "SELECT ?", &param, 0) == JOINLY_INVALID);
    CHECK(status_of(store, "SELECT ?", &param, SIZE_MAX) == JOINLY_TOO_LARGE);
    CHECK(status_of(store, "SELECT 1", &param, 1) == JOINLY_INVALID);
    param.kind = 77;
    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_INVALID);
    param.kind = JOINLY_SQL_TEXT;
    param.data = (const uint8_t*)"\xff";
    param.len = 1;
    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_INVALID);
    param.data = NULL;
    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_INVALID);
    param.len = SIZE_MAX;
    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_TOO_LARGE);
    param.kind = JOINLY_SQL_NULL;
    param.reserved = 1;
    CHECK(status_of(store, "SELECT ?", &param, 1) == JOINLY_INVALID);
    param.reserved = 0;
    param.name = (const uint8_t*)"x";
    param.name_len = 1;
    CHECK(status_of(store, "SELECT :y", &param, 1) == JOINLY_INVALID);
    CHECK(status_of(store, "SELECT :x", &param, 1) == JOINLY_OK);
    param.name_len = SIZE_MAX;
    CHECK(status_of(store, "SELECT :x", &param, 1) == JOINLY_TOO_LARGE);

    options.struct_size = 3;
    CHECK_STATUS(JOINLY_INVALID, joinly_sql_query(store, BYTES("SELECT 1"), NULL, 0, &options, &rows, NULL, &error));
    options.struct_size = sizeof options;
    options.reserved = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_sql_query(store, BYTES("SELECT 1"), NULL, 0, &options, &rows, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_sql_query(store, BYTES("SELECT 1"), NULL, 0, NULL, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_sql_query(store, NULL, 1, NULL, 0, NULL, &rows, NULL, &error));
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_sql_query(store, NULL, SIZE_MAX, NULL, 0, NULL, &rows, NULL, &error));

    options.reserved = 0;
    options.timeout_ms = 20;
    CHECK_STATUS(JOINLY_TIMEOUT,
                 joinly_sql_query(store,
                                  BYTES("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                        "SELECT count(*) FROM n"),
                                  NULL, 0, &options, &rows, NULL, &error));
    CHECK(rows == NULL);
    CHECK(status_of(store, "SELECT 1", NULL, 0) == JOINLY_OK);
    joinly_store_free(store);
}

static void another_store_writes_meanwhile(const char* path) {
    joinly_store* store = open_store(path);
    joinly_store* other = open_store(path);
    joinly_sql_rows* rows = NULL;
    joinly_sql* cursor = NULL;
    joinly_sql_options options = {0};
    size_t count = 0;
    options.struct_size = sizeof options;
    options.max_rows = 1;
    put(store, "player:1", "{\"name\":\"Ada\"}");
    put(store, "player:2", "{\"name\":\"Bob\"}");
    CHECK_OK(joinly_sql_query(store, BYTES("SELECT name FROM players ORDER BY id"), NULL, 0, &options, &rows, &cursor,
                              &error));
    CHECK(is_text(joinly_sql_rows_values(rows, &count), "Ada"));
    put(other, "player:2", "{\"name\":\"Eve\"}");
    joinly_sql_rows_free(rows);
    CHECK_OK(joinly_sql_next(cursor, 0, &rows, &error));
    CHECK(is_text(joinly_sql_rows_values(rows, &count), "Bob") && count == 1);
    joinly_sql_rows_free(rows);
    joinly_sql_free(cursor);
    CHECK_OK(
        joinly_sql_query(store, BYTES("SELECT name FROM players WHERE id = '2'"), NULL, 0, NULL, &rows, NULL, &error));
    CHECK(is_text(joinly_sql_rows_values(rows, &count), "Eve"));
    joinly_sql_rows_free(rows);
    joinly_store_free(other);
    joinly_store_free(store);
}

int main(void) {
    every_kind_there_and_back();
    pages_are_of_one_moment();
    what_is_refused();
    (void)remove("c_sql.db");
    another_store_writes_meanwhile("sqlite:c_sql.db?snapshot_max_age_ms=60000");
    (void)remove("c_sql.db");
    return EXIT_SUCCESS;
}
