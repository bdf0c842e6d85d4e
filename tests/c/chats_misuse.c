/* Conversations used wrongly in every way a script could: each call answers a status, changes nothing and clears its
 * outputs. */
#include <stddef.h>

#include "model.h"

#define DIRTY ((joinly_value*)(uintptr_t)0xD1)

/* The call answers a status and clears `value`. */
#define CHECK_BAD(bad, call)         \
    do {                             \
        value = DIRTY;               \
        CHECK_STATUS((bad), (call)); \
        CHECK(value == NULL);        \
    } while (0)

/* Every call that may be part of a transaction, with good arguments but for the store or the transaction. */
static void every_call(void* s, joinly_txn* txn, joinly_status bad) {
    joinly_value* value = NULL;
    CHECK_BAD(bad, joinly_chat_create(s, txn, TEXT("a"), TEXT("{}"), &value, &error));
    CHECK_BAD(bad, joinly_chat_get(s, txn, TEXT("a"), &value, &error));
    CHECK_BAD(bad, joinly_chat_update(s, txn, TEXT("a"), TEXT("{}"), &value, &error));
    CHECK_STATUS(bad, joinly_chat_delete(s, txn, TEXT("a"), &error));
    CHECK_BAD(bad, joinly_chat_list(s, txn, NULL, 0, &value, &error));
    CHECK_BAD(bad, joinly_chat_counts(s, txn, &value, &error));
    CHECK_BAD(bad, joinly_chat_append(s, txn, TEXT("a"), TEXT("{}"), &value, &error));
    CHECK_BAD(bad, joinly_chat_messages(s, txn, TEXT("a"), NULL, 0, &value, &error));
    CHECK_BAD(bad, joinly_chat_message(s, txn, TEXT("a"), 1, &value, &error));
    CHECK_BAD(bad, joinly_chat_attachment(s, txn, TEXT("a"), 1, 0, &value, &error));
    CHECK_BAD(bad, joinly_chat_edit(s, txn, TEXT("a"), 1, TEXT("{}"), &value, &error));
    CHECK_STATUS(bad, joinly_chat_remove(s, txn, TEXT("a"), 1, &error));
    CHECK_BAD(bad, joinly_chat_search(s, txn, TEXT("{\"text\":\"x\"}"), &value, &error));
}

static void every_whole(void* s, joinly_status bad) {
    joinly_value* value = NULL;
    CHECK_BAD(bad, joinly_chat_load_all(s, &value, &error));
    CHECK_BAD(bad, joinly_chat_save_all(s, BYTES("[]"), &value, &error));
}

static void every_folder(const char* folder, joinly_status bad) {
    joinly_value* value = NULL;
    CHECK_BAD(bad, joinly_chat_file_load(folder, &value, &error));
    CHECK_BAD(bad, joinly_chat_file_save(folder, BYTES("[]"), &value, &error));
    CHECK_BAD(bad, joinly_chat_file_backups(folder, &value, &error));
    CHECK_BAD(bad, joinly_chat_file_restore(folder, NULL, 0, &value, &error));
    CHECK_BAD(bad, joinly_chat_hybrid_load(folder, &value, &error));
    CHECK_BAD(bad, joinly_chat_hybrid_save(folder, BYTES("[]"), &value, &error));
    CHECK_BAD(bad, joinly_chat_migration_status(folder, &value, &error));
    CHECK_BAD(bad, joinly_chat_migrate_to_sqlite(folder, 0, NULL, NULL, &value, &error));
    CHECK_BAD(bad, joinly_chat_migrate_to_json(folder, NULL, NULL, &value, &error));
}

static void handles(void) {
    joinly_store* store = open_memory();
    joinly_store* second = open_memory();
    joinly_txn* txn = NULL;
    int local = 0;
    void* const invented[] = {NULL, &local, (void*)1, (void*)UINTPTR_MAX};
    CHECK_OK(joinly_txn_begin(second, &txn, &error));
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        every_call(invented[i], NULL, JOINLY_BAD_HANDLE);
        every_call(invented[i], txn, JOINLY_BAD_HANDLE);
        every_whole(invented[i], JOINLY_BAD_HANDLE);
        if (invented[i] != NULL) {
            every_call(store, invented[i], JOINLY_BAD_HANDLE);
        }
    }
    every_call(txn, NULL, JOINLY_BAD_HANDLE);
    /* A transaction of another store. */
    every_call(store, txn, JOINLY_INVALID);
    CHECK_OK(joinly_txn_rollback(txn, &error));
    every_call(second, txn, JOINLY_CLOSED);
    joinly_txn_free(txn);
    every_call(second, txn, JOINLY_BAD_HANDLE);
    joinly_store_free(second);
    joinly_store_free(store);
    every_call(store, NULL, JOINLY_BAD_HANDLE);
    every_whole(store, JOINLY_BAD_HANDLE);
}

static void arguments(void) {
    joinly_store* s = open_memory();
    joinly_value* value = NULL;
    CHECK_STATUS(JOINLY_INVALID, joinly_chat_create(s, NULL, TEXT("a"), NULL, 0, NULL, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_create(s, NULL, NULL, 3, NULL, 0, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_create(s, NULL, TEXT("\xff"), NULL, 0, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_create(s, NULL, TEXT("a"), TEXT("[]"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_create(s, NULL, TEXT("a"), TEXT("{\"id\":1}"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_create(s, NULL, TEXT("a"), TEXT("{\"x\":1,\"x\":2}"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_get(s, NULL, NULL, 0, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_list(s, NULL, TEXT("{\"x\":1}"), &value, &error));
    CHECK_BAD(JOINLY_TOO_LARGE, joinly_chat_list(s, NULL, TEXT("{\"limit\":1001}"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_search(s, NULL, NULL, 0, &value, &error));
    CHECK_BAD(JOINLY_NOT_FOUND, joinly_chat_append(s, NULL, TEXT("nobody"), TEXT("{}"), &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_save_all(s, NULL, 2, &value, &error));
    CHECK_BAD(JOINLY_INVALID, joinly_chat_save_all(s, BYTES("{}"), &value, &error));
    CHECK_BAD(JOINLY_TOO_LARGE, joinly_chat_save_all(s, (const uint8_t*)"", SIZE_MAX, &value, &error));
    joinly_store_free(s);
    every_folder(NULL, JOINLY_INVALID);
    every_folder("", JOINLY_INVALID);
    every_folder("\xff", JOINLY_INVALID);
    every_folder("there/is/no/such/folder", JOINLY_NOT_FOUND);
}

int main(void) {
    handles();
    arguments();
    return 0;
}
