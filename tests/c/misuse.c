/* Every export, used wrongly in every way a script could: each answers a status, none crashes. */
#include "check.h"

static joinly_store* open_memory(void) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    return store;
}

/* An output that a failed call must clear. */
#define DIRTY(type) ((type*)(uintptr_t)0xD1)

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

/* One live object of every type. */
typedef struct {
    joinly_store* store;
    joinly_txn* txn;
    joinly_batch* batch;
    joinly_cache* cache;
    joinly_watch* watch;
    joinly_value* value;
    joinly_page* page;
    joinly_changes* changes;
    joinly_sql* query;
    joinly_sql_rows* rows;
    joinly_error* error;
} objects;

static objects make_objects(void) {
    objects all = {0};
    all.store = open_memory();
    CHECK_OK(joinly_watch_open(all.store, JOINLY_FROM_NOW, NULL, 0, &all.watch, &error));
    CHECK_OK(joinly_kv_put(all.store, BYTES("k"), BYTES("v"), &error));
    CHECK_OK(joinly_watch_poll(all.watch, 0, &all.changes, &error));
    CHECK_OK(joinly_txn_begin(all.store, &all.txn, &error));
    CHECK_OK(joinly_batch_new(&all.batch, &error));
    CHECK_OK(joinly_cache_new(NULL, &all.cache, &error));
    CHECK_OK(joinly_kv_get(all.store, BYTES("k"), &all.value, &error));
    CHECK_OK(joinly_kv_scan_prefix(all.store, NULL, 0, NULL, &all.page, &error));
    joinly_sql_options one = {0};
    one.struct_size = sizeof one;
    one.max_rows = 1;
    CHECK_OK(joinly_sql_query(all.store, BYTES("SELECT 1 UNION ALL SELECT 2"), NULL, 0, &one, &all.rows, &all.query,
                              &error));
    CHECK(joinly_kv_get(all.store, NULL, 0, &(joinly_value*){NULL}, &all.error) == JOINLY_INVALID);
    return all;
}

