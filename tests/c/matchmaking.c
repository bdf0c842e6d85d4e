/* Matchmaking through C: from a queue to a match in its lobby, and every wrong way to ask. */
#include "check.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define QUEUE TEXT("duel")

/* An output that a failed call must clear. */
#define DIRTY(type) ((type*)(uintptr_t)0xD1)

static joinly_store* open_memory(void) {
    joinly_store* store = NULL;
    CHECK_OK(joinly_store_open("memory:", NULL, &store, &error));
    return store;
}

static joinly_seeker seeker(const char* player, double mu) {
    joinly_seeker seeker = {0};
    seeker.struct_size = sizeof seeker;
    seeker.player = player;
    seeker.player_len = strlen(player);
    seeker.mu = mu;
    seeker.sigma = 2.0;
    return seeker;
}

static joinly_ticket ticket(const joinly_seeker* party, size_t count) {
    joinly_ticket ticket = {0};
    ticket.struct_size = sizeof ticket;
    ticket.party = party;
    ticket.party_count = count;
    return ticket;
}

static uint64_t enqueue(joinly_store* store, const char* player) {
    const joinly_seeker party = seeker(player, 20.0);
    const joinly_ticket asked = ticket(&party, 1);
    uint64_t id = 0;
    CHECK_OK(joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    CHECK(id != 0);
    return id;
}

/* Whether a document holds a text; frees it. */
static int holds(joinly_value* document, const char* text) {
    size_t len = 0;
    const char* data = (const char*)joinly_value_data(document, &len);
    const size_t wanted = strlen(text);
    int found = 0;
    for (size_t at = 0; data != NULL && at + wanted <= len; at++) {
        found |= memcmp(data + at, text, wanted) == 0;
    }
    joinly_value_free(document);
    return found;
}

static joinly_value* tick(joinly_store* store) {
    joinly_value* done = NULL;
    CHECK_OK(joinly_queue_tick(store, QUEUE, TEXT("test"), 1000, &done, &error));
    return done;
}

static joinly_value* ticket_of(joinly_store* store, uint64_t id) {
    joinly_value* found = NULL;
    CHECK_OK(joinly_ticket_get(store, NULL, QUEUE, id, &found, &error));
    return found;
}

static joinly_value* match_of(joinly_store* store, const char* id) {
    joinly_value* found = NULL;
    CHECK_OK(joinly_match_get(store, NULL, id, strlen(id), &found, &error));
    return found;
}

static joinly_value* lobby_of(joinly_store* store, uint64_t lobby) {
    joinly_value* found = NULL;
    CHECK_OK(joinly_lobby_get(store, NULL, lobby, JOINLY_VIEWER_OWNER, &found, &error));
    return found;
}

static void configure(joinly_store* store, const char* document) {
    CHECK_OK(joinly_queue_configure(store, NULL, QUEUE, document, strlen(document), &error));
}

static void two_players_meet_in_a_lobby(void) {
    joinly_store* store = open_memory();
    configure(store, "{\"rules\":{\"accept_ms\":60000},\"lobby\":{\"kind\":\"duel\"}}");
    joinly_value* document = NULL;
    CHECK_OK(joinly_queue_get(store, NULL, QUEUE, &document, &error));
    CHECK(holds(document, "\"kind\":\"duel\""));

    const uint64_t ada = enqueue(store, "ada");
    CHECK(holds(tick(store), "\"matches\":[]"));
    const uint64_t bob = enqueue(store, "bob");
    CHECK(holds(tick(store), "\"state\":\"PENDING\""));
    CHECK(holds(ticket_of(store, ada), "\"match\":\"duel-1\""));
    CHECK(holds(match_of(store, "duel-1"), "\"lobby\":1"));
    CHECK(holds(lobby_of(store, 1), "\"reserved\":2"));
    CHECK_STATUS(JOINLY_ALREADY_MATCHED, joinly_ticket_cancel(store, NULL, QUEUE, ada, &error));
    CHECK_STATUS(JOINLY_FORBIDDEN, joinly_match_accept(store, NULL, TEXT("duel-1"), TEXT("eve"), NULL, &error));

    CHECK_OK(joinly_match_decline(store, NULL, TEXT("duel-1"), TEXT("bob"), &error));
    CHECK_OK(joinly_match_decline(store, NULL, TEXT("duel-1"), TEXT("bob"), &error));
    CHECK(holds(ticket_of(store, ada), "\"state\":\"QUEUED\""));
    CHECK(holds(ticket_of(store, bob), "\"state\":\"CANCELLED\""));
    CHECK(holds(lobby_of(store, 1), "\"state\":\"closed\""));
    CHECK_STATUS(JOINLY_EXPIRED, joinly_match_accept(store, NULL, TEXT("duel-1"), TEXT("ada"), NULL, &error));

    enqueue(store, "cy");
    CHECK(holds(tick(store), "\"duel-1.1\""));
    joinly_value* made = NULL;
    CHECK_OK(joinly_match_accept(store, NULL, TEXT("duel-1.1"), TEXT("ada"), &made, &error));
    CHECK(holds(made, "\"accepted\":[\"ada\"]"));
    CHECK_OK(joinly_match_accept(store, NULL, TEXT("duel-1.1"), TEXT("cy"), &made, &error));
    CHECK(holds(made, "\"state\":\"CONFIRMED\""));
    CHECK_STATUS(JOINLY_ALREADY_MATCHED, joinly_match_decline(store, NULL, TEXT("duel-1.1"), TEXT("cy"), &error));

    joinly_join join = {0};
    join.struct_size = sizeof join;
    join.player = "cy";
    join.player_len = 2;
    CHECK_OK(joinly_lobby_join(store, NULL, 2, &join, 1, NULL, NULL, &error));
    joinly_value* report = NULL;
    CHECK_OK(joinly_queue_report(store, QUEUE, 100, &report, &error));
    CHECK(holds(report, "\"matches\":1"));
    CHECK_OK(joinly_store_close(store, &error));
    joinly_store_free(store);
}

static void parties_say_what_they_want(void) {
    joinly_store* store = open_memory();
    configure(store, "{\"rules\":{\"team_size\":2,\"roles\":{\"tank\":1,\"healer\":1}}}");
    joinly_seeker party[] = {seeker("ada", 25.0), seeker("bob", 20.0)};
    party[0].role = "tank";
    party[0].role_len = 4;
    joinly_ticket asked = ticket(party, 2);
    asked.keys = "{\"mode\":\"ranked\"}";
    asked.keys_len = strlen(asked.keys);
    asked.attributes = "{\"level\":7}";
    asked.attributes_len = strlen(asked.attributes);
    asked.filters = "[{\"key\":\"level\",\"test\":{\"at_least\":5}}]";
    asked.filters_len = strlen(asked.filters);
    asked.latencies = "{\"eu\":30}";
    asked.latencies_len = strlen(asked.latencies);
    asked.blocked = "[\"eve\"]";
    asked.blocked_len = strlen(asked.blocked);
    uint64_t id = 0;
    joinly_value* stored = NULL;
    CHECK_OK(joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, &stored, &error));
    CHECK(holds(stored, "\"filters\":[{\"key\":\"level\",\"test\":{\"at_least\":5.0}}]"));
    CHECK(holds(ticket_of(store, id), "\"role\":\"tank\""));

    id = 9;
    stored = DIRTY(joinly_value);
    CHECK_STATUS(JOINLY_EXISTS, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, &stored, &error));
    CHECK(id == 0 && stored == NULL);
    CHECK_OK(joinly_ticket_cancel(store, NULL, QUEUE, 1, &error));
    CHECK_OK(joinly_ticket_cancel(store, NULL, QUEUE, 1, &error));

    asked.deadline = 1;
    CHECK_STATUS(JOINLY_EXPIRED, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked.deadline = 0;
    asked.keys = "{\"mode\":1}";
    asked.keys_len = strlen(asked.keys);
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked.keys = "{\"mode";
    asked.keys_len = strlen(asked.keys);
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked.keys = NULL;
    asked.keys_len = 0;
    party[1].role = "bard";
    party[1].role_len = 4;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    party[1].role = NULL;
    party[1].role_len = 0;
    party[1].player = "\xff";
    party[1].player_len = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    party[1] = seeker("bob", 20.0);
    party[1].reserved = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    party[1] = seeker("a:b", 20.0);
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    party[1] = seeker("ada", 20.0);
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    party[0].struct_size = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked.party_count = 0;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked = ticket(NULL, 1);
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    asked.struct_size = 0;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, NULL, &id, NULL, &error));
    const joinly_seeker many[] = {seeker("a", 1.0), seeker("b", 1.0), seeker("c", 1.0)};
    asked = ticket(many, 3);
    CHECK_STATUS(JOINLY_TOO_LARGE, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_enqueue(store, NULL, QUEUE, &asked, NULL, NULL, &error));
    joinly_store_free(store);
}

