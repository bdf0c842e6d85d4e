/* Migration, backup, restore, repair and import through C. */
#include <time.h>

#include "check.h"

/* A name that no earlier run left: "1700000000-source.db". */
static void name(char to[64], const char* of) { (void)snprintf(to, 64, "%lld-%s", (long long)time(NULL), of); }

typedef struct {
    int calls;
    int stop_at;
    uint64_t records;
} told;

static int32_t tell(const joinly_progress* progress, void* user) {
    told* t = user;
    CHECK(progress->struct_size >= sizeof(joinly_progress));
    CHECK(progress->phase >= JOINLY_PHASE_COPY && progress->phase <= JOINLY_PHASE_FINISH);
    t->calls++;
    if (progress->phase == JOINLY_PHASE_COPY) {
        t->records = progress->records;
    }
    return t->stop_at != 0 && t->calls >= t->stop_at;
}

static int contains(const joinly_value* value, const char* text) {
    size_t len = 0;
    const char* data = (const char*)joinly_value_data(value, &len);
    const size_t wanted = strlen(text);
    for (size_t at = 0; at + wanted <= len; at++) {
        if (memcmp(data + at, text, wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

static void has(joinly_store* store, const char* key, int there) {
    uint8_t exists = 9;
    CHECK_OK(joinly_kv_exists(store, (const uint8_t*)key, strlen(key), &exists, &error));
    CHECK(exists == there);
}

static joinly_store* filled(const char* url) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open(url, NULL, &store, &error));
    for (int n = 0; n < 2500; n++) {
        char key[32];
        const int len = snprintf(key, sizeof key, "key:%05d", n);
        CHECK_OK(joinly_kv_put(store, (const uint8_t*)key, (size_t)len, BYTES("value"), &error));
    }
    return store;
}

static void migrate(joinly_store* source, const char* place) {
    joinly_store* moved = NULL;
    joinly_value* report = NULL;
    told t = {0, 0, 0};
    joinly_migrate_options options = {0};
    options.struct_size = sizeof options;
    options.dry_run = 1;
    CHECK_OK(joinly_migrate(source, place, &options, tell, &t, &moved, &report, &error));
    CHECK(moved == NULL && contains(report, "\"records\":2500") && t.calls > 1);
    joinly_value_free(report);

    options.dry_run = 0;
    t.calls = 0;
    t.stop_at = 2;
    CHECK_STATUS(JOINLY_CANCELLED, joinly_migrate(source, place, &options, tell, &t, &moved, &report, &error));
    CHECK(moved == NULL && report == NULL);
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_store_open(place, NULL, &moved, &error));
    CHECK_OK(joinly_migrate_status(place, &report, &error));
    CHECK(contains(report, "\"state\":\"incoming\""));
    joinly_value_free(report);

    CHECK_OK(joinly_kv_put(source, BYTES("meanwhile"), BYTES("1"), &error));
    CHECK_OK(joinly_migrate(source, place, &options, NULL, NULL, &moved, &report, &error));
    CHECK(contains(report, "\"records\":2501") && contains(report, "\"epoch\":1"));
    has(moved, "meanwhile", 1);
    CHECK_STATUS(JOINLY_MOVED, joinly_kv_put(source, BYTES("late"), BYTES("1"), &error));
    has(source, "meanwhile", 1);
    CHECK_OK(joinly_kv_put(moved, BYTES("on"), BYTES("1"), &error));
    joinly_value_free(report);
    joinly_store_free(moved);

    CHECK_OK(joinly_migrate_reclaim(source, &error));
    CHECK_OK(joinly_kv_put(source, BYTES("late"), BYTES("1"), &error));
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_migrate_reclaim(source, &error));
}

