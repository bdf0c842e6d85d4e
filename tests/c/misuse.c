/* Every export, given a handle that is none, of another type, or of something that is gone: each answers a status. */
#include "misuse.h"

/* `p` is no live store. */
static void bad_store(void* p, joinly_batch* batch) {
    joinly_store* s = p;
    const joinly_status bad = JOINLY_BAD_HANDLE;
    const joinly_bytes keys[] = {{BYTES("k")}};
    joinly_value* value = DIRTY(joinly_value);
    joinly_page* page = DIRTY(joinly_page);
    joinly_txn* txn = DIRTY(joinly_txn);
    joinly_watch* watch = DIRTY(joinly_watch);
    joinly_stats stats = {0};
    joinly_limits limits = {0};
    joinly_capabilities capabilities = {0};
    uint8_t buffer[8];
    uint8_t exists = 9;
    uint64_t version = 9;
    int64_t number = 9;
    size_t len = 9;
    stats.struct_size = sizeof stats;
    limits.struct_size = sizeof limits;
    capabilities.struct_size = sizeof capabilities;

    CHECK_STATUS(bad, joinly_kv_get(s, BYTES("k"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(bad, joinly_kv_get_into(s, BYTES("k"), buffer, sizeof buffer, &len, &error));
    CHECK(len == 0);
    CHECK_STATUS(bad, joinly_kv_exists(s, BYTES("k"), &exists, &error));
    CHECK(exists == 0);
    CHECK_STATUS(bad, joinly_kv_get_many(s, keys, 1, &page, &error));
    CHECK(page == NULL);
    CHECK_STATUS(bad, joinly_kv_put(s, BYTES("k"), BYTES("v"), &error));
    CHECK_STATUS(bad, joinly_kv_put_ttl(s, BYTES("k"), BYTES("v"), 1000, &error));
    CHECK_STATUS(bad, joinly_kv_delete(s, BYTES("k"), &error));
    CHECK_STATUS(bad, joinly_kv_expire(s, BYTES("k"), 1000, &error));
    CHECK_STATUS(bad, joinly_kv_add(s, BYTES("k"), 1, &number, &error));
    CHECK(number == 0);
    page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_kv_scan(s, BYTES("a"), BYTES("z"), NULL, &page, &error));
    CHECK(page == NULL);
    page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_kv_scan_prefix(s, BYTES("a"), NULL, &page, &error));
    CHECK(page == NULL);

    CHECK_STATUS(bad, joinly_store_commit(s, batch, &version, &error));
    CHECK(version == 0);
    CHECK_STATUS(bad, joinly_txn_begin(s, &txn, &error));
    CHECK(txn == NULL);
    CHECK_STATUS(bad, joinly_watch_open(s, 0, BYTES("k"), &watch, &error));
    CHECK(watch == NULL);

    joinly_sql* cursor = DIRTY(joinly_sql);
    joinly_sql_rows* rows = DIRTY(joinly_sql_rows);
    CHECK_STATUS(bad, joinly_sql_query(s, BYTES("SELECT 1"), NULL, 0, NULL, &rows, &cursor, &error));
    CHECK(rows == NULL && cursor == NULL);

    CHECK_STATUS(bad, joinly_index_declare(s, "index", BYTES("k"), "$.a", &error));
    CHECK_STATUS(bad, joinly_index_drop(s, "index", &error));
    CHECK_STATUS(bad, joinly_index_rebuild(s, "index", &error));
    page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_index_list(s, &page, &error));
    CHECK(page == NULL);
    page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_index_find(s, "index", NULL, &page, &error));
    CHECK(page == NULL);

    CHECK_STATUS(bad, joinly_store_flush(s, 0, &error));
    CHECK_STATUS(bad, joinly_store_checkpoint(s, &error));
    CHECK_STATUS(bad, joinly_store_compact(s, &error));
    CHECK_STATUS(bad, joinly_store_verify(s, &error));
    version = 9;
    CHECK_STATUS(bad, joinly_store_version(s, &version, &error));
    CHECK(version == 0);
    number = 9;
    CHECK_STATUS(bad, joinly_store_now(s, &number, &error));
    CHECK(number == 0);
    CHECK_STATUS(bad, joinly_store_stats(s, &stats, &error));
    CHECK_STATUS(bad, joinly_store_limits(s, &limits, &error));
    CHECK_STATUS(bad, joinly_store_capabilities(s, &capabilities, &error));
    CHECK(joinly_store_engine(s) == NULL);
    CHECK_STATUS(bad, joinly_store_close(s, &error));
    joinly_store_free(s);
}

