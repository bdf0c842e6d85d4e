/* What the tests of misuse share. */
#ifndef JOINLY_TEST_MISUSE_H
#define JOINLY_TEST_MISUSE_H

#include "model.h"

/* An output that a failed call must clear. */
#define DIRTY(type) ((type*)(uintptr_t)0xD1)

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

static inline objects make_objects(void) {
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

static inline void free_objects(const objects* all) {
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

#endif
