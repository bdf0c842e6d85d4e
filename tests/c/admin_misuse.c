/* What is done to whole stores, used wrongly in every way a script could: each call answers a status and clears its
 * outputs. */
#include "check.h"

#define DIRTY(type) ((type*)(uintptr_t)0xD1)

/* The call answers a status and clears `value`. */
#define CHECK_BAD(bad, call)         \
    do {                             \
        value = DIRTY(joinly_value); \
        CHECK_STATUS((bad), (call)); \
        CHECK(value == NULL);        \
    } while (0)

/* Sources of imports: without a record, and with records that are none. */
static int32_t nothing(const uint8_t* after, size_t after_len, joinly_import_record* record, void* user) {
    CHECK(after_len == 0 || after != NULL);
    CHECK(record->struct_size == sizeof *record && record->key == NULL && user == NULL);
    return 0;
}

static int32_t given(const uint8_t* after, size_t after_len, joinly_import_record* record, void* user) {
    const joinly_import_record* give = user;
    (void)after;
    (void)after_len;
    *record = *give;
    return 1;
}

static int32_t failing(const uint8_t* after, size_t after_len, joinly_import_record* record, void* user) {
    (void)after;
    (void)after_len;
    (void)record;
    (void)user;
    return -1;
}

static void no_import(joinly_store* s) {
    const joinly_status bad = JOINLY_INVALID;
    joinly_value* value = NULL;
    joinly_import_options options = {0};
    joinly_import_record record = {0};
    CHECK_BAD(bad, joinly_import(s, NULL, 1, nothing, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import(s, "", 1, nothing, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import(s, "a:b", 1, nothing, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import(s, "i", 1, NULL, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import(s, "i", 1, nothing, NULL, &options, NULL, NULL, &value, &error));
    options.struct_size = sizeof options;
    options.existing = 3;
    CHECK_BAD(bad, joinly_import(s, "i", 1, nothing, NULL, &options, NULL, NULL, &value, &error));
    /* An empty key, one without its bytes, and one that is too long. */
    CHECK_BAD(bad, joinly_import(s, "i", 1, given, &record, NULL, NULL, NULL, &value, &error));
    record.key_len = 5;
    CHECK_BAD(bad, joinly_import(s, "i", 1, given, &record, NULL, NULL, NULL, &value, &error));
    record.key = (const uint8_t*)"key";
    record.key_len = SIZE_MAX;
    CHECK_BAD(JOINLY_TOO_LARGE, joinly_import(s, "i", 1, given, &record, NULL, NULL, NULL, &value, &error));
    record.key_len = 3;
    record.value_len = 9;
    CHECK_BAD(bad, joinly_import(s, "i", 1, given, &record, NULL, NULL, NULL, &value, &error));
    record.value_len = 0;
    /* The same key for ever. */
    CHECK_BAD(bad, joinly_import(s, "i", 1, given, &record, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(JOINLY_CANCELLED, joinly_import(s, "i", 1, failing, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(JOINLY_NOT_FOUND, joinly_import_status(s, "i", &value, &error));
    CHECK_BAD(bad, joinly_import_status(s, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import_status(s, "a:b", &value, &error));
    CHECK_STATUS(bad, joinly_import_status(s, "i", NULL, &error));
}

static void no_store(void* s) {
    const joinly_status bad = JOINLY_BAD_HANDLE;
    joinly_value* value = NULL;
    joinly_store* out = DIRTY(joinly_store);
    joinly_backup_schedule* schedule = DIRTY(joinly_backup_schedule);
    CHECK_BAD(bad, joinly_import(s, "i", 1, nothing, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_import_status(s, "i", &value, &error));
    CHECK_BAD(bad, joinly_migrate(s, "memory:", NULL, NULL, NULL, &out, &value, &error));
    CHECK(out == NULL);
    CHECK_STATUS(bad, joinly_migrate_reclaim(s, &error));
    CHECK_BAD(bad, joinly_backup(s, "nowhere", NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_backup_file(s, "nowhere", NULL, NULL, &value, &error));
    CHECK_STATUS(bad, joinly_backup_schedule_start(s, "nowhere", NULL, 1000, &schedule, &error));
    CHECK(schedule == NULL);
}

static void bad_arguments(joinly_store* s) {
    const joinly_status bad = JOINLY_INVALID;
    const joinly_status missing = JOINLY_NOT_FOUND;
    joinly_value* value = NULL;
    joinly_store* out = DIRTY(joinly_store);
    joinly_backup_schedule* schedule = DIRTY(joinly_backup_schedule);
    joinly_migrate_options migrate = {0};
    joinly_backup_options backup = {0};
    CHECK_BAD(bad, joinly_migrate(s, NULL, NULL, NULL, NULL, &out, &value, &error));
    CHECK_BAD(bad, joinly_migrate(s, "redis:x", NULL, NULL, NULL, &out, &value, &error));
    CHECK_BAD(bad, joinly_migrate(s, "memory:", &migrate, NULL, NULL, &out, &value, &error));
    CHECK(out == NULL);
    CHECK_BAD(bad, joinly_migrate_status(NULL, &value, &error));
    CHECK_BAD(missing, joinly_migrate_status("nowhere.db", &value, &error));
    CHECK_STATUS(bad, joinly_migrate_status("memory:", NULL, &error));
    CHECK_BAD(bad, joinly_backup(s, NULL, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_backup(s, "nowhere", &backup, NULL, NULL, &value, &error));
    backup.struct_size = sizeof backup;
    backup.level = 20;
    CHECK_BAD(bad, joinly_backup(s, "backups", &backup, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_backup_file(s, NULL, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_backup_check(NULL, NULL, NULL, &value, &error));
    CHECK_BAD(missing, joinly_backup_check("nowhere", NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_backup_list(NULL, &value, &error));
    CHECK_BAD(missing, joinly_backup_list("nowhere", &value, &error));
    CHECK_STATUS(bad, joinly_backup_list("nowhere", NULL, &error));
    CHECK_STATUS(bad, joinly_backup_schedule_start(s, NULL, NULL, 1000, &schedule, &error));
    CHECK_STATUS(bad, joinly_backup_schedule_start(s, "backups", NULL, 0, &schedule, &error));
    CHECK_STATUS(bad, joinly_backup_schedule_start(s, "backups", NULL, 1000, NULL, &error));
    CHECK(schedule == NULL);
    CHECK_BAD(bad, joinly_restore(NULL, NULL, "memory:", 0, NULL, NULL, &out, &value, &error));
    CHECK_BAD(bad, joinly_restore("nowhere", NULL, NULL, 0, NULL, NULL, &out, &value, &error));
    CHECK_BAD(missing, joinly_restore("nowhere", NULL, "memory:", 0, NULL, NULL, &out, &value, &error));
    CHECK_BAD(bad, joinly_repair(NULL, "memory:", 0, NULL, NULL, &out, &value, &error));
    CHECK_BAD(bad, joinly_repair("nowhere.db", NULL, 0, NULL, NULL, &out, &value, &error));
    CHECK_BAD(missing, joinly_repair("nowhere.db", "memory:", 0, NULL, NULL, &out, &value, &error));
    CHECK(out == NULL);
}

static void no_schedule(joinly_store* s) {
    joinly_value* value = NULL;
    joinly_backup_schedule* schedule = NULL;
    CHECK_BAD(JOINLY_BAD_HANDLE, joinly_backup_schedule_status(NULL, &value, &error));
    CHECK_BAD(JOINLY_BAD_HANDLE, joinly_backup_schedule_status((joinly_backup_schedule*)(void*)s, &value, &error));
    joinly_backup_schedule_free(NULL);
    joinly_backup_schedule_free((joinly_backup_schedule*)(void*)s);
    CHECK_OK(joinly_backup_schedule_start(s, "backups", NULL, 1000, &schedule, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_backup_schedule_status(schedule, NULL, &error));
    joinly_backup_schedule_free(schedule);
    joinly_backup_schedule_free(schedule);
    CHECK_BAD(JOINLY_BAD_HANDLE, joinly_backup_schedule_status(schedule, &value, &error));
}

int main(void) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    no_store(NULL);
    no_store((void*)(uintptr_t)0x1234);
    bad_arguments(store);
    no_schedule(store);
    no_import(store);
    joinly_store_free(store);
    no_store(store);
    return 0;
}
