/* Matchmaking through C: from a queue to a match in its lobby. */
#include "matchmaking.h"

static uint64_t enqueue(joinly_store* store, const char* player) {
    const joinly_seeker party = seeker(player, 20.0);
    const joinly_ticket asked = ticket(&party, 1);
    uint64_t id = 0;
    CHECK_OK(joinly_ticket_enqueue(store, NULL, QUEUE, &asked, &id, NULL, &error));
    CHECK(id != 0);
    return id;
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

static void two_players_meet_in_a_lobby(void) {
    joinly_store* store = open_memory();
    configure(store, "{\"rules\":{\"accept_ms\":60000},\"lobby\":{\"kind\":\"duel\"}}");
    joinly_value* document = NULL;
    CHECK_OK(joinly_queue_get(store, NULL, QUEUE, &document, &error));
    CHECK(holds(document, "\"kind\":\"duel\""));
    CHECK_OK(joinly_queue_get(store, NULL, QUEUE, &document, &error));
    CHECK(holds(document, "\"pairing\":\"optimal\""));

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

int main(void) {
    two_players_meet_in_a_lobby();
    parties_say_what_they_want();
    a_match_under_way_is_filled();
    a_ticket_is_part_of_a_transaction();
    return EXIT_SUCCESS;
}
