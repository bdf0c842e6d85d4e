/* After fork() the child's handles answer JOINLY_FORKED, and the parent goes on as if nothing had happened. */
#include "check.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#define WITH_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#else
#define WITH_ADDRESS_SANITIZER 0
#endif

static void in_the_child(joinly_store* store, joinly_txn* txn, joinly_watch* watch, const joinly_value* value) {
    joinly_value* found = NULL;
    joinly_changes* changes = NULL;
    joinly_store* other = NULL;
    size_t len = 0;
    CHECK_STATUS(JOINLY_FORKED, joinly_kv_get(store, BYTES("k"), &found, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_kv_put(store, BYTES("k"), BYTES("child"), &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_txn_get(txn, BYTES("k"), &found, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_txn_commit(txn, NULL, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_watch_poll(watch, 0, &changes, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_store_open("fork.db", NULL, &other, &error));
    CHECK(memcmp(joinly_value_data(value, &len), "parent", 6) == 0 && len == 6);
    CHECK_STATUS(JOINLY_FORKED, joinly_store_close(store, &error));
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_store_close(store, &error));
}

static void check_child(pid_t child) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static void one_thread(joinly_store* store) {
    joinly_txn* txn = NULL;
    joinly_watch* watch = NULL;
    joinly_value* value = NULL;
    CHECK_OK(joinly_kv_get(store, BYTES("k"), &value, &error));
    CHECK_OK(joinly_watch_open(store, JOINLY_FROM_NOW, NULL, 0, &watch, &error));
    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_OK(joinly_txn_put(txn, BYTES("t"), BYTES("v"), 0, &error));

    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        in_the_child(store, txn, watch, value);
        /* Without the exit handlers, as a child without exec() should leave. */
        _exit(EXIT_SUCCESS);
    }
    check_child(child);

    CHECK_OK(joinly_txn_commit(txn, NULL, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("parent"), &error));
    joinly_txn_free(txn);
    joinly_watch_free(watch);
    joinly_value_free(value);
}

enum { FORKS = 100, CHILD_SECONDS = 60 };

/* What the threads of the parent use while it forks. */
typedef struct {
    joinly_store* store;
    joinly_txn* txn;
    joinly_batch* batch;
    joinly_cache* cache;
    pthread_mutex_t lock;
    int stopped;
} workplace;

static int goes_on(workplace* place) {
    CHECK(pthread_mutex_lock(&place->lock) == 0);
    const int stopped = place->stopped;
    CHECK(pthread_mutex_unlock(&place->lock) == 0);
    return !stopped;
}

/* Objects of every kind come and go, and shared ones are in use. */
static void* work(void* argument) {
    workplace* place = argument;
    while (goes_on(place)) {
        for (int turn = 0; turn < 100; turn++) {
            joinly_value* value = NULL;
            joinly_txn* txn = NULL;
            size_t len = 0;
            CHECK_OK(joinly_kv_get(place->store, BYTES("k"), &value, &error));
            joinly_value_free(value);
            CHECK_STATUS(JOINLY_INVALID, joinly_kv_get(place->store, NULL, 0, &value, &error));
            CHECK_OK(joinly_txn_begin(place->store, &txn, &error));
            joinly_txn_free(txn);
            const joinly_status status = joinly_txn_get_into(place->txn, BYTES("k"), NULL, 0, &len, NULL);
            CHECK(status == JOINLY_BUSY || status == JOINLY_BUFFER_TOO_SMALL || status == JOINLY_CONFLICT);
            CHECK_OK(joinly_batch_put(place->batch, BYTES("b"), BYTES("v"), 0, &error));
            joinly_batch_clear(place->batch);
            CHECK_OK(joinly_cache_set(place->cache, BYTES("k"), BYTES("parent"), 0, &error));
        }
        CHECK_OK(joinly_kv_put(place->store, BYTES("other"), BYTES("v"), &error));
    }
    return NULL;
}

/* The child waits for no lock that a thread of its parent held: alarm() ends one that does. */
static void in_the_child_of_threads(const workplace* place) {
    joinly_value* value = NULL;
    size_t len = 0;
    (void)alarm(CHILD_SECONDS);
    CHECK_STATUS(JOINLY_FORKED, joinly_kv_get(place->store, BYTES("k"), &value, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_kv_put(place->store, BYTES("k"), BYTES("child"), &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_txn_get_into(place->txn, BYTES("k"), NULL, 0, &len, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_store_commit(place->store, place->batch, NULL, &error));
    CHECK_STATUS(JOINLY_FORKED, joinly_index_drop(place->store, "none", &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_cache_get(place->cache, BYTES("k"), &value, &error));
    CHECK_OK(joinly_cache_set(place->cache, BYTES("k"), BYTES("child"), 0, &error));
    CHECK_OK(joinly_cache_get(place->cache, BYTES("k"), &value, &error));
    joinly_value_free(value);
    joinly_cache_free(place->cache);
    joinly_batch_free(place->batch);
    joinly_txn_free(place->txn);
    CHECK_STATUS(JOINLY_FORKED, joinly_store_close(place->store, &error));
}

static void many_threads(joinly_store* store) {
    workplace place = {.store = store, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[3];
    joinly_value* value = NULL;
    CHECK_OK(joinly_txn_begin(store, &place.txn, &error));
    CHECK_OK(joinly_batch_new(&place.batch, &error));
    CHECK_OK(joinly_cache_new(NULL, &place.cache, &error));
    for (int n = 0; n < 3; n++)
        CHECK(pthread_create(&threads[n], NULL, work, &place) == 0);
    for (int n = 0; n < FORKS; n++) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            in_the_child_of_threads(&place);
            _exit(EXIT_SUCCESS);
        }
        check_child(child);
    }
    CHECK(pthread_mutex_lock(&place.lock) == 0);
    place.stopped = 1;
    CHECK(pthread_mutex_unlock(&place.lock) == 0);
    for (int n = 0; n < 3; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    joinly_txn_free(place.txn);
    joinly_batch_free(place.batch);
    CHECK_OK(joinly_cache_get(place.cache, BYTES("k"), &value, &error));
    joinly_value_free(value);
    joinly_cache_free(place.cache);
}

int main(void) {
    joinly_store* store = NULL;
    (void)remove("fork.db");
    CHECK_OK(joinly_store_open("fork.db", NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("parent"), &error));
    one_thread(store);
    /* The allocator of the address sanitizer keeps locks that its threads held during a fork. */
    if (!WITH_ADDRESS_SANITIZER)
        many_threads(store);
    CHECK_OK(joinly_store_verify(store, &error));
    CHECK_OK(joinly_store_close(store, &error));
    return EXIT_SUCCESS;
}
