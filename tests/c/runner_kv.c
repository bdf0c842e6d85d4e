/* The steps on keys and values. */
#include "runner.h"

/* Adds the rows of a page to the answer, "..." when there are more, and keeps the cursor. */
static joinly_status page(runner* run, joinly_status status, joinly_page* page, int keys_only, paged* position) {
    if (status == JOINLY_OK) {
        size_t count = 0;
        const joinly_row* rows = joinly_page_rows(page, &count);
        for (size_t i = 0; i < count; i++) {
            /* A transaction's own writes have no version yet. */
            CHECK(rows[i].version > 0 || position == NULL);
            if (keys_only) {
                cases_add(&run->answer, rows[i].key, rows[i].key_len);
            } else {
                cases_add_joined(&run->answer, rows[i].key, rows[i].key_len, '=', rows[i].value, rows[i].value_len);
            }
        }
        size_t len = 0;
        const uint8_t* cursor = joinly_page_cursor(page, &len);
        if (cursor != NULL) {
            cases_add_text(&run->answer, "...");
        }
        if (position != NULL) {
            free(position->cursor);
            position->cursor = NULL;
            position->cursor_len = len;
            if (cursor != NULL) {
                position->cursor = malloc(len);
                CHECK(position->cursor != NULL);
                memcpy(position->cursor, cursor, len);
            }
        }
    }
    joinly_page_free(page);
    return status;
}

static void keep_query(paged* position, const cases_words* args) {
    cases_words_free(&position->words);
    free(position->cursor);
    position->cursor = NULL;
    position->cursor_len = 0;
    for (size_t i = 0; i < args->count; i++) {
        cases_add(&position->words, args->words[i].data, args->words[i].len);
    }
}

static joinly_status op_get(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_kv_get(run->store, ARG(1), &found, err);
    return value(run, status, found);
}

static joinly_status op_get_into(runner* run, const cases_words* args, joinly_error** err) {
    const size_t cap = (size_t)integer(args, 2);
    uint8_t* buffer = malloc(cap + 1);
    CHECK(buffer != NULL);
    size_t len = 1;
    const joinly_status status = joinly_kv_get_into(run->store, ARG(1), buffer, cap, &len, err);
    if (status == JOINLY_OK) {
        cases_add(&run->answer, buffer, len);
    } else if (status == JOINLY_BUFFER_TOO_SMALL) {
        cases_add_text(&run->answer, "BUFFER_TOO_SMALL");
        (void)number(run, JOINLY_OK, (int64_t)len);
    } else {
        CHECK(len == 0);
    }
    free(buffer);
    return status;
}

static joinly_status op_exists(runner* run, const cases_words* args, joinly_error** err) {
    uint8_t exists = 0;
    const joinly_status status = joinly_kv_exists(run->store, ARG(1), &exists, err);
    if (status == JOINLY_OK) {
        cases_add_text(&run->answer, exists ? "yes" : "no");
    }
    return status;
}

static joinly_status op_get_many(runner* run, const cases_words* args, joinly_error** err) {
    joinly_bytes keys[CASES_MAX_WORDS];
    const size_t count = args->count - 1;
    for (size_t i = 0; i < count; i++) {
        keys[i].data = (const uint8_t*)args->words[i + 1].data;
        keys[i].len = args->words[i + 1].len;
    }
    joinly_page* found = NULL;
    const joinly_status status = joinly_kv_get_many(run->store, keys, count, &found, err);
    size_t rows = 0;
    const joinly_row* row = joinly_page_rows(found, &rows);
    CHECK(rows == (status == JOINLY_OK ? count : 0));
    for (size_t i = 0; i < rows; i++) {
        CHECK((row[i].value == NULL) == (row[i].version == 0));
        if (row[i].value == NULL) {
            cases_add_text(&run->answer, "NOT_FOUND");
        } else {
            cases_add(&run->answer, row[i].value, row[i].value_len);
        }
    }
    joinly_page_free(found);
    return status;
}

static joinly_status op_put(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_kv_put(run->store, ARG(1), ARG(2), err));
}