static void free_objects(const objects* all) {
    joinly_error_free(all->error);
    joinly_sql_rows_free(all->rows);
    joinly_sql_free(all->query);
    joinly_changes_free(all->changes);
    joinly_page_free(all->page);
    joinly_value_free(all->value);
    joinly_watch_free(all->watch);
    joinly_cache_free(all->cache);
    joinly_batch_free(all->batch);
    joinly_txn_free(all->txn);
    joinly_store_free(all->store);
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

/* NULL where an output is needed, and where it may be left out. */
static void null_outputs(void) {
    const joinly_status bad = JOINLY_INVALID;
    const objects all = make_objects();
    const joinly_bytes keys[] = {{BYTES("k")}};
    uint8_t buffer[8];
    CHECK_STATUS(bad, joinly_store_open("memory:", NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_store_open_config("none.toml", NULL, &error));
    CHECK_STATUS(bad, joinly_store_version(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_store_now(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_store_stats(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_store_limits(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_store_capabilities(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_kv_get(all.store, BYTES("k"), NULL, &error));
    CHECK_STATUS(bad, joinly_kv_get_into(all.store, BYTES("k"), buffer, sizeof buffer, NULL, &error));
    CHECK_STATUS(bad, joinly_kv_exists(all.store, BYTES("k"), NULL, &error));
    CHECK_STATUS(bad, joinly_kv_get_many(all.store, keys, 1, NULL, &error));
    CHECK_STATUS(bad, joinly_kv_scan(all.store, NULL, 0, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_kv_scan_prefix(all.store, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_batch_new(NULL, &error));
    CHECK_STATUS(bad, joinly_txn_begin(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_txn_get(all.txn, BYTES("k"), NULL, &error));
    CHECK_STATUS(bad, joinly_txn_get_into(all.txn, BYTES("k"), buffer, sizeof buffer, NULL, &error));
    CHECK_STATUS(bad, joinly_txn_scan(all.txn, NULL, 0, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_txn_scan_prefix(all.txn, NULL, 0, NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_watch_open(all.store, 0, NULL, 0, NULL, &error));
    CHECK_STATUS(bad, joinly_watch_poll(all.watch, 0, NULL, &error));
    CHECK_STATUS(bad, joinly_index_list(all.store, NULL, &error));
    CHECK_STATUS(bad, joinly_index_find(all.store, "index", NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_sql_query(all.store, BYTES("SELECT 1"), NULL, 0, NULL, NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_sql_next(all.query, 1, NULL, &error));
    CHECK_STATUS(bad, joinly_cache_new(NULL, NULL, &error));
    CHECK_STATUS(bad, joinly_cache_get(all.cache, BYTES("k"), NULL, &error));
    CHECK_STATUS(bad, joinly_cache_get_into(all.cache, BYTES("k"), buffer, sizeof buffer, NULL, &error));
    CHECK_STATUS(bad, joinly_cache_stats_get(all.cache, NULL, &error));

    CHECK_OK(joinly_kv_add(all.store, BYTES("n"), 1, NULL, &error));
    CHECK_OK(joinly_txn_add(all.txn, BYTES("m"), 1, NULL, &error));
    CHECK_OK(joinly_store_commit(all.store, all.batch, NULL, &error));
    CHECK_OK(joinly_txn_commit(all.txn, NULL, &error));
    CHECK(joinly_kv_get(all.store, NULL, 0, NULL, NULL) == JOINLY_INVALID);
    CHECK(joinly_value_data(all.value, NULL) != NULL);
    CHECK(joinly_page_rows(all.page, NULL) != NULL);
    CHECK(joinly_page_cursor(all.page, NULL) == NULL);
    CHECK(joinly_changes_rows(all.changes, NULL) != NULL);
    free_objects(&all);
}

/* Keys and values: NULL with a length, and lengths that must be refused before a byte is read. */
static void bytes_of(joinly_status bad, const uint8_t* data, size_t len) {
    const objects all = make_objects();
    const joinly_bytes keys[] = {{BYTES("k")}, {data, len}};
    joinly_scan_options scan = {0};
    joinly_value* value = NULL;
    joinly_page* page = NULL;
    joinly_watch* watch = NULL;
    uint8_t buffer[8];
    uint8_t exists = 0;
    size_t size = 0;
    scan.struct_size = sizeof scan;
    scan.cursor = data;
    scan.cursor_len = len;

    CHECK_STATUS(bad, joinly_kv_get(all.store, data, len, &value, &error));
    CHECK_STATUS(bad, joinly_kv_get_into(all.store, data, len, buffer, sizeof buffer, &size, &error));
    CHECK_STATUS(bad, joinly_kv_exists(all.store, data, len, &exists, &error));
    CHECK_STATUS(bad, joinly_kv_get_many(all.store, keys, 2, &page, &error));
    CHECK_STATUS(bad, joinly_kv_put(all.store, data, len, BYTES("v"), &error));
    CHECK_STATUS(bad, joinly_kv_put(all.store, BYTES("k"), data, len, &error));
    CHECK_STATUS(bad, joinly_kv_put_ttl(all.store, data, len, BYTES("v"), 1, &error));
    CHECK_STATUS(bad, joinly_kv_put_ttl(all.store, BYTES("k"), data, len, 1, &error));
    CHECK_STATUS(bad, joinly_kv_delete(all.store, data, len, &error));
    CHECK_STATUS(bad, joinly_kv_expire(all.store, data, len, 1, &error));
    CHECK_STATUS(bad, joinly_kv_add(all.store, data, len, 1, NULL, &error));
    CHECK_STATUS(bad, joinly_kv_scan(all.store, data, len, NULL, 0, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_kv_scan(all.store, NULL, 0, data, len, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_kv_scan(all.store, NULL, 0, NULL, 0, &scan, &page, &error));
    CHECK_STATUS(bad, joinly_kv_scan_prefix(all.store, data, len, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_kv_scan_prefix(all.store, NULL, 0, &scan, &page, &error));
    CHECK_STATUS(bad, joinly_batch_check(all.batch, data, len, 0, &error));
    CHECK_STATUS(bad, joinly_batch_put(all.batch, data, len, BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_batch_put(all.batch, BYTES("k"), data, len, 0, &error));
    CHECK_STATUS(bad, joinly_batch_delete(all.batch, data, len, &error));
    CHECK_STATUS(bad, joinly_batch_add(all.batch, data, len, 1, &error));
    CHECK_STATUS(bad, joinly_batch_expire(all.batch, data, len, 1, &error));
    CHECK(joinly_batch_len(all.batch) == 0);
    CHECK_STATUS(bad, joinly_txn_get(all.txn, data, len, &value, &error));
    CHECK_STATUS(bad, joinly_txn_get_into(all.txn, data, len, buffer, sizeof buffer, &size, &error));
    CHECK_STATUS(bad, joinly_txn_scan(all.txn, data, len, NULL, 0, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_txn_scan(all.txn, NULL, 0, data, len, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_txn_scan_prefix(all.txn, data, len, NULL, &page, &error));
    CHECK_STATUS(bad, joinly_txn_put(all.txn, data, len, BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_txn_put(all.txn, BYTES("k"), data, len, 0, &error));
    CHECK_STATUS(bad, joinly_txn_delete(all.txn, data, len, &error));
    CHECK_STATUS(bad, joinly_txn_add(all.txn, data, len, 1, NULL, &error));
    CHECK_STATUS(bad, joinly_watch_open(all.store, 0, data, len, &watch, &error));
    CHECK_STATUS(bad, joinly_index_declare(all.store, "index", data, len, "$.a", &error));
    CHECK_STATUS(bad, joinly_cache_set(all.cache, data, len, BYTES("v"), 0, &error));
    CHECK_STATUS(bad, joinly_cache_set(all.cache, BYTES("k"), data, len, 0, &error));
    CHECK_STATUS(bad, joinly_cache_get(all.cache, data, len, &value, &error));
    CHECK_STATUS(bad, joinly_cache_get_into(all.cache, data, len, buffer, sizeof buffer, &size, &error));
    CHECK_STATUS(bad, joinly_cache_delete(all.cache, data, len, &error));
    CHECK(value == NULL && page == NULL && watch == NULL && size == 0 && exists == 0);

    CHECK_OK(joinly_kv_get(all.store, BYTES("k"), &value, &error));
    CHECK(memcmp(joinly_value_data(value, &size), "v", 1) == 0 && size == 1);
    joinly_value_free(value);
    free_objects(&all);
}

/* NULL and malformed names, paths and URLs. */
static void bad_strings(void) {
    const joinly_status bad = JOINLY_INVALID;
    joinly_store* store = DIRTY(joinly_store);
    joinly_page* page = DIRTY(joinly_page);
    CHECK_STATUS(bad, joinly_store_open(NULL, NULL, &store, &error));
    CHECK(store == NULL);
    store = DIRTY(joinly_store);
    CHECK_STATUS(bad, joinly_store_open("memory:?\xff", NULL, &store, &error));
    CHECK(store == NULL);
    store = DIRTY(joinly_store);
    CHECK_STATUS(bad, joinly_store_open_config(NULL, &store, &error));
    CHECK(store == NULL);
    store = open_memory();
    CHECK_STATUS(bad, joinly_index_declare(store, NULL, BYTES("k"), "$.a", &error));
    CHECK_STATUS(bad, joinly_index_declare(store, "index", BYTES("k"), NULL, &error));
    CHECK_STATUS(bad, joinly_index_declare(store, "\xff", BYTES("k"), "$.a", &error));
    CHECK_STATUS(bad, joinly_index_drop(store, NULL, &error));
    CHECK_STATUS(bad, joinly_index_rebuild(store, NULL, &error));
    CHECK_STATUS(bad, joinly_index_find(store, NULL, NULL, &page, &error));
    CHECK(page == NULL);
    joinly_store_free(store);
}

/* Lists and buffers whose length and pointer do not agree. */
static void bad_lists(void) {
    joinly_store* store = open_memory();
    const joinly_bytes keys[] = {{BYTES("k")}};
    joinly_page* page = NULL;
    size_t len = 9;
    CHECK_STATUS(JOINLY_INVALID, joinly_kv_get_many(store, NULL, 1, &page, &error));
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_kv_get_many(store, keys, SIZE_MAX, &page, &error));
    CHECK(page == NULL);
    CHECK_OK(joinly_kv_get_many(store, NULL, 0, &page, &error));
    CHECK(joinly_page_rows(page, &len) == NULL && len == 0);
    joinly_page_free(page);

    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("value"), &error));
    CHECK_STATUS(JOINLY_BUFFER_TOO_SMALL, joinly_kv_get_into(store, BYTES("k"), NULL, 0, &len, &error));
    CHECK(len == 5);
    CHECK_STATUS(JOINLY_BUFFER_TOO_SMALL, joinly_kv_get_into(store, BYTES("k"), NULL, 100, &len, &error));
    CHECK(len == 5);
    joinly_store_free(store);
}

/* Sizes of a struct that its function refuses; `call` takes `p`. */
#define CHECK_STRUCT_SIZES(type, call)                          \
    do {                                                        \
        struct {                                                \
            type known;                                         \
            uint8_t tail[64];                                   \
        } given;                                                \
        type* const p = &given.known;                           \
        const uint32_t refused[] = {0, 1, 3, 4097, UINT32_MAX}; \
        for (size_t i = 0; i < 5; i++) {                        \
            memset(&given, 0, sizeof given);                    \
            given.known.struct_size = refused[i];               \
            CHECK_STATUS(JOINLY_INVALID, call);                 \
        }                                                       \
        memset(&given, 0, sizeof given);                        \
        given.known.struct_size = sizeof given;                 \
        given.tail[63] = 1;                                     \
        CHECK_STATUS(JOINLY_INVALID, call);                     \
        given.tail[63] = 0;                                     \
        CHECK_OK(call);                                         \
        given.known.struct_size = sizeof(uint32_t);             \
        CHECK_OK(call);                                         \
    } while (0)

static void struct_sizes(void) {
    joinly_store* store = open_memory();
    joinly_store* opened = NULL;
    joinly_cache* cache = NULL;
    joinly_txn* txn = NULL;
    joinly_page* page = NULL;
    CHECK_OK(joinly_index_declare(store, "index", BYTES("k"), "$.a", &error));
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_STRUCT_SIZES(joinly_options, (joinly_store_free(opened), joinly_store_open("memory:", p, &opened, &error)));
    CHECK_STRUCT_SIZES(joinly_cache_options, (joinly_cache_free(cache), joinly_cache_new(p, &cache, &error)));
    CHECK_STRUCT_SIZES(joinly_scan_options,
                       (joinly_page_free(page), joinly_kv_scan(store, NULL, 0, NULL, 0, p, &page, &error)));
    CHECK_STRUCT_SIZES(joinly_scan_options,
                       (joinly_page_free(page), joinly_kv_scan_prefix(store, NULL, 0, p, &page, &error)));
    CHECK_STRUCT_SIZES(joinly_scan_options,
                       (joinly_page_free(page), joinly_txn_scan(txn, NULL, 0, NULL, 0, p, &page, &error)));
    CHECK_STRUCT_SIZES(joinly_scan_options,
                       (joinly_page_free(page), joinly_txn_scan_prefix(txn, NULL, 0, p, &page, &error)));
    CHECK_STRUCT_SIZES(joinly_find_options,
                       (joinly_page_free(page), joinly_index_find(store, "index", p, &page, &error)));
    joinly_page_free(page);
    joinly_txn_free(txn);
    joinly_cache_free(cache);
    joinly_store_free(opened);
    joinly_store_free(store);
}

/* Output structs of older and newer callers: filled as far as both know, and not a byte further. */
static void output_struct_sizes(void) {
    joinly_store* store = open_memory();
    joinly_cache* cache = NULL;
    CHECK_OK(joinly_cache_new(NULL, &cache, &error));
    struct {
        joinly_stats stats;
        joinly_limits limits;
        joinly_cache_stats cache;
    } out;
    memset(&out, 0, sizeof out);
    CHECK_STATUS(JOINLY_INVALID, joinly_store_stats(store, &out.stats, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_store_limits(store, &out.limits, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_cache_stats_get(cache, &out.cache, &error));

    memset(&out, 0xAB, sizeof out);
    out.stats.struct_size = offsetof(joinly_stats, cache_misses);
    out.limits.struct_size = offsetof(joinly_limits, max_key_bytes);
    out.cache.struct_size = offsetof(joinly_cache_stats, misses);
    CHECK_OK(joinly_store_stats(store, &out.stats, &error));
    CHECK_OK(joinly_store_limits(store, &out.limits, &error));
    CHECK_OK(joinly_cache_stats_get(cache, &out.cache, &error));
    CHECK(out.stats.struct_size == offsetof(joinly_stats, cache_misses));
    CHECK(out.stats.cache_hits == 0 && out.stats.cache_misses == 0xABABABABABABABABU);
    CHECK(out.limits.max_batch_ops > 0 && out.limits.max_key_bytes == 0xABABABABABABABABU);
    CHECK(out.cache.hits == 0 && out.cache.misses == 0xABABABABABABABABU);
    joinly_cache_free(cache);
    joinly_store_free(store);
}

static void bad_find(void) {
    joinly_store* store = open_memory();
    joinly_page* page = DIRTY(joinly_page);
    joinly_find_options find = {0};
    CHECK_OK(joinly_index_declare(store, "index", BYTES("k"), "$.a", &error));
    find.struct_size = sizeof find;
    find.cursor = (const uint8_t*)"no cursor";
    find.cursor_len = 9;
    CHECK_STATUS(JOINLY_INVALID, joinly_index_find(store, "index", &find, &page, &error));
    CHECK(page == NULL);
    find.cursor_len = SIZE_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_index_find(store, "index", &find, &page, &error));
    find.cursor = NULL;
    find.cursor_len = 0;
    find.equal = (const uint8_t*)"1";
    find.equal_len = SIZE_MAX;
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_index_find(store, "index", &find, &page, &error));
    joinly_store_free(store);
}

static void reserved_fields(void) {
    joinly_store* store = DIRTY(joinly_store);
    joinly_options options = {0};
    options.struct_size = sizeof options;
    options.reserved[1] = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_store_open("memory:", &options, &store, &error));
    CHECK(store == NULL);
    options.reserved[1] = 0;
    options.durability = 77;
    CHECK_STATUS(JOINLY_INVALID, joinly_store_open("memory:", &options, &store, &error));
    options.durability = JOINLY_DURABILITY_DEFAULT;
    options.compress_level = 99;
    CHECK_STATUS(JOINLY_INVALID, joinly_store_open("memory:", &options, &store, &error));
    CHECK(store == NULL);
}

static void no_object_at_all(void) {
    CHECK(joinly_abi_version() == JOINLY_ABI_VERSION);
    CHECK(strstr(joinly_version_string(), "SQLite") != NULL);
    CHECK(joinly_python_store_type() == NULL);
    CHECK(strcmp(joinly_status_name(JOINLY_OK), "OK") == 0);
    const joinly_status unknown[] = {-1, 31, 1000000, INT32_MAX, INT32_MIN};
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
    null_outputs();
    bytes_of(JOINLY_INVALID, NULL, 1);
    bytes_of(JOINLY_TOO_LARGE, NULL, SIZE_MAX);
    bytes_of(JOINLY_TOO_LARGE, (const uint8_t*)"short", SIZE_MAX);
    bad_strings();
    bad_lists();
    struct_sizes();
    output_struct_sizes();
    bad_find();
    reserved_fields();
    return EXIT_SUCCESS;
}
