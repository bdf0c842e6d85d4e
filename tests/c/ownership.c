/* What reads return belongs to the caller: it outlives overwriting, eviction, and the store itself. */
#include "check.h"

static void check_value(const joinly_value* value, const char* expected) {
    size_t len = 0;
    const uint8_t* data = joinly_value_data(value, &len);
    CHECK(len == strlen(expected));
    CHECK(memcmp(data, expected, len) == 0);
}

static void pins_outlive_everything(const char* url) {
    joinly_store* store = NULL;
    joinly_value* first = NULL;
    joinly_value* second = NULL;
    joinly_value* empty = NULL;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("first"), &error));
    CHECK_OK(joinly_kv_put(store, BYTES("empty"), NULL, 0, &error));
    CHECK_OK(joinly_kv_get(store, BYTES("k"), &first, &error));
    CHECK_OK(joinly_kv_get(store, BYTES("empty"), &empty, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("second"), &error));
    CHECK_OK(joinly_kv_get(store, BYTES("k"), &second, &error));
    CHECK_OK(joinly_kv_delete(store, BYTES("k"), &error));
    CHECK(joinly_value_version(second) > joinly_value_version(first));
    CHECK_OK(joinly_store_close(store, &error));

    check_value(first, "first");
    check_value(second, "second");
    check_value(empty, "");
    CHECK(joinly_value_data(empty, NULL) != NULL);
    CHECK(joinly_value_expires_at(first) == 0);
    joinly_value_free(first);
    check_value(second, "second");
    joinly_value_free(second);
    joinly_value_free(empty);
}

static void pages_outlive_everything(void) {
    joinly_store* store = NULL;
    joinly_page* page = NULL;
    joinly_scan_options options = {0};
    options.struct_size = sizeof options;
    options.limit = 2;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("a"), BYTES("1"), &error));
    CHECK_OK(joinly_kv_put_ttl(store, BYTES("b"), BYTES(""), 3600000, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("c"), BYTES("3"), &error));
    CHECK_OK(joinly_kv_scan_prefix(store, NULL, 0, &options, &page, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("a"), BYTES("changed"), &error));
    joinly_store_free(store);

    size_t count = 0;
    size_t cursor_len = 0;
    const joinly_row* rows = joinly_page_rows(page, &count);
    CHECK(count == 2);
    CHECK(rows[0].key_len == 1 && rows[0].key[0] == 'a');
    CHECK(rows[0].value_len == 1 && rows[0].value[0] == '1');
    CHECK(rows[0].version > 0 && rows[0].expires_at == 0);
    CHECK(rows[1].value_len == 0 && rows[1].value != NULL);
    CHECK(rows[1].version > rows[0].version && rows[1].expires_at > 0);
    CHECK(joinly_page_cursor(page, &cursor_len) != NULL && cursor_len > 0);
    joinly_page_free(page);
}

static void a_scan_of_keys_has_no_values(void) {
    joinly_store* store = NULL;
    joinly_page* page = NULL;
    joinly_scan_options options = {0};
    options.struct_size = sizeof options;
    options.keys_only = 1;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("a"), BYTES("1"), &error));
    CHECK_OK(joinly_kv_scan_prefix(store, NULL, 0, &options, &page, &error));
    size_t count = 0;
    const joinly_row* rows = joinly_page_rows(page, &count);
    CHECK(count == 1 && rows[0].value == NULL && rows[0].value_len == 0 && rows[0].version > 0);
    joinly_page_free(page);
    joinly_store_free(store);
}