static void a_match_under_way_is_filled(void) {
    joinly_store* store = open_memory();
    configure(store, "{}");
    joinly_join host = {0};
    host.struct_size = sizeof host;
    host.player = "host";
    host.player_len = 4;
    const uint32_t teams[] = {1, 1};
    joinly_lobby_options options = {0};
    options.struct_size = sizeof options;
    options.owner = &host;
    options.max_members = 2;
    options.teams = teams;
    options.team_count = 2;
    CHECK_OK(joinly_lobby_create(store, NULL, &options, NULL, &error));
    joinly_value* stored = NULL;
    CHECK_OK(joinly_queue_backfill(store, NULL, QUEUE,
                                   TEXT("{\"lobby\":1,\"teams\":[[{\"player\":\"host\",\"mu\":20,\"sigma\":2}],[]]}"),
                                   &stored, &error));
    CHECK(holds(stored, "\"created\":1"));
    enqueue(store, "ada");
    CHECK(holds(tick(store), "\"backfill\":true"));
    CHECK_OK(joinly_queue_backfill_get(store, NULL, QUEUE, 1, &stored, &error));
    CHECK(holds(stored, "\"player\":\"ada\""));
    CHECK(holds(lobby_of(store, 1), "\"reserved\":1"));
    CHECK_OK(joinly_queue_backfill_stop(store, NULL, QUEUE, 1, &error));
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_queue_backfill_stop(store, NULL, QUEUE, 1, &error));
    stored = DIRTY(joinly_value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_queue_backfill_get(store, NULL, QUEUE, 1, &stored, &error));
    CHECK(stored == NULL);

    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_queue_backfill(store, NULL, QUEUE,
                                                         TEXT("{\"lobby\":9,\"teams\":[[{"
                                                              "\"player\":\"x\",\"mu\":1,\"sigma\":1}],[]]}"),
                                                         NULL, &error));
    CHECK_STATUS(JOINLY_INVALID,
                 joinly_queue_backfill(store, NULL, QUEUE, TEXT("{\"lobby\":1,\"teams\":[]}"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_backfill(store, NULL, QUEUE, TEXT("{}"), NULL, &error));
    CHECK_STATUS(JOINLY_INVALID, joinly_queue_backfill(store, NULL, QUEUE, NULL, 0, NULL, &error));
    CHECK_OK(joinly_lobby_move(store, NULL, 1, JOINLY_MOVE_CLOSE, 0, NULL, &error));
    CHECK_STATUS(JOINLY_WRONG_STATE, joinly_queue_backfill(store, NULL, QUEUE,
                                                           TEXT("{\"lobby\":1,\"teams\":[[{"
                                                                "\"player\":\"x\",\"mu\":1,\"sigma\":1}],[]]}"),
                                                           NULL, &error));
    joinly_store_free(store);
}

static void a_ticket_is_part_of_a_transaction(void) {
    joinly_store* store = open_memory();
    configure(store, "{}");
    joinly_caller caller = {0};
    caller.struct_size = sizeof caller;
    CHECK_OK(joinly_txn_begin(store, &caller.txn, &error));
    const joinly_seeker party = seeker("ada", 20.0);
    const joinly_ticket asked = ticket(&party, 1);
    uint64_t id = 0;
    CHECK_OK(joinly_ticket_enqueue(store, &caller, QUEUE, &asked, &id, NULL, &error));
    CHECK_OK(joinly_txn_put(caller.txn, BYTES("paid:ada"), BYTES("1"), 0, &error));
    joinly_value* found = NULL;
    CHECK_OK(joinly_ticket_get(store, &caller, QUEUE, id, &found, &error));
    joinly_value_free(found);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_ticket_get(store, NULL, QUEUE, id, &found, &error));
    joinly_store* other = open_memory();
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_get(other, &caller, QUEUE, id, &found, &error));
    joinly_store_free(other);
    CHECK_OK(joinly_txn_rollback(caller.txn, &error));
    joinly_txn_free(caller.txn);
    CHECK_STATUS(JOINLY_BAD_HANDLE, joinly_ticket_cancel(store, &caller, QUEUE, id, &error));
    caller.txn = NULL;
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_ticket_cancel(store, &caller, QUEUE, id, &error));
    caller.reserved = 1;
    CHECK_STATUS(JOINLY_INVALID, joinly_ticket_cancel(store, &caller, QUEUE, id, &error));
    joinly_store_free(store);
}

static void queues_that_make_no_sense_are_refused(void) {
    joinly_store* store = open_memory();
    static const char* const invalid[] = {
        "{",
        "7",
        "{\"rulez\":{}}",
        "{\"rules\":{\"teams\":0}}",
        "{\"rules\":{\"window\":{\"start\":-1}}}",
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
    two_players_meet_in_a_lobby();
    parties_say_what_they_want();
    a_match_under_way_is_filled();
    a_ticket_is_part_of_a_transaction();
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
