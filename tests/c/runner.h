/* What the steps of behaviour cases work on, and what they answer with. */
#ifndef JOINLY_TEST_RUNNER_H
#define JOINLY_TEST_RUNNER_H

#include "cases.h"
#include "check.h"

enum { NAMES = 8 };

/* Objects that cases give names to. */
typedef struct {
    char name[64];
    joinly_txn* txn;
    joinly_watch* watch;
    uint64_t version;
} named;

/* The last scan or find, to be continued. */
typedef struct {
    cases_words words;
    uint8_t* cursor;
    size_t cursor_len;
} paged;

typedef struct {
    joinly_store* store;
    joinly_batch* batch;
    named txns[NAMES];
    named watches[NAMES];
    named versions[NAMES];
    paged scan;
    paged find;
    cases_words answer;
} runner;

/* A step: adds its answer to that of the runner. */
typedef struct {
    const char* name;
    size_t arguments; /* the least */
    joinly_status (*run)(runner* run, const cases_words* args, joinly_error** err);
} operation;

/* Each ends with one without a name. */
extern const operation KV_OPERATIONS[];
extern const operation LOBBY_OPERATIONS[];
extern const operation MODEL_OPERATIONS[];

/* A word as the two arguments of a byte string. */
#define ARG(index) (const uint8_t*)args->words[index].data, args->words[index].len

static inline const char* text(const cases_words* args, size_t index) { return args->words[index].data; }

static inline int64_t integer(const cases_words* args, size_t index) { return strtoll(text(args, index), NULL, 10); }

static inline uint64_t milliseconds(const cases_words* args, size_t index) { return (uint64_t)integer(args, index); }

static inline named* find_named(named* list, const char* name, int create) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
        if (create && list[i].name[0] == '\0') {
            (void)snprintf(list[i].name, sizeof list[i].name, "%s", name);
            return &list[i];
        }
    }
    (void)fprintf(stderr, "no such name, or too many: %s\n", name);
    exit(EXIT_FAILURE);
}

static inline joinly_txn* txn(runner* run, const cases_words* args) {
    return find_named(run->txns, text(args, 1), 0)->txn;
}

/* Adds "ok" to the answer of a call that succeeded. */
static inline joinly_status ok(runner* run, joinly_status status) {
    if (status == JOINLY_OK) {
        cases_add_text(&run->answer, "ok");
    }
    return status;
}

static inline joinly_status number(runner* run, joinly_status status, int64_t sum) {
    if (status == JOINLY_OK) {
        char digits[32];
        (void)snprintf(digits, sizeof digits, "%" PRId64, sum);
        cases_add_text(&run->answer, digits);
    }
    return status;
}

static inline joinly_status value(runner* run, joinly_status status, joinly_value* value) {
    if (status == JOINLY_OK) {
        size_t len = 0;
        const uint8_t* data = joinly_value_data(value, &len);
        CHECK(data != NULL);
        cases_add(&run->answer, data, len);
    }
    joinly_value_free(value);
    return status;
}

static inline int has_flag(const cases_words* args, size_t from, const char* flag) {
    for (size_t i = from; i < args->count; i++) {
        if (cases_word_is(&args->words[i], flag)) {
            return 1;
        }
    }
    return 0;
}

#endif