static joinly_status op_put_ttl(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_kv_put_ttl(run->store, ARG(1), ARG(2), milliseconds(args, 3), err));
}

static joinly_status op_delete(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_kv_delete(run->store, ARG(1), err));
}

static joinly_status op_expire(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_kv_expire(run->store, ARG(1), milliseconds(args, 2), err));
}

static joinly_status op_add(runner* run, const cases_words* args, joinly_error** err) {
    int64_t sum = 0;
    const joinly_status status = joinly_kv_add(run->store, ARG(1), integer(args, 2), &sum, err);
    return number(run, status, sum);
}

static joinly_status op_ttl(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_kv_get(run->store, ARG(1), &found, err);
    if (status == JOINLY_OK) {
        int64_t now = 0;
        CHECK(joinly_store_now(run->store, &now, NULL) == JOINLY_OK);
        const int64_t expires_at = joinly_value_expires_at(found);
        cases_add_text(&run->answer, expires_at == 0 ? "never" : expires_at > now ? "future" : "past");
    }
    joinly_value_free(found);
    return status;
}

static joinly_status op_sleep(runner* run, const cases_words* args, joinly_error** err) {
    (void)err;
    int64_t start = 0;
    int64_t now = 0;
    CHECK(joinly_store_now(run->store, &start, NULL) == JOINLY_OK);
    /* A watch on a key that nobody writes waits without work. */
    joinly_watch* watch = NULL;
    joinly_changes* changes = NULL;
    CHECK(joinly_watch_open(run->store, JOINLY_FROM_NOW, BYTES("\xff sleep"), &watch, NULL) == JOINLY_OK);
    do {
        CHECK(joinly_watch_poll(watch, (uint32_t)milliseconds(args, 1), &changes, NULL) == JOINLY_TIMEOUT);
        CHECK(joinly_store_now(run->store, &now, NULL) == JOINLY_OK);
    } while (now < start + integer(args, 1));
    joinly_watch_free(watch);
    return ok(run, JOINLY_OK);
}

static joinly_status op_remember(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_kv_get(run->store, ARG(2), &found, err);
    find_named(run->versions, text(args, 1), 1)->version = joinly_value_version(found);
    joinly_value_free(found);
    return ok(run, status == JOINLY_NOT_FOUND ? JOINLY_OK : status);
}

static joinly_status read_scan(runner* run, joinly_error** err) {
    const cases_words* args = &run->scan.words;
    const int by_prefix = cases_word_is(&args->words[0], "prefix");
    const size_t limit = by_prefix ? 2 : 3;
    joinly_scan_options options = {0};
    options.struct_size = sizeof options;
    options.limit = (uint32_t)integer(args, limit);
    options.cursor = run->scan.cursor;
    options.cursor_len = run->scan.cursor_len;
    options.reverse = has_flag(args, limit + 1, "reverse") ? 1 : 0;
    options.keys_only = has_flag(args, limit + 1, "keys") ? 1 : 0;
    joinly_page* found = NULL;
    const joinly_status status = by_prefix ? joinly_kv_scan_prefix(run->store, ARG(1), &options, &found, err)
                                           : joinly_kv_scan(run->store, ARG(1), ARG(2), &options, &found, err);
    return page(run, status, found, options.keys_only, &run->scan);
}

static joinly_status op_scan(runner* run, const cases_words* args, joinly_error** err) {
    keep_query(&run->scan, args);
    return read_scan(run, err);
}

static joinly_status op_scan_next(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return read_scan(run, err);
}

static joinly_status op_batch(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return ok(run, joinly_batch_new(&run->batch, err));
}

static joinly_status op_b_check(runner* run, const cases_words* args, joinly_error** err) {
    const uint64_t version = find_named(run->versions, text(args, 2), 0)->version;
    return ok(run, joinly_batch_check(run->batch, ARG(1), version, err));
}

static joinly_status op_b_absent(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_check(run->batch, ARG(1), 0, err));
}

static joinly_status op_b_put(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_put(run->batch, ARG(1), ARG(2), 0, err));
}

static joinly_status op_b_put_ttl(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_put(run->batch, ARG(1), ARG(2), milliseconds(args, 3), err));
}

