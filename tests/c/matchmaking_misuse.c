/* Every function of matchmaking, used wrongly in every way a script could: each answers a status, none crashes. */
#include "matchmaking.h"

static void queues_that_make_no_sense_are_refused(void) {
    joinly_store* store = open_memory();
    static const char* const invalid[] = {
        "{",
        "7",
        "{\"rulez\":{}}",
        "{\"rules\":{\"teams\":0}}",
        "{\"rules\":{\"window\":{\"start\":-1}}}",
        "{\"rules\":{\"window\":{\"start\":11}}}",
        "{\"rules\":{\"pairing\":\"best\"}}",
        "{\"lobby\":{\"owner\":{}}}",
        "{\"lobby\":{\"password\":\"secret\"}}",
        "{\"rules\":{\"team_size\":2},\"lobby\":{\"teams\":[1,1],\"max_members\":2}}",
    };
    for (size_t at = 0; at < sizeof invalid / sizeof invalid[0]; at++) {
        CHECK_STATUS(JOINLY_INVALID,
                     joinly_queue_configure(store, NULL, QUEUE, invalid[at], strlen(invalid[at]), &error));
    }
    CHECK_STATUS(JOINLY_TOO_LARGE,
                 joinly_queue_configure(store, NULL, QUEUE, TEXT("{\"rules\":{\"teams\":1000}}"), &error));
    CHECK_STATUS(JOINLY_WRONG_TYPE,
                 joinly_queue_configure(store, NULL, QUEUE, TEXT("{\"lobby\":{\"attributes\":{\"a\":{}}}}"), &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_configure(store, NULL, TEXT("a:b"), TEXT("{}"), &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_configure(store, NULL, TEXT("\xff"), TEXT("{}"), &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_configure(store, NULL, NULL, 3, TEXT("{}"), &error));
    joinly_value* out = DIRTY(joinly_value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_queue_get(store, NULL, QUEUE, &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_queue_tick(store, QUEUE, TEXT("me"), 1, &out, &error));
    CHECK(out == NULL);
    configure(store, "");
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_tick(store, QUEUE, TEXT("me"), 0, &out, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_tick(store, QUEUE, NULL, 0, 1, &out, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_tick(store, QUEUE, TEXT("me"), 1, NULL, &error));
    CHECK(holds(tick(store), "\"held_by\":null"));
    CHECK_OK(joinly_queue_tick(store, QUEUE, TEXT("other"), 1000, &out, &error));
    CHECK(holds(out, "\"held_by\":\"test\""));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_get(store, NULL, QUEUE, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_report(store, QUEUE, 1, NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_ticket_get(store, NULL, QUEUE, 1, &out, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_match_get(store, NULL, TEXT("none"), &out, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_match_get(store, NULL, NULL, 0, &out, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_match_accept(store, NULL, TEXT("none"), TEXT("ada"), NULL, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_match_decline(store, NULL, TEXT("none"), TEXT("ada"), &error));
    CHECK_OK(joinly_kv_put(store, BYTES("queue:other"), BYTES("no JSON"), &error));
    CHECK_STATUS(JOINLY_WRONG_TYPE, joinly_queue_get(store, NULL, TEXT("other"), &out, &error));
    joinly_store_free(store);
}

/* `p` is no live store. */
static void bad_store(void* p) {
    joinly_store* s = p;
    const joinly_status bad = JOINLY_BAD_HANDLE;
    const joinly_seeker party = seeker("ada", 20.0);
    const joinly_ticket asked = ticket(&party, 1);
    uint64_t id = 9;
    joinly_value* out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_queue_configure(s, NULL, QUEUE, TEXT("{}"), &error));
    CHECK_STATUS(bad, joinly_queue_get(s, NULL, QUEUE, &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_queue_tick(s, QUEUE, TEXT("me"), 1, &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_queue_report(s, QUEUE, 1, &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_queue_backfill(s, NULL, QUEUE, TEXT("{\"lobby\":1,\"teams\":[]}"), &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_queue_backfill_get(s, NULL, QUEUE, 1, &out, &error));
    CHECK(out == NULL);
    CHECK_STATUS(bad, joinly_queue_backfill_stop(s, NULL, QUEUE, 1, &error));
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_ticket_enqueue(s, NULL, QUEUE, &asked, &id, &out, &error));
    CHECK(id == 0 && out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_ticket_get(s, NULL, QUEUE, 1, &out, &error));
    CHECK(out == NULL);
    CHECK_STATUS(bad, joinly_ticket_cancel(s, NULL, QUEUE, 1, &error));
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_match_get(s, NULL, TEXT("m"), &out, &error));
    CHECK(out == NULL);
    out = DIRTY(joinly_value);
    CHECK_STATUS(bad, joinly_match_accept(s, NULL, TEXT("m"), TEXT("ada"), &out, &error));
    CHECK(out == NULL);
    CHECK_STATUS(bad, joinly_match_decline(s, NULL, TEXT("m"), TEXT("ada"), &error));
}

int main(void) {
    queues_that_make_no_sense_are_refused();
    joinly_store* freed = open_memory();
    joinly_store_free(freed);
    int not_an_object = 0;
    joinly_seeker other = seeker("x", 1.0);
    void* bad[] = {NULL, freed, &not_an_object, &other};
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        bad_store(bad[at]);
    }
    return EXIT_SUCCESS;
}
