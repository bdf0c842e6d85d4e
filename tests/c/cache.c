/* The cache in memory that hosts may use without a store. */
#include "check.h"

static joinly_cache* make(uint64_t max_entries, uint64_t max_bytes, uint64_t default_ttl_ms) {
    joinly_cache* cache = NULL;
    joinly_cache_options options = {0};
    options.struct_size = sizeof options;
    options.max_entries = max_entries;
    options.max_bytes = max_bytes;
    options.default_ttl_ms = default_ttl_ms;
    CHECK_OK(joinly_cache_new(&options, &cache, &error));
    return cache;
}

static void set(joinly_cache* cache, const char* key, const char* value, uint64_t ttl_ms) {
    CHECK_OK(joinly_cache_set(cache, (const uint8_t*)key, strlen(key), (const uint8_t*)value, strlen(value), ttl_ms,
                              &error));
}

static int has(const joinly_cache* cache, const char* key) {
    joinly_value* value = NULL;
    const joinly_status status = joinly_cache_get(cache, (const uint8_t*)key, strlen(key), &value, NULL);
    CHECK(status == JOINLY_OK || status == JOINLY_NOT_FOUND);
    joinly_value_free(value);
    return status == JOINLY_OK;
}

static joinly_cache_stats stats_of(const joinly_cache* cache) {
    joinly_cache_stats stats = {0};
    stats.struct_size = sizeof stats;
    CHECK_OK(joinly_cache_stats_get(cache, &stats, &error));
    return stats;
}

static void the_least_recently_used_goes_first(void) {
    joinly_cache* cache = make(3, 0, 0);
    set(cache, "a", "1", 0);
    set(cache, "b", "2", 0);
    set(cache, "c", "3", 0);
    CHECK(has(cache, "a"));
    set(cache, "d", "4", 0);
    CHECK(!has(cache, "b"));
    CHECK(has(cache, "a") && has(cache, "c") && has(cache, "d"));
    set(cache, "a", "again", 0);
    set(cache, "e", "5", 0);
    CHECK(has(cache, "a") && !has(cache, "c"));
    const joinly_cache_stats stats = stats_of(cache);
    CHECK(stats.entries == 3 && stats.max_entries == 3 && stats.evictions == 2);
    CHECK(stats.hits == 5 && stats.misses == 2);
    joinly_cache_free(cache);
}

static void bytes_are_bounded(void) {
    joinly_cache* cache = make(0, 10000, 0);
    char value[1001];
    char key[16];
    memset(value, 'x', 1000);
    value[1000] = '\0';
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        set(cache, key, value, 0);
        CHECK(stats_of(cache).bytes <= 10000);
    }
    CHECK(has(cache, "k99") && !has(cache, "k0"));
    CHECK(stats_of(cache).entries >= 5);
    CHECK(stats_of(cache).max_bytes == 10000);
    joinly_cache_free(cache);
}

static void what_is_larger_than_the_cache_is_not_kept(void) {
    joinly_cache* cache = make(0, 1000, 0);
    char value[2001];
    memset(value, 'x', 2000);
    value[2000] = '\0';
    set(cache, "small", "1", 0);
    set(cache, "large", "1", 0);
    set(cache, "large", value, 0);
    CHECK(!has(cache, "large"));
    CHECK(stats_of(cache).bytes <= 1000);
    joinly_cache_free(cache);
}

/* Waits until a key is gone; the time-out only bounds the test. */
static int expires(const joinly_cache* cache, const char* key) {
    joinly_store* clock = NULL;
    int64_t start = 0;
    int64_t now = 0;
    CHECK_OK(joinly_store_open("memory:", NULL, &clock, &error));
    CHECK_OK(joinly_store_now(clock, &start, &error));
    do {
        CHECK_OK(joinly_store_now(clock, &now, &error));
    } while (has(cache, key) && now < start + 30000);
    joinly_store_free(clock);
    return !has(cache, key);
}

static void entries_expire(void) {
    joinly_cache* cache = make(0, 0, 0);
    set(cache, "short", "1", 5);
    set(cache, "long", "1", 3600000);
    set(cache, "ever", "1", 0);
    CHECK(expires(cache, "short"));
    CHECK(has(cache, "long") && has(cache, "ever"));
    set(cache, "short", "again", 0);
    CHECK(has(cache, "short"));
    CHECK(stats_of(cache).max_bytes == 64U << 20U);
    joinly_cache_free(cache);

    cache = make(10, 0, 5);
    set(cache, "default", "1", 0);
    set(cache, "own", "1", 3600000);
    CHECK(expires(cache, "default"));
    CHECK(has(cache, "own"));
    joinly_cache_free(cache);
}

static void deleting_and_clearing(void) {
    joinly_cache* cache = make(10, 0, 0);
    set(cache, "a", "1", 0);
    set(cache, "b", "2", 0);
    CHECK_OK(joinly_cache_delete(cache, BYTES("a"), &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_cache_delete(cache, BYTES("a"), &error));
    CHECK(!has(cache, "a") && has(cache, "b"));
    joinly_cache_clear(cache);
    CHECK(!has(cache, "b"));
    CHECK(stats_of(cache).entries == 0);
    CHECK(stats_of(cache).hits == 1 && stats_of(cache).misses == 2);
    set(cache, "b", "3", 0);
    CHECK(has(cache, "b"));
    joinly_cache_free(cache);
}

static void pins_outlive_the_cache(void) {
    joinly_cache* cache = make(1, 0, 0);
    joinly_value* value = NULL;
    size_t len = 0;
    set(cache, "a", "pinned", 0);
    CHECK_OK(joinly_cache_get(cache, BYTES("a"), &value, &error));
    set(cache, "b", "evicts", 0);
    joinly_cache_free(cache);
    CHECK(memcmp(joinly_value_data(value, &len), "pinned", 6) == 0 && len == 6);
    CHECK(joinly_value_version(value) == 0);
    joinly_value_free(value);
}

int main(void) {
    the_least_recently_used_goes_first();
    bytes_are_bounded();
    what_is_larger_than_the_cache_is_not_kept();
    entries_expire();
    deleting_and_clearing();
    pins_outlive_the_cache();
    return EXIT_SUCCESS;
}
