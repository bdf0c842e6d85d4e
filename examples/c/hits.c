/* Counts the visits of a page: `hits PAGE`. Any number of processes may count in the same file. */
#include <inttypes.h>
#include <joinly_storage.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
    const char* page = argc > 1 ? argv[1] : "/";
    joinly_store* store = NULL;
    joinly_error* error = NULL;
    int64_t hits = 0;
    joinly_status status = joinly_store_open("hits.db", NULL, &store, &error);
    if (status == JOINLY_OK) {
        status = joinly_kv_add(store, (const uint8_t*)page, strlen(page), 1, &hits, &error);
    }
    if (status == JOINLY_OK) {
        printf("%s was visited %" PRId64 " times\n", page, hits);
    } else {
        fprintf(stderr, "hits: %s\n", joinly_error_message(error));
    }
    joinly_error_free(error);
    joinly_store_free(store);
    return status == JOINLY_OK ? 0 : 1;
}
