/* Keeps settings: `settings` lists them, `settings KEY` prints one, `settings KEY VALUE` sets one. */
#include <joinly_storage.h>
#include <stdio.h>
#include <string.h>

static joinly_status list(const joinly_store* store, joinly_error** error) {
    joinly_page* page = NULL;
    const joinly_status status = joinly_kv_scan_prefix(store, NULL, 0, NULL, &page, error);
    size_t count = 0;
    const joinly_row* rows = joinly_page_rows(page, &count);
    for (size_t i = 0; i < count; i++) {
        printf("%.*s = %.*s\n", (int)rows[i].key_len, (const char*)rows[i].key, (int)rows[i].value_len,
               (const char*)rows[i].value);
    }
    joinly_page_free(page);
    return status;
}

static joinly_status print(const joinly_store* store, const char* key, joinly_error** error) {
    joinly_value* value = NULL;
    const joinly_status status = joinly_kv_get(store, (const uint8_t*)key, strlen(key), &value, error);
    size_t size = 0;
    const uint8_t* bytes = joinly_value_data(value, &size);
    if (status == JOINLY_OK) {
        printf("%.*s\n", (int)size, (const char*)bytes);
    }
    joinly_value_free(value);
    return status;
}

int main(int argc, char** argv) {
    joinly_store* store = NULL;
    joinly_error* error = NULL;
    joinly_status status = joinly_store_open("settings.db", NULL, &store, &error);
    if (status == JOINLY_OK && argc == 1) {
        status = list(store, &error);
    } else if (status == JOINLY_OK && argc == 2) {
        status = print(store, argv[1], &error);
    } else if (status == JOINLY_OK) {
        status = joinly_kv_put(store, (const uint8_t*)argv[1], strlen(argv[1]), (const uint8_t*)argv[2],
                               strlen(argv[2]), &error);
    }
    if (status != JOINLY_OK) {
        fprintf(stderr, "settings: %s %s\n", joinly_status_name(status), joinly_error_message(error));
    }
    joinly_error_free(error);
    joinly_store_free(store);
    return status == JOINLY_OK ? 0 : 1;
}