static joinly_status op_b_delete(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_delete(run->batch, ARG(1), err));
}

static joinly_status op_b_add(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_add(run->batch, ARG(1), integer(args, 2), err));
}

static joinly_status op_b_expire(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_batch_expire(run->batch, ARG(1), milliseconds(args, 2), err));
}

static joinly_status op_commit(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    const joinly_status status = joinly_store_commit(run->store, run->batch, NULL, err);
    joinly_batch_free(run->batch);
    run->batch = NULL;
    return ok(run, status);
}

static joinly_status op_begin(runner* run, const cases_words* args, joinly_error** err) {
    named* slot = find_named(run->txns, text(args, 1), 1);
    joinly_txn_free(slot->txn);
    return ok(run, joinly_txn_begin(run->store, &slot->txn, err));
}

static joinly_status op_t_get(runner* run, const cases_words* args, joinly_error** err) {
    joinly_value* found = NULL;
    const joinly_status status = joinly_txn_get(txn(run, args), ARG(2), &found, err);
    return value(run, status, found);
}

static joinly_status op_t_put(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_txn_put(txn(run, args), ARG(2), ARG(3), 0, err));
}

static joinly_status op_t_delete(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_txn_delete(txn(run, args), ARG(2), err));
}

static joinly_status op_t_add(runner* run, const cases_words* args, joinly_error** err) {
    int64_t sum = 0;
    const joinly_status status = joinly_txn_add(txn(run, args), ARG(2), integer(args, 3), &sum, err);
    return number(run, status, sum);
}

static joinly_status op_t_prefix(runner* run, const cases_words* args, joinly_error** err) {
    joinly_scan_options options = {0};
    options.struct_size = sizeof options;
    options.limit = (uint32_t)integer(args, 3);
    joinly_page* found = NULL;
    const joinly_status status = joinly_txn_scan_prefix(txn(run, args), ARG(2), &options, &found, err);
    return page(run, status, found, 0, NULL);
}

static joinly_status op_t_commit(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_txn_commit(txn(run, args), NULL, err));
}

static joinly_status op_t_rollback(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_txn_rollback(txn(run, args), err));
}

static joinly_status op_watch(runner* run, const cases_words* args, joinly_error** err) {
    named* slot = find_named(run->watches, text(args, 1), 1);
    const uint64_t from = cases_word_is(&args->words[2], "now") ? JOINLY_FROM_NOW : milliseconds(args, 2);
    joinly_watch_free(slot->watch);
    return ok(run, joinly_watch_open(run->store, from, ARG(3), &slot->watch, err));
}

static joinly_status op_poll(runner* run, const cases_words* args, joinly_error** err) {
    static const char* const kinds[] = {"", "put", "delete", "expire"};
    joinly_changes* changes = NULL;
    const joinly_status status = joinly_watch_poll(find_named(run->watches, text(args, 1), 0)->watch, 0, &changes, err);
    size_t count = 0;
    const joinly_change* rows = joinly_changes_rows(changes, &count);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].kind >= JOINLY_CHANGE_PUT && rows[i].kind <= JOINLY_CHANGE_EXPIRE);
        const char* kind = kinds[rows[i].kind];
        cases_add_joined(&run->answer, kind, strlen(kind), ':', rows[i].key, rows[i].key_len);
    }
    joinly_changes_free(changes);
    return status;
}

static joinly_status op_index(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_index_declare(run->store, text(args, 1), ARG(2), text(args, 3), err));
}

static joinly_status op_index_drop(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_index_drop(run->store, text(args, 1), err));
}

static joinly_status op_index_rebuild(runner* run, const cases_words* args, joinly_error** err) {
    return ok(run, joinly_index_rebuild(run->store, text(args, 1), err));
}

static joinly_status op_indexes(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    joinly_page* list = NULL;
    const joinly_status status = joinly_index_list(run->store, &list, err);
    size_t count = 0;
    const joinly_row* rows = joinly_page_rows(list, &count);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].value_len > 0);
        cases_add(&run->answer, rows[i].key, rows[i].key_len);
    }
    joinly_page_free(list);
    return status;
}