/* The bytes behind a buffer that is too small, and those before, stay as they were. */
static void small_buffers_are_left_alone(const char* url) {
    joinly_store* store = NULL;
    joinly_txn* txn = NULL;
    joinly_cache* cache = NULL;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    CHECK_OK(joinly_cache_new(NULL, &cache, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("0123456789"), &error));
    CHECK_OK(joinly_cache_set(cache, BYTES("k"), BYTES("0123456789"), 0, &error));
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    for (size_t cap = 0; cap < 12; cap++) {
        const joinly_status expected = cap < 10 ? JOINLY_BUFFER_TOO_SMALL : JOINLY_OK;
        for (int source = 0; source < 3; source++) {
            uint8_t buffer[16];
            size_t len = 0;
            memset(buffer, '#', sizeof buffer);
            switch (source) {
                case 0: CHECK_STATUS(expected, joinly_kv_get_into(store, BYTES("k"), buffer, cap, &len, &error)); break;
                case 1: CHECK_STATUS(expected, joinly_txn_get_into(txn, BYTES("k"), buffer, cap, &len, &error)); break;
                default: CHECK_STATUS(expected, joinly_cache_get_into(cache, BYTES("k"), buffer, cap, &len, &error));
            }
            CHECK(len == 10);
            CHECK(memcmp(buffer, expected == JOINLY_OK ? "0123456789######" : "################", 16) == 0);
        }
    }
    joinly_txn_free(txn);
    joinly_cache_free(cache);
    joinly_store_free(store);
}

/* Far more pins at a time than a cache of one byte could hold. */
static void many_pins_at_once(void) {
    enum { PINS = 5000 };
    static joinly_value* pins[PINS];
    joinly_options options = {0};
    joinly_store* store = NULL;
    options.struct_size = sizeof options;
    options.cache_bytes = 1;
    CHECK_OK(joinly_store_open("memory:", &options, &store, &error));
    for (int i = 0; i < PINS; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        CHECK_OK(joinly_kv_put(store, BYTES("k"), (const uint8_t*)text, strlen(text), &error));
        CHECK_OK(joinly_kv_get(store, BYTES("k"), &pins[i], &error));
    }
    joinly_store_free(store);
    for (int i = 0; i < PINS; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        check_value(pins[i], text);
        joinly_value_free(pins[i]);
    }
}

static void batches_belong_to_no_store(void) {
    joinly_store* stores[2] = {NULL, NULL};
    joinly_batch* batch = NULL;
    uint64_t versions[3] = {0};
    CHECK_OK(joinly_batch_new(&batch, &error));
    CHECK_OK(joinly_batch_add(batch, BYTES("n"), 1, &error));
    CHECK_OK(joinly_batch_put(batch, BYTES("k"), BYTES("v"), 0, &error));
    CHECK(joinly_batch_len(batch) == 2);
    CHECK_OK(joinly_store_open("memory:", NULL, &stores[0], &error));
    CHECK_OK(joinly_store_open("memory:", NULL, &stores[1], &error));
    CHECK_OK(joinly_store_commit(stores[0], batch, &versions[0], &error));
    CHECK_OK(joinly_store_commit(stores[0], batch, &versions[1], &error));
    CHECK_OK(joinly_store_commit(stores[1], batch, &versions[2], &error));
    CHECK(versions[1] > versions[0] && versions[2] > 0);
    int64_t sums[2] = {0};
    CHECK_OK(joinly_kv_add(stores[0], BYTES("n"), 0, &sums[0], &error));
    CHECK_OK(joinly_kv_add(stores[1], BYTES("n"), 0, &sums[1], &error));
    CHECK(sums[0] == 2 && sums[1] == 1);

    joinly_batch_clear(batch);
    CHECK(joinly_batch_len(batch) == 0);
    uint64_t before = 0;
    uint64_t after = 0;
    CHECK_OK(joinly_store_version(stores[0], &before, &error));
    CHECK_OK(joinly_store_commit(stores[0], batch, &after, &error));
    CHECK(after == before);
    joinly_batch_free(batch);
    joinly_store_free(stores[0]);
    joinly_store_free(stores[1]);
}

int main(void) {
    (void)remove("ownership.db");
    pins_outlive_everything("memory:");
    pins_outlive_everything("ownership.db");
    pages_outlive_everything();
    a_scan_of_keys_has_no_values();
    small_buffers_are_left_alone("memory:");
    small_buffers_are_left_alone("ownership.db");
    many_pins_at_once();
    batches_belong_to_no_store();
    return EXIT_SUCCESS;
}
