/* Arguments that no export may believe: missing outputs, lengths, texts, structs of another size. */
#include "misuse.h"

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

int main(void) {
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
