/* Statistics of sessions through C. */
#include "model.h"

#define ADA TEXT("ada")

static joinly_session* begin(joinly_store* store, const char* id, uint32_t journal_every) {
    joinly_session* session = NULL;
    CHECK_OK(joinly_session_begin(store, ADA, id, strlen(id), 1000, journal_every, &session, &error));
    return session;
}

#define RECORD(session, metric, time, correct) \
    CHECK_OK(joinly_session_record(session, TEXT(metric), time, correct, 0, &error))

static void sessions(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    joinly_session* session = begin(store, "s", 0);
    RECORD(session, "a", 100.0, 1);
    RECORD(session, "a", 50.5, 1);
    RECORD(session, "a", 7.0, 0);
    RECORD(session, "th", 80.0, 0);
    CHECK_OK(joinly_session_journal(session, &error));
    CHECK_OK(joinly_session_flush(session, &value, &error));
    CHECK(value_is(value, "{\"subject\":\"ada\",\"session\":\"s\",\"metrics\":2,\"attempts\":4,\"repeated\":false}"));
    CHECK_OK(joinly_session_flush(session, &value, &error));
    CHECK(value_is(value, "{\"subject\":\"ada\",\"session\":\"s\",\"metrics\":2,\"attempts\":4,\"repeated\":true}"));
    CHECK_STATUS(JOINLY_CLOSED, joinly_session_record(session, TEXT("a"), 1.0, 1, 0, &error));
    joinly_session_free(session);

    session = begin(store, "s", 0);
    RECORD(session, "a", 1.0, 1);
    CHECK_STATUS(JOINLY_EXISTS, joinly_session_flush(session, NULL, &error));
    joinly_session_free(session);

    CHECK_OK(joinly_stats_figures(store, ADA, TEXT("a"), &value, &error));
    CHECK(value_is(value,
                   "{\"attempts\":3,\"correct\":2,\"miss_rate\":0.3333333333333333,\"total_ms\":150.5,"
                   "\"average_ms\":75.25,\"min_ms\":50.5,\"max_ms\":100.0}"));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_stats_figures(store, ADA, TEXT("b"), &value, &error));
    CHECK_OK(joinly_stats_summary(store, ADA, 0, 0, &value, &error));
    CHECK(value_has(value, "[{\"metric\":\"a\",\"attempts\":3,") && value_has(value, ",{\"metric\":\"th\","));
    joinly_value_free(value);
    CHECK_OK(joinly_stats_summary(store, ADA, 1001, 0, &value, &error));
    CHECK(value_is(value, "[]"));
    CHECK_OK(joinly_stats_worst(store, ADA, TEXT("{\"min_attempts\":1,\"count\":1}"), &value, &error));
    CHECK(value_has(value, "[{\"metric\":\"th\",") && !value_has(value, "\"a\""));
    joinly_value_free(value);
    const double quantiles[] = {0.0, 1.0};
    double times[2] = {9.0, 9.0};
    CHECK_OK(joinly_stats_percentiles(store, ADA, NULL, 0, 0, 0, quantiles, 2, times, &error));
    CHECK(times[0] == 50.5 && times[1] == 100.0);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_stats_percentiles(store, ADA, TEXT("th"), 0, 0, quantiles, 2, times, &error));
    CHECK(times[0] == 0.0 && times[1] == 0.0);
    CHECK_OK(joinly_stats_trend(store, ADA, TEXT("a"), 0, 0, &value, &error));
    CHECK(value_has(value, "[{\"day\":\"1970-01-01\",\"grain\":\"day\",\"sessions\":1,\"attempts\":3,"));
    joinly_value_free(value);
    CHECK_OK(joinly_stats_history(store, ADA, TEXT("{\"metric\":\"th\"}"), &value, &error));
    CHECK(value_has(value, "{\"sessions\":[{\"grain\":\"session\",\"id\":\"s\",\"sessions\":1,\"began\":1000,"));
    CHECK(value_has(value, "\"metrics\":{\"th\":{\"attempts\":1,") && value_has(value, "\"next\":null}"));
    joinly_value_free(value);
    CHECK_OK(joinly_stats_subjects(store, &value, &error));
    CHECK(value_is(value, "[\"ada\"]"));
    uint64_t count = 9;
    CHECK_OK(joinly_stats_roll_up(store, ADA, 86400000, 0, &count, &error));
    CHECK(count == 0);
    CHECK_OK(joinly_stats_history(store, ADA, NULL, 0, &value, &error));
    CHECK(value_has(value, "{\"sessions\":[{\"grain\":\"day\",\"id\":\"\","));
    joinly_value_free(value);
    CHECK_OK(joinly_stats_delete(store, ADA, &count, &error));
    CHECK(count == 4);
    joinly_store_free(store);
}

static void journals(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    joinly_session* session = begin(store, "", 2);
    RECORD(session, "a", 1.0, 1);
    RECORD(session, "a", 2.0, 1);
    RECORD(session, "a", 3.0, 1);
    CHECK_OK(joinly_stats_recover(store, 3600000, &value, &error));
    CHECK(value_is(value, "[]"));
    /* As if its process had died. */
    joinly_session_free(session);
    CHECK_OK(joinly_stats_recover(store, 0, &value, &error));
    CHECK(value_has(value, "[{\"subject\":\"ada\",") && value_has(value, "\"attempts\":2,\"repeated\":false}]"));
    joinly_value_free(value);
    CHECK_OK(joinly_stats_recover(store, 0, NULL, &error));
    CHECK_OK(joinly_stats_figures(store, ADA, TEXT("a"), &value, &error));
    CHECK(value_has(value, "{\"attempts\":2,"));
    joinly_value_free(value);
    joinly_store_free(store);
}

int main(void) {
    sessions();
    journals();
    return 0;
}