/* Sets a condition of the form "name=JSON". */
static void condition(const cases_words* args, const char* name, const uint8_t** data, size_t* len) {
    const size_t name_len = strlen(name);
    for (size_t i = 3; i < args->count; i++) {
        if (args->words[i].len >= name_len && memcmp(args->words[i].data, name, name_len) == 0) {
            *data = (const uint8_t*)args->words[i].data + name_len;
            *len = args->words[i].len - name_len;
        }
    }
}

static joinly_status read_find(runner* run, joinly_error** err) {
    const cases_words* args = &run->find.words;
    joinly_find_options options = {0};
    options.struct_size = sizeof options;
    options.limit = (uint32_t)integer(args, 2);
    condition(args, "equal=", &options.equal, &options.equal_len);
    condition(args, "lower=", &options.lower, &options.lower_len);
    condition(args, "upper=", &options.upper, &options.upper_len);
    options.cursor = run->find.cursor;
    options.cursor_len = run->find.cursor_len;
    options.lower_exclusive = has_flag(args, 3, "lower_exclusive") ? 1 : 0;
    options.upper_inclusive = has_flag(args, 3, "upper_inclusive") ? 1 : 0;
    options.descending = has_flag(args, 3, "descending") ? 1 : 0;
    joinly_page* found = NULL;
    const joinly_status status = joinly_index_find(run->store, text(args, 1), &options, &found, err);
    return page(run, status, found, 1, &run->find);
}

static joinly_status op_find(runner* run, const cases_words* args, joinly_error** err) {
    keep_query(&run->find, args);
    return read_find(run, err);
}

static joinly_status op_find_next(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return read_find(run, err);
}

static joinly_status op_flush(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return ok(run, joinly_store_flush(run->store, 0, err));
}

static joinly_status op_checkpoint(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return ok(run, joinly_store_checkpoint(run->store, err));
}

static joinly_status op_verify(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return ok(run, joinly_store_verify(run->store, err));
}

static joinly_status op_compact(runner* run, const cases_words* args, joinly_error** err) {
    (void)args;
    return ok(run, joinly_store_compact(run->store, err));
}

const operation KV_OPERATIONS[] = {
    {"get", 1, op_get},
    {"get_into", 2, op_get_into},
    {"exists", 1, op_exists},
    {"get_many", 1, op_get_many},
    {"put", 2, op_put},
    {"put_ttl", 3, op_put_ttl},
    {"delete", 1, op_delete},
    {"expire", 2, op_expire},
    {"add", 2, op_add},
    {"ttl", 1, op_ttl},
    {"sleep", 1, op_sleep},
    {"scan", 3, op_scan},
    {"scan_next", 0, op_scan_next},
    {"prefix", 2, op_scan},
    {"remember", 2, op_remember},
    {"batch", 0, op_batch},
    {"b_check", 2, op_b_check},
    {"b_absent", 1, op_b_absent},
    {"b_put", 2, op_b_put},
    {"b_put_ttl", 3, op_b_put_ttl},
    {"b_delete", 1, op_b_delete},
    {"b_add", 2, op_b_add},
    {"b_expire", 2, op_b_expire},
    {"commit", 0, op_commit},
    {"begin", 1, op_begin},
    {"t_get", 2, op_t_get},
    {"t_put", 3, op_t_put},
    {"t_delete", 2, op_t_delete},
    {"t_add", 3, op_t_add},
    {"t_prefix", 3, op_t_prefix},
    {"t_commit", 1, op_t_commit},
    {"t_rollback", 1, op_t_rollback},
    {"watch", 3, op_watch},
    {"poll", 1, op_poll},
    {"index", 3, op_index},
    {"index_drop", 1, op_index_drop},
    {"index_rebuild", 1, op_index_rebuild},
    {"indexes", 0, op_indexes},
    {"find", 2, op_find},
    {"find_next", 0, op_find_next},
    {"flush", 0, op_flush},
    {"checkpoint", 0, op_checkpoint},
    {"verify", 0, op_verify},
    {"compact", 0, op_compact},
    {NULL, 0, NULL},
};
