/* Runs a file of behaviour cases through the C ABI: behaviour FILE.case, in a scratch directory. */
#include "runner.h"

static void start(runner* run, const char* url, uint64_t cache_bytes) {
    memset(run, 0, sizeof *run);
    cases_remove_stores();
    joinly_options options = {0};
    options.struct_size = sizeof options;
    options.cache_bytes = cache_bytes;
    CHECK_OK(joinly_store_open(url, &options, &run->store, &error));
}

static void finish(runner* run) {
    for (size_t i = 0; i < NAMES; i++) {
        joinly_txn_free(run->txns[i].txn);
        joinly_watch_free(run->watches[i].watch);
    }
    joinly_batch_free(run->batch);
    cases_words_free(&run->scan.words);
    cases_words_free(&run->find.words);
    free(run->scan.cursor);
    free(run->find.cursor);
    if (run->store != NULL) {
        CHECK_OK(joinly_store_close(run->store, &error));
    }
    run->store = NULL;
}

/* The one without a name when there is none. */
static const operation* find_operation(const cases_word* name) {
    const operation* const lists[] = {KV_OPERATIONS, LOBBY_OPERATIONS, MODEL_OPERATIONS};
    const operation* found = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && (found == NULL || found->name == NULL); i++) {
        for (found = lists[i]; found->name != NULL && !cases_word_is(name, found->name);) {
            found++;
        }
    }
    return found;
}

static void answer(runner* run, const cases_step* step) {
    const operation* found = find_operation(&step->words.words[0]);
    if (found->name == NULL || step->words.count <= found->arguments) {
        cases_add_text(&run->answer, found->name == NULL ? "(no such operation)" : "(too few arguments)");
        return;
    }
    joinly_error* error = NULL;
    const joinly_status status = found->run(run, &step->words, &error);
    if (status != JOINLY_OK && run->answer.count == 0) {
        cases_add_text(&run->answer, joinly_status_name(status));
    }
    check_status(__FILE__, __LINE__, found->name, status, status, error);
}

/* Runs every case of a file on fresh stores: how many failed. A case ends at its first wrong answer. */
static int run_file(const char* path, const char* url, uint64_t cache_bytes) {
    FILE* file = fopen(path, "r");
    CHECK(file != NULL);
    runner run = {0};
    cases_step step = {0};
    char name[128] = "";
    int cases = 0;
    int failed = 0;
    int skipping = 0;
    while (cases_next(file, &step)) {
        if (cases_word_is(&step.words.words[0], "case")) {
            finish(&run);
            start(&run, url, cache_bytes);
            (void)snprintf(name, sizeof name, "%s (%s, cache of %" PRIu64 ")", text(&step.words, 1), url, cache_bytes);
            cases++;
            skipping = 0;
        } else if (!skipping) {
            answer(&run, &step);
            skipping = !cases_judge(path, name, &step, &run.answer);
            failed += skipping;
            cases_words_free(&run.answer);
        }
        cases_step_free(&step);
    }
    finish(&run);
    (void)fclose(file);
    CHECK(cases > 0);
    (void)printf("%s, cache of %" PRIu64 ": %d of %d cases passed\n", url, cache_bytes, cases - failed, cases);
    return failed;
}

int main(int argc, char** argv) {
    CHECK(argc == 2);
    int failed = 0;
    static const char* const urls[] = {"memory:", "sqlite:cases.db", "leveldb:cases.leveldb", "jsonl:cases.jsonl"};
    static const uint64_t caches[] = {64U << 20U, 1};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        for (size_t j = 0; j < 2; j++) {
            failed += run_file(argv[1], urls[i], caches[j]);
        }
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
