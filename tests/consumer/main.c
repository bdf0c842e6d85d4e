/* A C program of somebody else. */
#include <joinly_storage.h>

int main(void) {
    joinly_store* store = NULL;
    int64_t sum = 0;
    if (joinly_store_open("memory:", NULL, &store, NULL) != JOINLY_OK) {
        return 1;
    }
    const joinly_status status = joinly_kv_add(store, (const uint8_t*)"n", 1, 42, &sum, NULL);
    joinly_store_free(store);
    return status == JOINLY_OK && sum == 42 ? 0 : 1;
}
