/* After fork() the child's handles answer JOINLY_FORKED, and the parent goes on as if nothing had happened. */
#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(void) {
    joinly_store* store = NULL;
    joinly_txn* txn = NULL;
    joinly_watch* watch = NULL;
    joinly_value* value = NULL;
    (void)remove("fork.db");
    CHECK_OK(joinly_store_open("fork.db", NULL, &store, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("parent"), &error));
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
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);

    CHECK_OK(joinly_txn_commit(txn, NULL, &error));
    CHECK_OK(joinly_kv_put(store, BYTES("k"), BYTES("later"), &error));
    CHECK_OK(joinly_store_verify(store, &error));
    joinly_txn_free(txn);
    joinly_watch_free(watch);
    joinly_value_free(value);
    CHECK_OK(joinly_store_close(store, &error));
    return EXIT_SUCCESS;
}
