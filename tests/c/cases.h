/* Reads behaviour cases (tests/cases/README.md) and judges what a program answers to their steps. */
#ifndef JOINLY_TEST_CASES_H
#define JOINLY_TEST_CASES_H

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CASES_MAX_WORDS = 32 };

/* Decoded bytes, followed by a NUL that does not count. */
typedef struct {
    char* data;
    size_t len;
} cases_word;

typedef struct {
    size_t count;
    cases_word words[CASES_MAX_WORDS];
} cases_words;

/* One line: the operation with its arguments, and what is expected. A line "case NAME" is a step without expectation.
 */
typedef struct {
    size_t line;
    cases_words words;
    cases_words expected;
} cases_step;

/* Reads the next step; 0 at the end of the file. A malformed file ends the program. */
int cases_next(FILE* file, cases_step* step);
void cases_step_free(cases_step* step);

int cases_word_is(const cases_word* word, const char* text);

void cases_add(cases_words* words, const void* data, size_t len);
void cases_add_text(cases_words* words, const char* text);
/* Adds `a`, the separator and `b` as one word. */
void cases_add_joined(cases_words* words, const void* a, size_t a_len, char separator, const void* b, size_t b_len);
/* Adds a JSON document without what differs from run to run (tests/cases/README.md). */
void cases_add_json(cases_words* words, const void* data, size_t len);
void cases_words_free(cases_words* words);

/* Removes what a store of another case left in this directory: the file cases.db, the folders
   cases.leveldb and cases.jsonl. */
void cases_remove_stores(void);

/* 1 when the answer is the expected one; else 0 and a report on stderr. */
int cases_judge(const char* path, const char* name, const cases_step* step, const cases_words* answer);

#ifdef __cplusplus
}
#endif

#endif
