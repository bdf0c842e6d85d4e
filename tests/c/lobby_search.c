/* Finding lobbies: filters, orders, pages, and how a search went about it. */
#include "lobby.h"

static void create(joinly_store* store, const char* kind, const char* name, const char* attributes) {
    joinly_lobby_options options = lobby_options();
    options.kind = kind;
    options.kind_len = strlen(kind);
    options.name = name;
    options.name_len = strlen(name);
    options.attributes = attributes;
    options.attributes_len = strlen(attributes);
    options.max_members = 1;
    CHECK_OK(joinly_lobby_create(store, NULL, &options, NULL, &error));
}

static joinly_store* some_lobbies(void) {
    joinly_store* store = open_memory();
    create(store, "ctf", "EU 1", "{\"elo\":1000,\"maps\":[\"dust\",\"nuke\"]}");
    create(store, "ctf", "EU 2", "{\"elo\":1500}");
    create(store, "ctf", "US 1", "{\"elo\":1490}");
    create(store, "koth", "EU 3", "{\"elo\":1505.5}");
    CHECK_OK(
        joinly_kv_put(store, BYTES("lobby:plain"), BYTES("{\"kind\":\"ctf\",\"attributes\":{\"elo\":2000}}"), &error));
    return store;
}

static joinly_lobby_query query_of(const char* filter, const char* order) {
    joinly_lobby_query query = {0};
    query.struct_size = sizeof query;
    query.filter = filter;
    query.filter_len = strlen(filter);
    query.order = order;
    query.order_len = strlen(order);
    return query;
}

/* Checks which lobbies are found, in order: the ends of their keys, each followed by a space. */
static void finds(joinly_store* store, const joinly_lobby_query* query, const char* expected) {
    joinly_page* page = NULL;
    size_t count = 0;
    char found[128] = {0};
    size_t len = 0;
    CHECK_OK(joinly_lobby_search(store, query, &page, NULL, &error));
    const joinly_row* rows = joinly_page_rows(page, &count);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].key_len > 6 && memcmp(rows[i].key, "lobby:", 6) == 0);
        CHECK(rows[i].value != NULL && rows[i].value[0] == '{');
        const int written = snprintf(found + len, sizeof found - len, "%.*s ", (int)(rows[i].key_len - 6),
                                     (const char*)rows[i].key + 6);
        CHECK(written > 0);
        len += (size_t)written;
    }
    joinly_page_free(page);
    if (strcmp(found, expected) != 0) {
        (void)fprintf(stderr, "found \"%s\", not \"%s\"\n", found, expected);
        exit(EXIT_FAILURE);
    }
}