static void back_up(joinly_store* store) {
    char folder[64];
    char file[64];
    char place[64];
    joinly_value* report = NULL;
    joinly_store* restored = NULL;
    joinly_backup_options options = {0};
    name(folder, "backups");
    name(file, "one.joinlybackup");
    name(place, "restored.db");
    options.struct_size = sizeof options;
    options.incremental = 1;
    options.keep = 5;
    told t = {0, 0, 0};
    CHECK_OK(joinly_backup(store, folder, &options, tell, &t, &report, &error));
    CHECK(t.records > 0 && contains(report, "\"full_because\":\"there is no backup yet\""));
    joinly_value_free(report);
    CHECK_OK(joinly_kv_delete(store, BYTES("key:00001"), &error));
    CHECK_OK(joinly_backup(store, folder, &options, NULL, NULL, &report, &error));
    CHECK(contains(report, "\"deletes\":1") && contains(report, "\"full_because\":null"));
    joinly_value_free(report);
    CHECK_OK(joinly_backup_list(folder, &report, &error));
    CHECK(contains(report, "\"base\":null") && contains(report, "\"deletes\":1"));
    joinly_value_free(report);

    CHECK_OK(joinly_restore(folder, NULL, "memory:", 0, NULL, NULL, &restored, &report, &error));
    has(restored, "key:00001", 0);
    has(restored, "key:00002", 1);
    joinly_value_free(report);
    joinly_store_free(restored);

    CHECK_OK(joinly_backup_file(store, file, NULL, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_EXISTS, joinly_backup_file(store, file, NULL, NULL, NULL, &error));
    CHECK_OK(joinly_backup_check(file, NULL, NULL, &report, &error));
    CHECK(contains(report, "\"engine\":\"sqlite\""));
    joinly_value_free(report);
    CHECK_OK(joinly_restore(file, NULL, place, 0, NULL, NULL, NULL, NULL, &error));
    CHECK_STATUS(JOINLY_EXISTS, joinly_restore(file, NULL, place, 0, NULL, NULL, NULL, NULL, &error));
    CHECK_OK(joinly_restore(file, NULL, place, 1, NULL, NULL, NULL, &report, &error));
    CHECK(contains(report, ".replaced-1"));
    joinly_value_free(report);

    joinly_backup_schedule* schedule = NULL;
    CHECK_OK(joinly_backup_schedule_start(store, folder, &options, 3600 * 1000, &schedule, &error));
    CHECK_OK(joinly_backup_schedule_status(schedule, &report, &error));
    CHECK(contains(report, "\"made\":0"));
    joinly_value_free(report);
    joinly_backup_schedule_free(schedule);
}

static void repair(const char* damaged) {
    joinly_store* repaired = NULL;
    joinly_value* report = NULL;
    CHECK_OK(joinly_repair(damaged, "memory:", 0, NULL, NULL, &repaired, &report, &error));
    CHECK(contains(report, "\"lost\":[]") && contains(report, "\"findings\":[]"));
    has(repaired, "key:00002", 1);
    joinly_value_free(report);
    joinly_store_free(repaired);
}

/* Records "other:0000" to "other:2499" of another program, from the first one. */
typedef struct {
    int next;
    char key[32];
    char value[32];
} records;

static int32_t next_record(const uint8_t* after, size_t after_len, joinly_import_record* record, void* user) {
    records* r = user;
    CHECK(after_len == 0 || after != NULL);
    if (r->next == 2500) {
        return 0;
    }
    record->key_len = (size_t)snprintf(r->key, sizeof r->key, "other:%04d", r->next);
    record->value_len = (size_t)snprintf(r->value, sizeof r->value, "%d", r->next);
    record->key = (const uint8_t*)r->key;
    record->value = (const uint8_t*)r->value;
    record->expires_at = r->next % 2 == 0 ? 0 : INT64_C(4102444800000);
    r->next++;
    return 1;
}

static void import(joinly_store* store) {
    joinly_value* report = NULL;
    joinly_import_options options = {0};
    options.struct_size = sizeof options;
    options.dry_run = 1;
    records r = {0};
    CHECK_OK(joinly_import(store, "other", 7, next_record, &r, &options, NULL, NULL, &report, &error));
    CHECK(contains(report, "\"imported\":2500"));
    joinly_value_free(report);
    has(store, "other:0000", 0);

    told t = {0, 3, 0};
    options.dry_run = 0;
    r.next = 0;
    CHECK_STATUS(JOINLY_CANCELLED,
                 joinly_import(store, "other", 7, next_record, &r, &options, tell, &t, &report, &error));
    CHECK(report == NULL && t.records == 2000);
    CHECK_OK(joinly_import_status(store, "other", &report, &error));
    CHECK(contains(report, "\"done\":false") && contains(report, "\"imported\":2000"));
    joinly_value_free(report);
    r.next = 0;
    CHECK_STATUS(JOINLY_CONFLICT,
                 joinly_import(store, "other", 8, next_record, &r, &options, NULL, NULL, NULL, &error));
    CHECK_OK(joinly_import(store, "other", 7, next_record, &r, &options, NULL, NULL, &report, &error));
    CHECK(r.next == 2500 && contains(report, "\"imported\":2500") && contains(report, "\"kept\":0"));
    joinly_value_free(report);
    has(store, "other:2499", 1);
    CHECK_OK(joinly_import_status(store, "other", &report, &error));
    CHECK(contains(report, "\"done\":true"));
    joinly_value_free(report);

    r.next = 0;
    CHECK_STATUS(JOINLY_EXISTS, joinly_import(store, "again", 7, next_record, &r, NULL, NULL, NULL, NULL, &error));
    options.existing = JOINLY_EXISTING_KEEP;
    r.next = 0;
    CHECK_OK(joinly_import(store, "again", 7, next_record, &r, &options, NULL, NULL, &report, &error));
    CHECK(contains(report, "\"kept\":2500"));
    joinly_value_free(report);
}

int main(void) {
    char source[64];
    char moved[64];
    name(source, "source.db");
    name(moved, "moved.db");
    joinly_store* store = filled(source);
    migrate(store, moved);
    back_up(store);
    import(store);
    repair(source);
    joinly_store_free(store);
    return 0;
}
