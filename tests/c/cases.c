#include "cases.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static void* allocate(size_t size) {
    void* memory = malloc(size);
    if (memory == NULL) {
        (void)fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void malformed(size_t line, const char* why) {
    (void)fprintf(stderr, "line %zu: %s\n", line, why);
    exit(EXIT_FAILURE);
}

static int hex_digit(size_t line, char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    malformed(line, "\\x needs two lower-case hexadecimal digits");
    return 0;
}

/* Decodes the escapes of `text` into `word`, without `\r`. */
static void decode_once(size_t line, const char* text, cases_word* word) {
    const size_t len = strlen(text);
    word->data = allocate(len + 1);
    word->len = 0;
    if (strcmp(text, "\\e") == 0) {
        word->data[0] = '\0';
        return;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\\') {
            switch (text[++i]) {
                case 's': c = ' '; break;
                case '\\': c = '\\'; break;
                case 'x':
                    c = (char)(hex_digit(line, text[i + 1]) * 16 + hex_digit(line, text[i + 2]));
                    i += 2;
                    break;
                default: malformed(line, "unknown escape");
            }
        }
        word->data[word->len++] = c;
    }
    word->data[word->len] = '\0';
}

static void decode(size_t line, const char* text, cases_word* word) {
    if (strncmp(text, "\\r", 2) != 0) {
        decode_once(line, text, word);
        return;
    }
    char* rest = NULL;
    const size_t times = (size_t)strtoull(text + 2, &rest, 10);
    if (*rest != ':') {
        malformed(line, "\\r needs a count and a colon");
    }
    cases_word once;
    decode_once(line, rest + 1, &once);
    word->len = once.len * times;
    word->data = allocate(word->len + 1);
    for (size_t i = 0; i < times; i++) {
        memcpy(word->data + i * once.len, once.data, once.len);
    }
    word->data[word->len] = '\0';
    free(once.data);
}

static cases_word* new_word(cases_words* words) {
    if (words->count == CASES_MAX_WORDS) {
        (void)fputs("too many words\n", stderr);
        exit(EXIT_FAILURE);
    }
    return &words->words[words->count++];
}

int cases_next(FILE* file, cases_step* step) {
    char text[4096];
    const size_t line_before = step->line;
    memset(step, 0, sizeof *step);
    step->line = line_before;
    while (fgets(text, sizeof text, file) != NULL) {
        step->line++;
        if (strchr(text, '\n') == NULL && !feof(file)) {
            malformed(step->line, "the line is too long");
        }
        cases_words* target = &step->words;
        if (text[0] == '#') {
            continue;
        }
        for (char* at = strtok(text, " \n"); at != NULL; at = strtok(NULL, " \n")) {
            if (strcmp(at, "->") == 0) {
                target = &step->expected;
            } else {
                decode(step->line, at, new_word(target));
            }
        }
        if (step->words.count > 0) {
            return 1;
        }
    }
    return 0;
}

void cases_words_free(cases_words* words) {
    for (size_t i = 0; i < words->count; i++) {
        free(words->words[i].data);
    }
    words->count = 0;
}

void cases_step_free(cases_step* step) {
    cases_words_free(&step->words);
    cases_words_free(&step->expected);
}

int cases_word_is(const cases_word* word, const char* text) {
    return word->len == strlen(text) && memcmp(word->data, text, word->len) == 0;
}

void cases_add(cases_words* words, const void* data, size_t len) {
    cases_word* word = new_word(words);
    word->data = allocate(len + 1);
    word->len = len;
    if (len > 0) {
        memcpy(word->data, data, len);
    }
    word->data[len] = '\0';
}

void cases_add_text(cases_words* words, const char* text) { cases_add(words, text, strlen(text)); }

void cases_add_joined(cases_words* words, const void* a, size_t a_len, char separator, const void* b, size_t b_len) {
    cases_word* word = new_word(words);
    word->data = allocate(a_len + b_len + 2);
    word->len = a_len + 1 + b_len;
    memcpy(word->data, a, a_len);
    word->data[a_len] = separator;
    if (b_len > 0) {
        memcpy(word->data + a_len + 1, b, b_len);
    }
    word->data[word->len] = '\0';
}

static int ends_with(const cases_word* word, const char* text) {
    const size_t len = strlen(text);
    return word->len >= len && memcmp(word->data + word->len - len, text, len) == 0;
}

void cases_add_json(cases_words* words, const void* data, size_t len) {
    cases_add(words, "", 0);
    cases_word* word = &words->words[words->count - 1];
    free(word->data);
    word->data = allocate(len + 1);
    const char* at = data;
    const char* end = at + len;
    while (at < end) {
        const char* next = at;
        while (next < end && isdigit((unsigned char)*next)) {
            next++;
        }
        const size_t digits = (size_t)(next - at);
        const int is_fraction = ends_with(word, ".");
        if (ends_with(word, "\"code\":\"")) {
            word->data[word->len++] = 'C';
            next = memchr(at, '"', (size_t)(end - at));
        } else if (!is_fraction && (digits >= 13 || (digits > 0 && ends_with(word, "\"waited_ms\":")))) {
            word->data[word->len++] = 'T';
        } else {
            next = digits == 0 ? at + 1 : next;
            const size_t kept = is_fraction && digits > 6 ? 6 : (size_t)(next - at);
            memcpy(word->data + word->len, at, kept);
            word->len += kept;
        }
        at = next;
    }
    word->data[word->len] = '\0';
}

static void print_words(const char* label, const cases_words* words) {
    enum { SHOWN = 80 };
    (void)fprintf(stderr, "  %s:", label);
    for (size_t i = 0; i < words->count; i++) {
        const cases_word* word = &words->words[i];
        (void)fputc(' ', stderr);
        for (size_t j = 0; j < word->len && j < SHOWN; j++) {
            const unsigned char c = (unsigned char)word->data[j];
            if (isgraph(c)) {
                (void)fputc(c, stderr);
            } else {
                (void)fprintf(stderr, "\\x%02x", c);
            }
        }
        if (word->len > SHOWN) {
            (void)fprintf(stderr, "... (%zu bytes)", word->len);
        }
    }
    (void)fputc('\n', stderr);
}

static int same(const cases_words* a, const cases_words* b) {
    if (a->count != b->count) {
        return 0;
    }
    for (size_t i = 0; i < a->count; i++) {
        const cases_word* x = &a->words[i];
        const cases_word* y = &b->words[i];
        if (x->len != y->len || memcmp(x->data, y->data, x->len) != 0) {
            return 0;
        }
    }
    return 1;
}

int cases_judge(const char* path, const char* name, const cases_step* step, const cases_words* answer) {
    if (same(&step->expected, answer)) {
        return 1;
    }
    (void)fprintf(stderr, "%s:%zu: in %s\n", path, step->line, name);
    print_words("step", &step->words);
    print_words("expected", &step->expected);
    print_words("answered", answer);
    return 0;
}

static void remove_folder(const char* name) {
    DIR* folder = opendir(name);
    if (folder == NULL) {
        return;
    }
    const struct dirent* entry = NULL;
    while ((entry = readdir(folder)) != NULL) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        (void)remove(path);
    }
    (void)closedir(folder);
    (void)remove(name);
}

void cases_remove_stores(void) {
    (void)remove("cases.db");
    (void)remove("cases.db-wal");
    (void)remove("cases.db-shm");
    remove_folder("cases.leveldb");
    remove_folder("cases.jsonl/schema");
    remove_folder("cases.jsonl/data");
    remove_folder("cases.jsonl/wal");
    remove_folder("cases.jsonl");
}
