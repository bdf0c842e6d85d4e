/* Steps on models: their options, and documents as answers. */
#ifndef JOINLY_TEST_RUNNER_OPTIONS_H
#define JOINLY_TEST_RUNNER_OPTIONS_H

#include "model.h"
#include "runner.h"

enum { PLAYERS = 16, CODE = 6 };

/* A word as the two arguments of a text. */
#define WORD(index) args->words[index].data, args->words[index].len

static inline int is_option(const cases_word* word) {
    const size_t name = strspn(word->data, "abcdefghijklmnopqrstuvwxyz_");
    return name > 0 && word->data[name] == '=';
}

/* The index of the first option, which all words come before. */
static inline size_t options_of(const cases_words* args) {
    size_t i = 1;
    while (i < args->count && !is_option(&args->words[i])) {
        i++;
    }
    return i;
}

/* The value of an option; NULL when it is not given. */
static inline const char* option(const cases_words* args, const char* name) {
    const size_t len = strlen(name);
    for (size_t i = options_of(args); i < args->count; i++) {
        if (strncmp(args->words[i].data, name, len) == 0 && args->words[i].data[len] == '=') {
            return args->words[i].data + len + 1;
        }
    }
    return NULL;
}

static inline void option_text(const cases_words* args, const char* name, const char** data, size_t* len) {
    *data = option(args, name);
    *len = *data == NULL ? 0 : strlen(*data);
}

/* An option as two fields of a struct. */
#define OPTION(args, object, field) option_text(args, #field, &(object).field, &(object).field##_len)

static inline uint64_t option_number(const cases_words* args, const char* name) {
    const char* given = option(args, name);
    return given == NULL ? 0 : strtoull(given, NULL, 10);
}

static inline uint8_t option_is(const cases_words* args, const char* name, const char* wanted) {
    const char* given = option(args, name);
    return given != NULL && strcmp(given, wanted) == 0;
}

static inline uint32_t choice(const char* word, const char* const* choices, size_t count) {
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(word, choices[i]) == 0) {
            return (uint32_t)i;
        }
    }
    CHECK(word == NULL);
    return 0;
}

#define CHOICE(word, ...) \
    choice(word, (const char* const[]){__VA_ARGS__}, sizeof((const char* const[]){__VA_ARGS__}) / sizeof(char*))

static inline joinly_status json(runner* run, joinly_status status, joinly_value* document) {
    if (status == JOINLY_OK) {
        size_t len = 0;
        const uint8_t* data = joinly_value_data(document, &len);
        cases_add_json(&run->answer, data, len);
    }
    joinly_value_free(document);
    return status;
}

#endif
