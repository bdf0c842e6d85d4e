/* Opening: paths, URLs, options, configuration files, and what is refused with which words. */
#include "check.h"

static void write_file(const char* path, const char* text) {
    FILE* file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

static void remove_store(void) {
    (void)remove("opening.db");
    (void)remove("opening.db-wal");
    (void)remove("opening.db-shm");
}

/* Opening fails with `expected`, and the message names `word`. */
static void check_refused(joinly_status expected, const char* word, const char* url, const joinly_options* options) {
    joinly_store* store = (joinly_store*)(uintptr_t)1;
    joinly_error* error = NULL;
    const joinly_status status = joinly_store_open(url, options, &store, &error);
    if (strstr(joinly_error_message(error), word) == NULL) {
        (void)fprintf(stderr, "%s: \"%s\" does not name \"%s\"\n", url, joinly_error_message(error), word);
        exit(EXIT_FAILURE);
    }
    CHECK(store == NULL);
    check_status(__FILE__, __LINE__, url, expected, status, error);
}

static void put_one(const char* url) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("kept"), &error));
    CHECK_OK(joinly_store_close(store, &error));
}

static void check_kept(joinly_store* store) {
    uint8_t buffer[8];
    size_t len = 0;
    CHECK_OK(joinly_kv_get_into(store, BYTES("k"), buffer, sizeof buffer, &len, &error));
    CHECK(len == 4 && memcmp(buffer, "kept", 4) == 0);
}

static void data_stays_in_the_file(void) {
    const char* const urls[] = {"opening.db", "sqlite:opening.db", "./opening.db",
                                "sqlite:opening.db?cache_mb=1&durability=power&log_keep=10"};
    remove_store();
    put_one("opening.db");
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        joinly_store* store = NULL;
        CHECK_OK(joinly_store_open(urls[i], NULL, &store, &error));
        CHECK(strcmp(joinly_store_engine(store), "sqlite") == 0);
        check_kept(store);
        CHECK_OK(joinly_store_close(store, &error));
    }
}

static void memory_stores_are_apart(void) {
    joinly_store* a = NULL;
    joinly_store* b = NULL;
    uint8_t exists = 9;
    CHECK_OK(joinly_store_open("memory:", NULL, &a, &error));
    CHECK_OK(joinly_store_open("memory:", NULL, &b, &error));
    CHECK(strcmp(joinly_store_engine(a), "memory") == 0);
    CHECK_OK(joinly_kv_put(a, BYTES("k"), BYTES("v"), &error));
    CHECK_OK(joinly_kv_exists(b, BYTES("k"), &exists, &error));
    CHECK(exists == 0);
    joinly_store_free(a);
    joinly_store_free(b);
}

static void unknown_and_malformed_options_are_named(void) {
    check_refused(JOINLY_INVALID, "cache_megs", "memory:?cache_megs=64", NULL);
    check_refused(JOINLY_INVALID, "cache_mb", "memory:?cache_mb=lots", NULL);
    check_refused(JOINLY_INVALID, "durability", "memory:?durability=maybe", NULL);
    check_refused(JOINLY_INVALID, "compress_level", "memory:?compress_level=99", NULL);
    check_refused(JOINLY_INVALID, "", "", NULL);
    check_refused(JOINLY_INVALID, "mode", "memory:?mode=sideways", NULL);
    check_refused(JOINLY_INVALID, "memory", "memory:?mode=behind", NULL);
}

static void the_url_wins_over_the_struct(void) {
    joinly_store* store = NULL;
    joinly_stats stats = {0};
    joinly_options options = {0};
    stats.struct_size = sizeof stats;
    options.struct_size = sizeof options;
    options.cache_bytes = 1U << 20U;
    CHECK_OK(joinly_store_open("memory:", &options, &store, &error));
    CHECK_OK(joinly_store_stats(store, &stats, &error));
    CHECK(stats.cache_capacity == 1U << 20U);
    joinly_store_free(store);
    CHECK_OK(joinly_store_open("memory:?cache_mb=2", &options, &store, &error));
    CHECK_OK(joinly_store_stats(store, &stats, &error));
    CHECK(stats.cache_capacity == 2U << 20U);
    joinly_store_free(store);
}

static void what_is_not_there(void) {
    joinly_options options = {0};
    options.struct_size = sizeof options;
    options.must_exist = 1;
    remove_store();
    check_refused(JOINLY_NOT_FOUND, "opening.db", "opening.db", &options);
    check_refused(JOINLY_IO, "no-such-directory", "no-such-directory/opening.db", NULL);
    FILE* file = fopen("opening.db", "rb");
    CHECK(file == NULL);
}

static void what_is_no_database(void) {
    write_file("opening.txt",
               "This is a letter, and it is long enough to hold what would be the header of a database.\n"
               "It must stay as it is.\n");
    check_refused(JOINLY_NOT_A_DATABASE, "opening.txt", "opening.txt", NULL);
    FILE* file = fopen("opening.txt", "rb");
    char word[5] = "";
    CHECK(file != NULL && fread(word, 1, 4, file) == 4);
    CHECK(strcmp(word, "This") == 0);
    (void)fclose(file);
}

static void read_only_reads_only(void) {
    joinly_store* store = NULL;
    joinly_options options = {0};
    options.struct_size = sizeof options;
    options.read_only = 1;
    remove_store();
    put_one("opening.db");
    CHECK_OK(joinly_store_open("opening.db", &options, &store, &error));
    check_kept(store);
    CHECK_STATUS(JOINLY_READ_ONLY, joinly_kv_put(store, BYTES("k"), BYTES("x"), &error));
    CHECK_STATUS(JOINLY_READ_ONLY, joinly_kv_delete(store, BYTES("k"), &error));
    CHECK_STATUS(JOINLY_READ_ONLY, joinly_kv_add(store, BYTES("n"), 1, NULL, &error));
    CHECK_STATUS(JOINLY_READ_ONLY, joinly_index_declare(store, "index", BYTES("k"), "$.a", &error));
    check_kept(store);
    CHECK_OK(joinly_store_close(store, &error));
}

