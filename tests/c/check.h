/* Checks for test programs in C and C++: the first that fails tells where and why, and ends the program. */
#ifndef JOINLY_TEST_CHECK_H
#define JOINLY_TEST_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <joinly_storage.h>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            (void)fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(EXIT_FAILURE);                                                             \
        }                                                                                   \
    } while (0)

/* The expression is a call that takes `&error`; frees the error. */
#define CHECK_STATUS(expected, call)                                         \
    do {                                                                     \
        joinly_error* error = NULL;                                          \
        const joinly_status status_ = (call);                                \
        check_status(__FILE__, __LINE__, #call, (expected), status_, error); \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(JOINLY_OK, call)

/* A failure other than the everyday ones comes with an error object that says the same; success with none. */
static inline void check_status(const char* file, int line, const char* call, joinly_status expected, joinly_status got,
                                joinly_error* error) {
    const int everyday = got == JOINLY_NOT_FOUND || got == JOINLY_TIMEOUT || got == JOINLY_BUFFER_TOO_SMALL;
    const char* message = joinly_error_message(error);
    if (got != expected) {
        (void)fprintf(stderr, "%s:%d: %s answered %s \"%s\", not %s\n", file, line, call, joinly_status_name(got),
                      message, joinly_status_name(expected));
        exit(EXIT_FAILURE);
    }
    CHECK(got != JOINLY_OK || error == NULL);
    CHECK(got == JOINLY_OK || everyday || error != NULL);
    CHECK(error == NULL || (joinly_error_status(error) == got && message[0] != '\0'));
    joinly_error_free(error);
}

/* Bytes of a text literal and their count, as two arguments. */
#define BYTES(literal) (const uint8_t*)(literal), (sizeof(literal) - 1)

#endif
