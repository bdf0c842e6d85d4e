/* What the tests of models share. */
#ifndef JOINLY_TEST_MODEL_H
#define JOINLY_TEST_MODEL_H

#include "check.h"

/* A text literal and its length, as two arguments. */
#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* The same, as two fields of a struct. */
#define SET_TEXT(object, field, literal)            \
    do {                                            \
        (object).field = (literal);                 \
        (object).field##_len = sizeof(literal) - 1; \
    } while (0)

static inline joinly_store* open_memory(void) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    return store;
}

/* What follows a text within bytes; NULL when it is not there. */
static inline const uint8_t* after(const uint8_t* data, size_t len, const char* text) {
    const size_t wanted = strlen(text);
    for (size_t at = 0; data != NULL && at + wanted <= len; at++) {
        if (memcmp(data + at, text, wanted) == 0) {
            return data + at + wanted;
        }
    }
    return NULL;
}

static inline int value_has(const joinly_value* value, const char* text) {
    size_t len = 0;
    const uint8_t* data = joinly_value_data(value, &len);
    return after(data, len, text) != NULL;
}

/* Whether a value is exactly a text; frees it. */
static inline int value_is(joinly_value* value, const char* text) {
    size_t len = 0;
    const uint8_t* data = joinly_value_data(value, &len);
    const int same = data != NULL && len == strlen(text) && memcmp(data, text, len) == 0;
    joinly_value_free(value);
    return same;
}

#endif