static void filters_and_orders(void) {
    joinly_store* store = some_lobbies();
    const struct {
        const char* filter;
        const char* order;
        const char* expected;
    } cases[] = {
        {"", "", "1 2 3 4 plain "},
        {"[]", "[]", "1 2 3 4 plain "},
        {"[{\"key\":\"elo\",\"op\":\">=\",\"value\":1500}]", "", "2 4 plain "},
        {"[{\"key\":\"$.name\",\"op\":\"prefix\",\"value\":\"EU\"}]", "", "1 2 4 "},
        {"[{\"key\":\"maps\",\"op\":\"contains\",\"value\":\"nuke\"}]", "", "1 "},
        {"[{\"any\":[{\"key\":\"elo\",\"op\":\"<\",\"value\":1100},{\"key\":\"$.name\",\"op\":\"=\",\"value\":\"US "
         "1\"}]}]",
         "", "1 3 "},
        {"", "[{\"key\":\"elo\",\"near\":1501}]", "2 4 3 plain 1 "},
        {"", "[{\"key\":\"elo\"}]", "1 3 2 4 plain "},
        {"", "[{\"key\":\"elo\",\"descending\":true}]", "plain 4 2 3 1 "},
        {"", "[{\"key\":\"$.kind\",\"descending\":true},{\"key\":\"elo\"}]", "4 1 3 2 plain "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const joinly_lobby_query query = query_of(cases[i].filter, cases[i].order);
        finds(store, &query, cases[i].expected);
    }
    joinly_lobby_query koth = query_of("", "");
    SET_TEXT(koth, kind, "koth");
    finds(store, &koth, "4 ");
    enter(store, 4, "ada");
    finds(store, &koth, "");
    koth.include_full = 1;
    finds(store, &koth, "4 ");
    joinly_store_free(store);
}

static void pages_follow_each_other(void) {
    joinly_store* store = some_lobbies();
    joinly_lobby_query query = query_of("", "[{\"key\":\"elo\",\"near\":1501}]");
    joinly_page* previous = NULL;
    size_t pages = 0;
    size_t rows = 0;
    query.limit = 2;
    do {
        joinly_page* page = NULL;
        size_t count = 0;
        CHECK_OK(joinly_lobby_search(store, &query, &page, NULL, &error));
        joinly_page_free(previous);
        previous = page;
        CHECK(joinly_page_rows(page, &count) != NULL && count <= 2);
        query.cursor = joinly_page_cursor(page, &query.cursor_len);
        rows += count;
        pages++;
    } while (query.cursor != NULL && pages < 10);
    joinly_page_free(previous);
    CHECK(pages == 3 && rows == 5);
    joinly_store_free(store);
}

static void a_search_is_explained(void) {
    joinly_store* store = some_lobbies();
    const joinly_lobby_query query = query_of("", "[{\"key\":\"elo\",\"near\":1501}]");
    joinly_lobby_query short_of_budget = query;
    joinly_page* page = NULL;
    joinly_explain explain = {0};
    explain.struct_size = sizeof explain;
    CHECK_OK(joinly_lobby_search(store, &query, &page, &explain, &error));
    joinly_page_free(page);
    CHECK(explain.index[0] == '\0' && explain.ordered == 0 && explain.exhausted == 0 && explain.read == 5);
    CHECK(explain.struct_size == sizeof explain);

    CHECK_OK(joinly_index_declare(store, "by_elo", BYTES("lobby:"), "$.attributes.elo", &error));
    CHECK_OK(joinly_lobby_search(store, &query, &page, &explain, &error));
    joinly_page_free(page);
    CHECK(strcmp(explain.index, "by_elo") == 0 && explain.ordered == 1 && explain.read == 5);

    short_of_budget.budget = 2;
    CHECK_OK(joinly_lobby_search(store, &short_of_budget, &page, &explain, &error));
    joinly_page_free(page);
    CHECK(explain.exhausted == 1 && explain.read == 2);
    joinly_store_free(store);
}

static void quick_joins_meet(void) {
    joinly_store* store = open_memory();
    joinly_lobby_options options = lobby_options();
    joinly_done first = {sizeof first, 0, 0, 0};
    joinly_done second = first;
    joinly_value* snapshot = NULL;
    const joinly_join ada = join_of("ada");
    const joinly_join party[] = {join_of("bob"), join_of("cy")};
    SET_TEXT(options, kind, "duel");
    options.max_members = 3;
    CHECK_OK(joinly_lobby_quick_join(store, NULL, NULL, &ada, 1, &options, &snapshot, &first, &error));
    CHECK(value_has(snapshot, "\"owner\":\"ada\""));
    joinly_value_free(snapshot);
    CHECK_OK(joinly_lobby_quick_join(store, NULL, NULL, party, 2, &options, NULL, &second, &error));
    CHECK(second.lobby == first.lobby && lobby_has(store, first.lobby, JOINLY_VIEWER_PUBLIC, "\"members\":3"));
    const joinly_join dan = join_of("dan");
    CHECK_OK(joinly_lobby_quick_join(store, NULL, NULL, &dan, 1, &options, NULL, &second, &error));
    CHECK(second.lobby != first.lobby);
    CHECK_STATUS(JOINLY_EXISTS, joinly_lobby_quick_join(store, NULL, NULL, &ada, 1, &options, &snapshot, NULL, &error));
    CHECK(snapshot == NULL);
    joinly_store_free(store);
}

int main(void) {
    filters_and_orders();
    pages_follow_each_other();
    a_search_is_explained();
    quick_joins_meet();
    return EXIT_SUCCESS;
}
