/* Ratings and leaderboards through C. */
#include <math.h>
#include <stddef.h>

#include "model.h"

#define GLICKO2 TEXT("{\"system\":\"glicko2\"}")

static joinly_team team_of(uint32_t place, const joinly_rating* ratings, size_t count) {
    joinly_team team = {0};
    team.struct_size = sizeof team;
    team.place = place;
    team.ratings = ratings;
    team.count = count;
    return team;
}

static int near(double number, double wanted, double within) { return fabs(number - wanted) < within; }

static void ratings(void) {
    joinly_rating start = {0};
    CHECK_OK(joinly_rating_initial(NULL, 0, &start, &error));
    CHECK(start.mu == 25.0 && near(start.sigma, 25.0 / 3.0, 1e-9) && start.volatility == 0.0);
    joinly_rating pair[2] = {start, start};
    const joinly_team teams[] = {team_of(1, &start, 1), team_of(2, pair, 2)};
    joinly_rating rated[3];
    CHECK_OK(joinly_rating_rate(NULL, 0, teams, 2, rated, 3, &error));
    CHECK(rated[0].mu > 25.0 && rated[1].mu < 25.0 && rated[1].mu == rated[2].mu && rated[0].sigma < start.sigma);
    /* The result lives where the ratings were. */
    const joinly_team own[] = {team_of(1, &pair[0], 1), team_of(1, &pair[1], 1)};
    CHECK_OK(joinly_rating_rate(NULL, 0, own, 2, pair, 2, &error));
    CHECK(near(pair[0].mu, 25.0, 1e-9) && near(pair[1].mu, 25.0, 1e-9) && pair[0].sigma < start.sigma);

    double chances[2] = {9.0, 9.0};
    CHECK_OK(joinly_rating_win_probabilities(NULL, 0, teams, 2, chances, &error));
    CHECK(chances[1] > chances[0] && near(chances[0] + chances[1], 1.0, 1e-9));

    CHECK_OK(joinly_rating_initial(GLICKO2, &start, &error));
    CHECK(start.mu == 1500.0 && start.sigma == 350.0 && start.volatility == 0.06);
    const joinly_team two[] = {team_of(1, &start, 1), team_of(2, &start, 1)};
    CHECK_OK(joinly_rating_rate(GLICKO2, two, 2, rated, 2, &error));
    CHECK(rated[0].mu > 1500.0 && near(rated[0].mu + rated[1].mu, 3000.0, 1e-6));
    CHECK_STATUS(JOINLY_INVALID, joinly_rating_rate(GLICKO2, teams, 2, rated, 3, &error));
    CHECK(rated[0].mu == 0.0 && rated[2].sigma == 0.0);
}

/* Glickman, "Example of the Glicko-2 system" (2013). */
static void glickmans_example(void) {
    joinly_rating player = {1500.0, 200.0, 0.06};
    const joinly_rating others[] = {{1400.0, 30.0, 0.06}, {1550.0, 100.0, 0.06}, {1700.0, 300.0, 0.06}};
    const joinly_game games[] = {{sizeof games[0], JOINLY_SCORE_WIN, &others[0]},
                                 {sizeof games[0], JOINLY_SCORE_LOSS, &others[1]},
                                 {sizeof games[0], JOINLY_SCORE_LOSS, &others[2]}};
    CHECK_OK(joinly_rating_rate_period(GLICKO2, &player, games, 3, &player, &error));
    CHECK(near(player.mu, 1464.05, 0.02) && near(player.sigma, 151.52, 0.02) && near(player.volatility, 0.05999, 1e-5));
    const double sigma = player.sigma;
    CHECK_OK(joinly_rating_rate_period(GLICKO2, &player, NULL, 0, &player, &error));
    CHECK(near(player.mu, 1464.05, 0.02) && player.sigma > sigma);
}

