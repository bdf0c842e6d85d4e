// Statistics of sessions in C++: answers that are no failures, ownership, windows of time.
#include <joinly/storage.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

template <class Call>
joinly::Status thrown(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const joinly::Error& error) {
        return error.status();
    }
    return joinly::Status::ok;
}

bool has(std::string_view json, std::string_view part) { return json.find(part) != std::string_view::npos; }

static_assert(std::is_copy_constructible_v<joinly::Sessions>);
static_assert(std::is_nothrow_move_constructible_v<joinly::Session> && !std::is_copy_constructible_v<joinly::Session>);
static_assert(std::is_aggregate_v<joinly::SessionOptions> && std::is_aggregate_v<joinly::Window>);

constexpr auto start = joinly::TimePoint(1s);

void a_session_counts_once() {
    auto store = joinly::Store::open("memory:");
    auto sessions = store.sessions();
    auto session = sessions.begin("ada", {"s", start});
    session.record("a", 100ms, true);
    session.record("a", 50500us, true, start + 2s);
    session.record("a", 7ms, false);
    session.record("th", 80ms, false);
    CHECK(!sessions.figures("ada", "a"));
    CHECK(session.flush().view() == R"({"subject":"ada","session":"s","metrics":2,"attempts":4,"repeated":false})");
    CHECK(has(session.flush(), R"("repeated":true)"));
    CHECK(thrown([&] { session.record("a", 1ms, true); }) == joinly::Status::closed);
    auto other = sessions.begin("ada", {"s"});
    other.record("a", 1ms, true);
    CHECK(thrown([&] { (void)other.flush(); }) == joinly::Status::exists);
    CHECK(thrown([&] { other.record("a", -1ms, true); }) == joinly::Status::out_of_range);
    CHECK(thrown([&] { (void)sessions.begin("a:b"); }) == joinly::Status::invalid);

    CHECK(sessions.figures("ada", "a")->view() ==
          R"({"attempts":3,"correct":2,"miss_rate":0.3333333333333333,"total_ms":150.5,)"
          R"("average_ms":75.25,"min_ms":50.5,"max_ms":100.0})");
    CHECK(has(sessions.summary("ada"), R"([{"metric":"a","attempts":3,)"));
    CHECK(sessions.summary("ada", {start + 1ms, {}}).view() == "[]");
    CHECK(has(sessions.worst("ada", joinly::Weakness::miss_rate, 1, 1), R"([{"metric":"th",)"));
    CHECK(has(sessions.worst("ada", joinly::Weakness::time, 1), R"([{"metric":"a",)"));
    CHECK((*sessions.percentiles("ada", {0.0, 1.0}) == std::vector<double>{50.5, 100.0}));
    CHECK(!sessions.percentiles("ada", {0.5}, "th") && !sessions.percentiles("bob", {0.5}));
    CHECK(thrown([&] { (void)sessions.percentiles("ada", {2.0}); }) == joinly::Status::invalid);
    CHECK(has(sessions.trend("ada", "a"), R"([{"day":"1970-01-01","grain":"day","sessions":1,"attempts":3,)"));
    const auto page = sessions.history("ada", R"({"metric":"th"})");
    CHECK(has(page, R"("id":"s","sessions":1,"began":1000,"ended":3000,"metrics":{"th":)") &&
          has(page, R"("next":null)"));
    CHECK(sessions.subjects().view() == R"(["ada"])");
    CHECK(sessions.roll_up("ada", start + 48h) == 0 && has(sessions.history("ada"), R"("grain":"day")"));
    CHECK(sessions.erase("ada") == 4 && sessions.subjects().view() == "[]");
}

void a_journal_is_recovered() {
    auto store = joinly::Store::open("memory:");
    auto sessions = store.sessions();
    {
        auto session = sessions.begin("ada", {"s", {}, 2});
        for (int n = 0; n < 3; n++) {
            session.record("a", 1ms, true);
        }
        CHECK(sessions.recover(1h).view() == "[]");
    }
    CHECK(has(sessions.recover(0ms), R"("session":"s","metrics":1,"attempts":2)"));
    CHECK(has(*sessions.figures("ada", "a"), R"("attempts":2,)"));
}

}  // namespace

int main() {
    a_session_counts_once();
    a_journal_is_recovered();
    return 0;
}
