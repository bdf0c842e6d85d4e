/* Every function of statistics, used wrongly in every way a script could: each answers a status, none crashes. */
#include <math.h>

#include "model.h"

#define ADA TEXT("ada")
#define DIRTY(type) ((type*)(uintptr_t)0x10)

static void what_cannot_be_is_refused(void) {
    joinly_store* store = open_memory();
    joinly_session* session = DIRTY(joinly_session);
    joinly_value* out = DIRTY(joinly_value);
    double times[2] = {9.0, 9.0};
    const double quantiles[] = {0.5, 2.0};
#define BEGIN(subject, subject_len, id, id_len, began) \
    joinly_session_begin(store, subject, subject_len, id, id_len, began, 0, &session, &error)
    CHECK_STATUS(JOINLY_INVALID, BEGIN(NULL, 0, NULL, 0, 0));
    CHECK(session == NULL);
    CHECK_STATUS(JOINLY_INVALID, BEGIN(NULL, 3, NULL, 0, 0));
    CHECK_STATUS(JOINLY_INVALID, BEGIN("a:b", 3, NULL, 0, 0));
    CHECK_STATUS(JOINLY_INVALID, BEGIN("ada", 3, "\xff", 1, 0));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, BEGIN("ada", 3, "s", 1, -1));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, BEGIN("ada", 3, "s", 1, INT64_MAX));
    CHECK_STATUS(JOINLY_INVALID, joinly_session_begin(store, ADA, TEXT("s"), 0, 0, NULL, &error));
    CHECK_OK(BEGIN("ada", 3, "s", 1, 0));