static void configuration_files(void) {
    joinly_store* store = NULL;
    joinly_stats stats = {0};
    stats.struct_size = sizeof stats;
    remove_store();
    put_one("opening.db");
    write_file("opening.toml", "url = \"sqlite:opening.db\"\ncache_mb = 3\ndurability = \"power\"\n");
    CHECK_OK(joinly_store_open_config("opening.toml", &store, &error));
    check_kept(store);
    CHECK_OK(joinly_store_stats(store, &stats, &error));
    CHECK(stats.cache_capacity == 3U << 20U);
    CHECK_OK(joinly_store_close(store, &error));

    write_file("opening.toml", "url = \"sqlite:opening.db\"\ncache_megs = 3\n");
    CHECK_STATUS(JOINLY_INVALID, joinly_store_open_config("opening.toml", &store, &error));
    CHECK(store == NULL);
    write_file("opening.toml", "this is no TOML");
    CHECK_STATUS(JOINLY_INVALID, joinly_store_open_config("opening.toml", &store, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_store_open_config("no-such-file.toml", &store, &error));
}

/* Two handles on one file, in one process: each sees what the other wrote, also through its cache. */
static void two_handles_on_one_file(void) {
    joinly_store* a = NULL;
    joinly_store* b = NULL;
    int64_t sum = 0;
    remove_store();
    CHECK_OK(joinly_store_open("opening.db", NULL, &a, &error));
    CHECK_OK(joinly_store_open("opening.db", NULL, &b, &error));
    for (int64_t i = 1; i <= 50; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%" PRId64, 2 * i);
        CHECK_OK(joinly_kv_add(a, BYTES("n"), 1, &sum, &error));
        CHECK(sum == 2 * i - 1);
        CHECK_OK(joinly_kv_add(b, BYTES("n"), 1, &sum, &error));
        CHECK(sum == 2 * i);
        uint8_t buffer[16];
        size_t len = 0;
        CHECK_OK(joinly_kv_get_into(a, BYTES("n"), buffer, sizeof buffer, &len, &error));
        CHECK(len == strlen(text) && memcmp(buffer, text, len) == 0);
    }
    CHECK_OK(joinly_store_close(a, &error));
    CHECK_OK(joinly_kv_add(b, BYTES("n"), 1, &sum, &error));
    CHECK(sum == 101);
    CHECK_OK(joinly_store_close(b, &error));
}

static joinly_capabilities capabilities_of(const char* url) {
    joinly_store* store = NULL;
    joinly_capabilities capabilities = {0};
    capabilities.struct_size = sizeof capabilities;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    CHECK_OK(joinly_store_capabilities(store, &capabilities, &error));
    CHECK_OK(joinly_store_close(store, &error));
    return capabilities;
}

static void capabilities_are_told(void) {
    joinly_capabilities told = capabilities_of("memory:");
    CHECK(told.durability == JOINLY_DURABILITY_NONE && told.sharing == JOINLY_SHARING_ONE_STORE);
    CHECK(!told.sqlite_file && told.compresses);
    told = capabilities_of("sqlite:capabilities.db?durability=power");
    CHECK(told.durability == JOINLY_DURABILITY_POWER && told.sharing == JOINLY_SHARING_EVERYONE && told.sqlite_file);
    told = capabilities_of("sqlite:capabilities.db?mode=behind");
    CHECK(told.durability == JOINLY_DURABILITY_PROCESS && told.sharing == JOINLY_SHARING_ONE_WRITER);
}

static void limits_are_told(void) {
    joinly_store* store = NULL;
    joinly_limits limits = {0};
    joinly_batch* batch = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    limits.struct_size = sizeof limits;
    CHECK_OK(joinly_store_limits(store, &limits, &error));
    CHECK(limits.max_key_bytes == 2048);
    CHECK(limits.max_value_bytes == 64U << 20U);
    CHECK(limits.max_page_rows >= 256);
    CHECK(limits.max_batch_bytes >= limits.max_value_bytes);

    CHECK_OK(joinly_batch_new(&batch, &error));
    joinly_status status = JOINLY_OK;
    for (uint32_t i = 0; i < limits.max_batch_ops && status == JOINLY_OK; i++) {
        status = joinly_batch_add(batch, BYTES("n"), 1, NULL);
    }
    CHECK(status == JOINLY_OK);
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_batch_add(batch, BYTES("n"), 1, &error));
    CHECK(joinly_batch_len(batch) == limits.max_batch_ops);
    joinly_batch_free(batch);

    char name[16];
    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof name, "index%d", i);
        CHECK_OK(joinly_index_declare(store, name, BYTES("k"), "$.a", &error));
    }
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_index_declare(store, "one more", BYTES("k"), "$.a", &error));
    joinly_store_free(store);
}

int main(void) {
    data_stays_in_the_file();
    memory_stores_are_apart();
    unknown_and_malformed_options_are_named();
    the_url_wins_over_the_struct();
    what_is_not_there();
    what_is_no_database();
    read_only_reads_only();
    configuration_files();
    two_handles_on_one_file();
    limits_are_told();
    capabilities_are_told();
    remove_store();
    return EXIT_SUCCESS;
}
