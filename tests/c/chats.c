/* Conversations through C. */
#include <stdio.h>

#include "model.h"

static void sessions_and_messages(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    CHECK_OK(joinly_chat_create(store, NULL, TEXT("a"), TEXT("{\"title\":\"First\",\"x\":1.50}"), &value, &error));
    CHECK(value_has(value, "\"title\":\"First\"") && value_has(value, "\"x\":1.50"));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_EXISTS, joinly_chat_create(store, NULL, TEXT("a"), NULL, 0, &value, &error));
    CHECK_OK(joinly_chat_create(store, NULL, NULL, 0, NULL, 0, &value, &error));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_append(store, NULL, TEXT("a"), TEXT("{\"text\":\"hello there\"}"), &value, &error));
    CHECK(value_has(value, "{\"number\":1,\"time\":"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_append(store, NULL, TEXT("a"), TEXT("{\"text\":\"see\",\"attachments\":[{\"b\":2},3]}"),
                                &value, &error));
    CHECK(value_has(value, "\"attachments\":[7,1],\"message\":{\"text\":\"see\"}"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_message(store, NULL, TEXT("a"), 2, &value, &error));
    CHECK(value_has(value, "\"message\":{\"text\":\"see\",\"attachments\":[{\"b\":2},3]}"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_attachment(store, NULL, TEXT("a"), 2, 0, &value, &error));
    CHECK(value_is(value, "{\"b\":2}"));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_chat_attachment(store, NULL, TEXT("a"), 2, 2, &value, &error));
    CHECK_OK(joinly_chat_messages(store, NULL, TEXT("a"), TEXT("{\"latest_first\":true,\"limit\":1}"), &value, &error));
    CHECK(value_has(value, "{\"number\":2,") && value_has(value, "\"more\":true") && !value_has(value, "hello"));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_INVALID, joinly_chat_messages(store, NULL, TEXT("a"), TEXT("{\"limti\":1}"), &value, &error));
    CHECK_OK(joinly_chat_search(store, NULL, TEXT("{\"text\":\"THERE Hello\"}"), &value, &error));
    CHECK(value_has(value,
                    "{\"hits\":[{\"session\":\"a\",\"title\":\"First\",\"number\":1,\"excerpt\":\"hello there\"}]"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_edit(store, NULL, TEXT("a"), 2, TEXT("{}"), &value, &error));
    CHECK(value_has(value, "\"edited\":"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_remove(store, NULL, TEXT("a"), 2, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_chat_remove(store, NULL, TEXT("a"), 2, &error));
    CHECK_OK(joinly_chat_update(store, NULL, TEXT("a"), TEXT("{\"archived\":true}"), &value, &error));
    CHECK(value_has(value, "\"archived\":true,\"messages\":1,\"attachments\":0,"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_list(store, NULL, TEXT("{\"archived\":true}"), &value, &error));
    CHECK(value_has(value, "{\"sessions\":[{\"id\":\"a\",") && value_has(value, "\"cursor\":null"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_counts(store, NULL, &value, &error));
    CHECK(value_has(value, "{\"open\":1,\"archived\":1,\"messages\":1,\"attachments\":0,"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_delete(store, NULL, TEXT("a"), &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_chat_delete(store, NULL, TEXT("a"), &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_chat_get(store, NULL, TEXT("a"), &value, &error));
    joinly_store_free(store);
}

static void all_at_once(void) {
    static const char two[] =
        "{\"chats\":[{\"id\":\"a\",\"history\":[{\"text\":\"hi\"}]},{\"id\":\"b\",\"history\":[]}]}";
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    CHECK_OK(joinly_chat_save_all(store, (const uint8_t*)two, sizeof two - 1, &value, &error));
    CHECK(value_has(value, "\"written\":2,\"unchanged\":0,\"removed\":0,\"commits\":1"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_load_all(store, &value, &error));
    CHECK(value_has(value, "{\"id\":\"a\",\"history\":[{\"text\":\"hi\"}]}") && value_has(value, "\"etag\":\""));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_CONFLICT, joinly_chat_save_all(store, (const uint8_t*)two, sizeof two - 1, NULL, &error));
    joinly_store_free(store);
}

static int32_t count_steps(const joinly_progress* progress, void* user) {
    int* left = user;
    CHECK(progress->struct_size == sizeof *progress);
    CHECK(progress->phase >= JOINLY_PHASE_COPY && progress->phase <= JOINLY_PHASE_FINISH);
    return (*left)-- == 0;
}

/* What an earlier run left. */
static void clear(void) {
    static const char* const names[] = {"user_chat_sessions.json",
                                        "user_chat_sessions.json.backup-000001",
                                        "user_chat_sessions.json.backup-000002",
                                        "user_chat_sessions.json.epoch-1",
                                        "chat_sessions.authority.json",
                                        "chat_sessions.lock",
                                        "chat_sessions.db",
                                        "chat_sessions.db-wal",
                                        "chat_sessions.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)remove(names[i]);
    }
}

static void a_folder(const char* folder) {
    static const char one[] = "{\"chats\":[{\"id\":\"a\",\"history\":[]}]}";
    joinly_value* value = NULL;
    int left = 1;
    CHECK_OK(joinly_chat_file_save(folder, (const uint8_t*)one, sizeof one - 1, NULL, &error));
    CHECK_STATUS(JOINLY_CANCELLED, joinly_chat_migrate_to_sqlite(folder, 0, count_steps, &left, &value, &error));
    CHECK_OK(joinly_chat_migration_status(folder, &value, &error));
    CHECK(value_has(value, "{\"stage\":\"interrupted\",\"epoch\":0,\"backend\":\"json\","));
    joinly_value_free(value);
    left = 1000;
    CHECK_OK(joinly_chat_migrate_to_sqlite(folder, 0, count_steps, &left, &value, &error));
    CHECK(left < 1000 && value_has(value, "{\"backend\":\"sqlite\",\"epoch\":1,\"moved\":true,\"sessions\":1,"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_hybrid_load(folder, &value, &error));
    CHECK(value_has(value, "\"used\":\"sqlite\",\"fallback\":null"));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_MOVED, joinly_chat_file_save(folder, (const uint8_t*)one, sizeof one - 1, NULL, &error));
    CHECK_STATUS(JOINLY_CONFLICT, joinly_chat_hybrid_save(folder, (const uint8_t*)one, sizeof one - 1, NULL, &error));
    CHECK_OK(joinly_chat_migrate_to_json(folder, NULL, NULL, &value, &error));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_file_load(folder, &value, &error));
    CHECK(value_has(value, "{\"id\":\"a\",\"history\":[]}"));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_file_backups(folder, &value, &error));
    CHECK(value_has(value, "[{\"name\":\"user_chat_sessions.json.backup-000001\","));
    joinly_value_free(value);
    CHECK_OK(joinly_chat_file_restore(folder, NULL, 0, &value, &error));
    CHECK(value_is(value, "\"user_chat_sessions.json.backup-000001\""));
}

int main(void) {
    sessions_and_messages();
    all_at_once();
    clear();
    a_folder(".");
    clear();
    return 0;
}