static void boards(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    uint64_t count = 9;
#define SUBMIT(player, score, subscore) \
    joinly_board_submit(store, NULL, TEXT("speed"), TEXT(player), score, subscore, NULL, &error)
    CHECK_STATUS(JOINLY_NOT_FOUND, SUBMIT("ada", 1, 0));
    CHECK_OK(joinly_board_create(store, NULL, TEXT("speed"), TEXT("{\"order\":\"lowest\"}"), &error));
    CHECK_OK(joinly_board_create(store, NULL, TEXT("speed"), TEXT("{\"order\":\"lowest\"}"), &error));
    CHECK_STATUS(JOINLY_EXISTS, joinly_board_create(store, NULL, TEXT("speed"), NULL, 0, &error));
    CHECK_OK(SUBMIT("ada", 70, 0));
    CHECK_OK(SUBMIT("bob", 60, 2));
    CHECK_OK(SUBMIT("cy", 60, 1));
    CHECK_OK(SUBMIT("dan", 70, 0));
    CHECK_OK(joinly_board_submit(store, NULL, TEXT("speed"), TEXT("ada"), 80, 0, &value, &error));
    CHECK(value_has(value, "\"period\":\"all\",\"score\":70,\"subscore\":0,") && value_has(value, "\"changed\":false"));
    joinly_value_free(value);

    /* A tie goes to who was first. */
    CHECK_OK(joinly_board_rank(store, TEXT("speed"), NULL, 0, TEXT("ada"), &value, &error));
    CHECK(value_has(value, "{\"rank\":3,\"player\":\"ada\",\"score\":70,\"subscore\":0,\"time\":"));
    joinly_value_free(value);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_board_rank(store, TEXT("speed"), NULL, 0, TEXT("eve"), &value, &error));
    CHECK_OK(joinly_board_top(store, TEXT("speed"), TEXT("all"), 1, 2, &value, &error));
    CHECK(value_has(value, "[{\"rank\":2,\"player\":\"bob\"") && value_has(value, ",{\"rank\":3,\"player\":\"ada\""));
    CHECK(!value_has(value, "cy") && !value_has(value, "dan"));
    joinly_value_free(value);
    CHECK_OK(joinly_board_around(store, TEXT("speed"), NULL, 0, TEXT("cy"), 5, 1, &value, &error));
    CHECK(value_has(value, "[{\"rank\":1,\"player\":\"cy\"") && value_has(value, "bob") && !value_has(value, "ada"));
    joinly_value_free(value);
    CHECK_OK(joinly_board_around(store, TEXT("speed"), NULL, 0, TEXT("eve"), 5, 5, &value, &error));
    CHECK(value_is(value, "[]"));
    CHECK_OK(joinly_board_count(store, TEXT("speed"), NULL, 0, &count, &error));
    CHECK(count == 4);
    CHECK_OK(joinly_board_count(store, TEXT("speed"), TEXT("2026-01-05"), &count, &error));
    CHECK(count == 0);
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_board_count(store, TEXT("none"), NULL, 0, &count, &error));
    CHECK(count == 0);

    CHECK_OK(joinly_board_create(store, NULL, TEXT("kills"), TEXT("{\"policy\":\"increment\"}"), &error));
#define KILL(score) joinly_board_submit(store, NULL, TEXT("kills"), TEXT("ada"), score, 0, NULL, &error)
    CHECK_OK(KILL(INT64_MAX));
    CHECK_STATUS(JOINLY_OUT_OF_RANGE, KILL(1));
    joinly_store_free(store);
}

static double rating_of(joinly_store* store, joinly_txn* txn, const char* player) {
    joinly_rating rating = {0};
    CHECK_OK(joinly_rating_get(store, txn, NULL, 0, player, strlen(player), TEXT("duel"), &rating, &error));
    return rating.mu;
}

static void results(void) {
    joinly_store* store = open_memory();
    joinly_value* value = NULL;
    joinly_txn* txn = NULL;
    uint8_t repeated = 9;
    uint64_t count = 0;
    const char result[] =
        "{\"id\":\"m1\",\"ladder\":\"duel\",\"teams\":[{\"players\":[\"ada\"],\"place\":1},"
        "{\"players\":[\"bob\"],\"place\":2}],\"scores\":{\"ada\":3}}";
    CHECK_STATUS(JOINLY_NOT_FOUND, joinly_rating_apply_result(store, NULL, TEXT(result), &value, &repeated, &error));
    CHECK(value == NULL && repeated == 0 && rating_of(store, NULL, "ada") == 25.0);
    CHECK_OK(joinly_board_create(store, NULL, TEXT("duel"), NULL, 0, &error));

    CHECK_OK(joinly_txn_begin(store, &txn, &error));
    CHECK_OK(joinly_rating_apply_result(store, txn, TEXT(result), NULL, NULL, &error));
    CHECK_OK(joinly_board_submit(store, txn, TEXT("duel"), TEXT("cy"), 1, 0, NULL, &error));
    CHECK(rating_of(store, txn, "ada") > 25.0 && rating_of(store, NULL, "ada") == 25.0);
    CHECK_OK(joinly_txn_rollback(txn, &error));
    joinly_txn_free(txn);
    CHECK_OK(joinly_board_count(store, TEXT("duel"), NULL, 0, &count, &error));
    CHECK(count == 0);

    CHECK_OK(joinly_rating_apply_result(store, NULL, TEXT(result), &value, &repeated, &error));
    CHECK(repeated == 0 && value_has(value, "\"changes\":{\"ada\":{\"before\":{\"mu\":25.0,"));
    joinly_value_free(value);
    const double rating = rating_of(store, NULL, "ada");
    CHECK(rating > 25.0);
    CHECK_OK(joinly_rating_apply_result(store, NULL, TEXT(result), &value, &repeated, &error));
    CHECK(repeated == 1 && value_has(value, "\"id\":\"m1\"") && rating_of(store, NULL, "ada") == rating);
    joinly_value_free(value);
    CHECK_OK(joinly_board_count(store, TEXT("duel"), NULL, 0, &count, &error));
    CHECK(count == 1);
    joinly_store_free(store);
}

int main(void) {
    ratings();
    glickmans_example();
    boards();
    results();
    return 0;
}