/* `p` is no live transaction, or a finished one: then `bad` is JOINLY_CLOSED. */
static void bad_txn(void* p, joinly_status bad) {
    joinly_txn* t = p;
    joinly_value* value = DIRTY(joinly_value);
    joinly_page* page = DIRTY(joinly_page);
    uint8_t buffer[8];
    int64_t number = 9;
    uint64_t version = 9;
    size_t len = 9;

    CHECK_STATUS(bad, joinly_txn_get(t, BYTES("k"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(bad, joinly_txn_get_into(t, BYTES("k"), buffer, sizeof buffer, &len, &error));
    CHECK(len == 0);
    CHECK_STATUS(bad, joinly_txn_scan(t, BYTES("a"), BYTES("z"), NULL, &page, &error));
    CHECK(page == NULL);
    page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_txn_scan_prefix(t, BYTES("a"), NULL, &page, &error));
    CHECK(page == NULL);
    CHECK_STATUS(bad, joinly_txn_put(t, BYTES("k"), BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_txn_delete(t, BYTES("k"), &error));
    CHECK_STATUS(bad, joinly_txn_add(t, BYTES("k"), 1, &number, &error));
    CHECK(number == 0);
    CHECK_STATUS(bad, joinly_txn_commit(t, &version, &error));
    CHECK(version == 0);
    CHECK_STATUS(bad, joinly_txn_rollback(t, &error));
    joinly_txn_free(t);
}

static void bad_batch(void* p, joinly_store* store) {
    joinly_batch* b = p;
    const joinly_status bad = JOINLY_BAD_HANDLE;
    uint64_t version = 9;
    CHECK_STATUS(bad, joinly_batch_check(b, BYTES("k"), 0, &error));
    CHECK_STATUS(bad, joinly_batch_put(b, BYTES("k"), BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_batch_delete(b, BYTES("k"), &error));
    CHECK_STATUS(bad, joinly_batch_add(b, BYTES("k"), 1, &error));
    CHECK_STATUS(bad, joinly_batch_expire(b, BYTES("k"), 1000, &error));
    CHECK_STATUS(bad, joinly_store_commit(store, b, &version, &error));
    CHECK(version == 0);
    CHECK(joinly_batch_len(b) == 0);
    joinly_batch_clear(b);
    joinly_batch_free(b);
}

static void bad_cache(void* p) {
    joinly_cache* c = p;
    const joinly_status bad = JOINLY_BAD_HANDLE;
    joinly_value* value = DIRTY(joinly_value);
    joinly_cache_stats stats = {0};
    uint8_t buffer[8];
    size_t len = 9;
    stats.struct_size = sizeof stats;
    CHECK_STATUS(bad, joinly_cache_set(c, BYTES("k"), BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_cache_get(c, BYTES("k"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(bad, joinly_cache_get_into(c, BYTES("k"), buffer, sizeof buffer, &len, &error));
    CHECK(len == 0);
    CHECK_STATUS(bad, joinly_cache_delete(c, BYTES("k"), &error));
    CHECK_STATUS(bad, joinly_cache_stats_get(c, &stats, &error));
    joinly_cache_clear(c);
    joinly_cache_free(c);
}

static void bad_watch(void* p, joinly_status bad) {
    joinly_changes* changes = DIRTY(joinly_changes);
    CHECK_STATUS(bad, joinly_watch_poll(p, 0, &changes, &error));
    CHECK(changes == NULL);
    if (bad == JOINLY_BAD_HANDLE) {
        CHECK(joinly_watch_version(p) == 0);
    }
    joinly_watch_free(p);
}

static void bad_query(void* p, joinly_status bad) {
    joinly_sql_rows* rows = DIRTY(joinly_sql_rows);
    CHECK_STATUS(bad, joinly_sql_next(p, 1, &rows, &error));
    CHECK(rows == NULL);
    joinly_sql_free(p);
}

/* `p` is none of the objects that reads return. */
static void bad_result(void* p) {
    size_t size = 9;
    CHECK(joinly_value_data(p, &size) == NULL && size == 0);
    CHECK(joinly_value_data(p, NULL) == NULL);
    CHECK(joinly_value_version(p) == 0);
    CHECK(joinly_value_expires_at(p) == 0);
    joinly_value_free(p);

    size = 9;
    CHECK(joinly_page_rows(p, &size) == NULL && size == 0);
    CHECK(joinly_page_rows(p, NULL) == NULL);
    size = 9;
    CHECK(joinly_page_cursor(p, &size) == NULL && size == 0);
    CHECK(joinly_page_cursor(p, NULL) == NULL);
    joinly_page_free(p);

    size = 9;
    CHECK(joinly_changes_rows(p, &size) == NULL && size == 0);
    CHECK(joinly_changes_rows(p, NULL) == NULL);
    CHECK(joinly_changes_version(p) == 0);
    CHECK(joinly_changes_time(p) == 0);
    joinly_changes_free(p);

    size = 9;
    CHECK(joinly_sql_rows_columns(p, &size) == NULL && size == 0);
    CHECK(joinly_sql_rows_columns(p, NULL) == NULL);
    size = 9;
    CHECK(joinly_sql_rows_values(p, &size) == NULL && size == 0);
    CHECK(joinly_sql_rows_values(p, NULL) == NULL);
    CHECK(joinly_sql_rows_more(p) == 0);
    joinly_sql_rows_free(p);

    CHECK(joinly_error_status(p) == JOINLY_BAD_HANDLE);
    CHECK(strcmp(joinly_error_message(p), "") == 0);
    CHECK(joinly_error_engine_code(p) == 0);
    CHECK(joinly_error_present_version(p) == 0);
    joinly_error_free(p);
}

/* What is no handle at all, by every function that takes one. */
static void invented_handles(void) {
    joinly_store* store = open_memory();
    joinly_batch* batch = NULL;
    CHECK_OK(joinly_batch_new(&batch, &error));
    int local = 0;
    void* const invented[] = {
        NULL, &local, (void*)1, (void*)UINTPTR_MAX, (void*)(UINTPTR_MAX >> 17U), (void*)(uintptr_t)0x200000000000U};
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        bad_store(invented[i], batch);
        bad_txn(invented[i], JOINLY_BAD_HANDLE);
        bad_batch(invented[i], store);
        bad_cache(invented[i]);
        bad_watch(invented[i], JOINLY_BAD_HANDLE);
        bad_query(invented[i], JOINLY_BAD_HANDLE);
        bad_result(invented[i]);
    }
    joinly_batch_free(batch);
    CHECK_OK(joinly_store_close(store, &error));
}

/* Live handles of one type, given to functions of all others; they stay alive. */
static void foreign_handles(void) {
    const objects all = make_objects();
    void* const others[] = {all.txn,  all.batch,   all.cache, all.watch, all.value,
                            all.page, all.changes, all.query, all.rows,  all.error};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        bad_store(others[i], all.batch);
    }
    void* const simple[] = {all.store, all.value, all.page, all.changes, all.rows, all.error};
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        bad_txn(simple[i], JOINLY_BAD_HANDLE);
        bad_batch(simple[i], all.store);
        bad_cache(simple[i]);
        bad_watch(simple[i], JOINLY_BAD_HANDLE);
        bad_query(simple[i], JOINLY_BAD_HANDLE);
    }
    void* const living[] = {all.store, all.txn, all.batch, all.cache, all.watch, all.query};
    for (size_t i = 0; i < sizeof living / sizeof living[0]; i++) {
        bad_result(living[i]);
    }
    size_t len = 0;
    CHECK(memcmp(joinly_value_data(all.value, &len), "v", 1) == 0 && len == 1);
    CHECK(joinly_page_rows(all.page, &len) != NULL && len == 1);
    CHECK(joinly_changes_rows(all.changes, &len) != NULL && len == 1);
    CHECK(joinly_sql_rows_values(all.rows, &len) != NULL && len == 1);
    CHECK(joinly_error_status(all.error) == JOINLY_INVALID);
    CHECK_OK(joinly_txn_rollback(all.txn, &error));
    CHECK_OK(joinly_kv_put(all.store, BYTES("k"), BYTES("w"), &error));
    free_objects(&all);
}

/* Handles used and freed again after their end, while their slots may have new owners. */
static void freed_handles(void) {
    const objects dead = make_objects();
    free_objects(&dead);
    const objects live = make_objects();
    free_objects(&dead);
    bad_store(dead.store, live.batch);
    bad_txn(dead.txn, JOINLY_BAD_HANDLE);
    bad_batch(dead.batch, live.store);
    bad_cache(dead.cache);
    bad_watch(dead.watch, JOINLY_BAD_HANDLE);
    bad_query(dead.query, JOINLY_BAD_HANDLE);
    void* const results[] = {dead.value, dead.page, dead.changes, dead.rows, dead.error};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        bad_result(results[i]);
    }
    size_t len = 0;
    CHECK(joinly_value_data(live.value, &len) != NULL && len == 1);
    CHECK_OK(joinly_txn_commit(live.txn, NULL, &error));
    CHECK_OK(joinly_cache_set(live.cache, BYTES("k"), BYTES("v"), 0, &error));
    free_objects(&live);
}

/* A store that is closed with its transaction, watch and results still there. */
static void closed_store(void) {
    const objects all = make_objects();
    CHECK_OK(joinly_store_close(all.store, &error));
    bad_store(all.store, all.batch);
    joinly_value* value = DIRTY(joinly_value);
    joinly_changes* changes = DIRTY(joinly_changes);
    CHECK_STATUS(JOINLY_CLOSED, joinly_txn_get(all.txn, BYTES("k"), &value, &error));
    CHECK(value == NULL);
    CHECK_STATUS(JOINLY_CLOSED, joinly_watch_poll(all.watch, 0, &changes, &error));
    CHECK(changes == NULL);
    bad_query(all.query, JOINLY_CLOSED);
    size_t len = 0;
    CHECK(joinly_value_data(all.value, &len) != NULL && len == 1);
    CHECK(joinly_page_rows(all.page, &len) != NULL && len == 1);
    CHECK(joinly_sql_rows_values(all.rows, &len) != NULL && len == 1);
    free_objects(&all);
}

static void finished_transaction(void) {
    joinly_store* store = open_memory();
    joinly_txn* txn = NULL;
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_OK(joinly_txn_commit(txn, NULL, &error));
    bad_txn(txn, JOINLY_CLOSED);
    bad_txn(txn, JOINLY_BAD_HANDLE);
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_OK(joinly_txn_rollback(txn, &error));
    bad_txn(txn, JOINLY_CLOSED);
    joinly_store_free(store);
}

static void no_object_at_all(void) {
    CHECK(joinly_abi_version() == JOINLY_ABI_VERSION);
    CHECK(strstr(joinly_version_string(), "SQLite") != NULL);
    CHECK(joinly_python_store_type() == NULL);
    CHECK(strcmp(joinly_status_name(JOINLY_OK), "OK") == 0);
    const joinly_status unknown[] = {-1, 34, 1000000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        CHECK(strcmp(joinly_status_name(unknown[i]), "UNKNOWN") == 0);
        CHECK(joinly_status_is_retryable(unknown[i]) == 0);
    }
    CHECK(joinly_status_is_retryable(JOINLY_CONFLICT) == 1);
    CHECK(joinly_status_is_retryable(JOINLY_OK) == 0);
    CHECK_STATUS(JOINLY_INVALID, joinly_log_set(NULL, NULL, -1, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_log_set(NULL, NULL, JOINLY_LOG_INFO + 1, &error));
    CHECK_OK(joinly_log_set(NULL, NULL, JOINLY_LOG_OFF, &error));
}

int main(void) {
    no_object_at_all();
    invented_handles();
    foreign_handles();
    freed_handles();
    closed_store();
    finished_transaction();
    return EXIT_SUCCESS;
}