#define RECORD(metric, len, time, at) joinly_session_record(session, metric, len, time, 1, at, &error)
    CHECK_STATUS(JOINLY_INVALID, RECORD(NULL, 0, 1.0, 0));
    CHECK_STATUS(JOINLY_INVALID, RECORD(NULL, 7, 1.0, 0));
    CHECK_STATUS(JOINLY_INVALID, RECORD("\xff", 1, 1.0, 0));
    CHECK_STATUS(JOINLY_TOO_LARGE, RECORD("x", SIZE_MAX, 1.0, 0));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, RECORD("a", 1, -1.0, 0));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, RECORD("a", 1, (double)NAN, 0));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, RECORD("a", 1, (double)INFINITY, 0));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, RECORD("a", 1, 1.0, INT64_MIN));
    CHECK_OK(RECORD("a", 1, 1.0, 0));
    CHECK(joinly_session_flush(session, NULL, NULL) == JOINLY_OK);
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_figures(store, ADA, TEXT(""), &out, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_figures(store, ADA, TEXT("a"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_summary(store, ADA, 0, 0, NULL, &error));
    CHECK_OK(joinly_stats_summary(store, ADA, INT64_MIN, INT64_MIN, &out, &error));
    CHECK(value_is(out, "[]"));
    CHECK_OK(joinly_stats_summary(store, ADA, INT64_MAX, INT64_MAX, &out, &error));
    CHECK(value_is(out, "[]"));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_worst(store, ADA, TEXT("{\"by\":\"luck\"}"), &out, &error));
    CHECK(out == NULL);
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_worst(store, ADA, NULL, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_history(store, ADA, TEXT("{\"pages\":1}"), &out, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_history(store, ADA, NULL, 0, NULL, &error));
    CHECK_OK(joinly_stats_history(store, ADA, TEXT("{\"after\":\"~nowhere\"}"), &out, &error));
    joinly_value_free(out);
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_trend(store, ADA, NULL, 0, 0, 0, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_subjects(store, NULL, &error));
#define PERCENTILES(quantiles, count, times) \
    joinly_stats_percentiles(store, ADA, NULL, 0, 0, 0, quantiles, count, times, &error)
    CHECK_STATUS(JOINLY_INVALID, PERCENTILES(quantiles, 2, times));
    CHECK(times[0] == 0.0 && times[1] == 0.0);
    CHECK_STATUS(JOINLY_INVALID, PERCENTILES(quantiles, 1, NULL));
    CHECK_STATUS(JOINLY_INVALID, PERCENTILES(NULL, 1, times));
    CHECK_STATUS(JOINLY_TOO_LARGE, PERCENTILES(quantiles, SIZE_MAX, times));
    CHECK_OK(PERCENTILES(NULL, 0, NULL));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_recover(store, -1, NULL, &error));
    CHECK_OK(joinly_stats_recover(store, INT64_MAX, NULL, &error));
    CHECK_OK(joinly_stats_roll_up(store, ADA, INT64_MIN, INT64_MAX, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_roll_up(store, TEXT(""), 1, 1, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_stats_delete(store, TEXT("a:"), NULL, &error));
    joinly_store_free(store);
    /* The store of a session may be gone before it. */
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_session_flush(session, NULL, &error));
    joinly_session_free(session);
}

/* `p` is no live store. */
static void bad_store(void* p) {
    joinly_store* s = p;
    const joinly_status bad = JOINLY_BAD_HANDLE;
    joinly_session* session = DIRTY(joinly_session);
    const double quantile = 0.5;
    double time = 9.0;
    uint64_t count = 9;
    CHECK_STATUS(bad, joinly_session_begin(s, ADA, TEXT("s"), 0, 0, &session, &error));
    CHECK(session == NULL);
#define CHECK_VALUE(call)                        \
    do {                                         \
        joinly_value* out = DIRTY(joinly_value); \
        CHECK_STATUS(bad, call);                 \
        CHECK(out == NULL);                      \
    } while (0)
    CHECK_VALUE(joinly_stats_figures(s, ADA, TEXT("a"), &out, &error));
    CHECK_VALUE(joinly_stats_summary(s, ADA, 0, 0, &out, &error));
    CHECK_VALUE(joinly_stats_worst(s, ADA, NULL, 0, &out, &error));
    CHECK_VALUE(joinly_stats_history(s, ADA, NULL, 0, &out, &error));
    CHECK_VALUE(joinly_stats_trend(s, ADA, NULL, 0, 0, 0, &out, &error));
    CHECK_VALUE(joinly_stats_subjects(s, &out, &error));
    CHECK_VALUE(joinly_stats_recover(s, 0, &out, &error));
    CHECK_STATUS(bad, joinly_stats_percentiles(s, ADA, NULL, 0, 0, 0, &quantile, 1, &time, &error));
    CHECK(time == 0.0);
    CHECK_STATUS(bad, joinly_stats_roll_up(s, ADA, 1, 1, &count, &error));
    CHECK(count == 0);
    count = 9;
    CHECK_STATUS(bad, joinly_stats_delete(s, ADA, &count, &error));
    CHECK(count == 0);
}

/* `p` is no live session. */
static void bad_session(void* p) {
    joinly_session* session = p;
    joinly_value* out = DIRTY(joinly_value);
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_session_record(session, TEXT("a"), 1.0, 1, 0, &error));
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_session_journal(session, &error));
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_session_flush(session, &out, &error));
    CHECK(out == NULL);
    joinly_session_free(session);
}

int main(void) {
    what_cannot_be_is_refused();
    joinly_store* store = open_memory();
    joinly_session* session = NULL;
    CHECK_OK(joinly_session_begin(store, ADA, TEXT("s"), 0, 0, &session, &error));
    int local = 0;
    void* const never[] = {NULL, (void*)(uintptr_t)1, (void*)(uintptr_t)UINTPTR_MAX, &local};
    for (size_t at = 0; at < sizeof never / sizeof never[0]; at++) {
        bad_store(never[at]);
        bad_session(never[at]);
    }
    bad_store(session);
    bad_session(store);
    joinly_session_free(session);
    joinly_session_free(session);
    bad_session(session);
    joinly_store_free(store);
    bad_store(store);
    return 0;
}
