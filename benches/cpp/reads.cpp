// Point reads, reads of many keys, and scans.
#include "workloads.hpp"

namespace bench {

Operation reading(const std::vector<Key>& order, std::size_t expected) {
    return [&order, expected](Session& session, std::size_t first, std::size_t count) {
        std::size_t right = 0;
        for (std::size_t at = first; at < first + count; ++at)
            right += session.get(order[at % kOrder]) == expected;
        require(right == count, "get");
    };
}

Operation scanning(const std::vector<Key>& order) {
    return [&order](Session& session, std::size_t first, std::size_t count) {
        for (std::size_t at = first; at < first + count; ++at)
            require(session.scan(order[at % kOrder], kScanRows) == kScanRows, "scan");
    };
}

namespace {

void hot(Bench& bench) {
    Fixture fixture(bench, kStores + kHeld + kMaps, small_rows(bench), {});
    fixture.warm();
    const auto present = uniform_order(bench.sizes.small, 1);
    measure(bench, "get_hot", fixture, reading(present, kValueLength));
    fixture.warm(&Key::absent);
    const auto absent = absent_order(bench.sizes.small, 2);
    measure(bench, "get_missing", fixture, reading(absent, Session::kMissing));
}

void hot_values(Bench& bench, const char* workload, const Dataset& dataset) {
    Fixture fixture(bench, kStores + kHeld + kMaps, dataset, {});
    fixture.warm();
    const auto order = uniform_order(dataset.rows, 1);
    measure(bench, workload, fixture, reading(order, dataset.value_length));
}

void many(Bench& bench, Fixture& fixture, const std::vector<Key>& order) {
    constexpr std::size_t kKeys = 100;
    const Operation operation = [&order](Session& session, std::size_t first, std::size_t count) {
        std::array<std::string_view, kKeys> keys;
        for (std::size_t call = first; call < first + count; ++call) {
            for (std::size_t at = 0; at < kKeys; ++at)
                keys[at] = order[(call * kKeys + at) % kOrder];
            require(session.get_many(keys) == kKeys, "get_many");
        }
    };
    measure(bench, "get_many_100", fixture, operation, {.per_operation = kKeys});
}

void scan(Bench& bench, Fixture& fixture) {
    const auto order = uniform_order(bench.sizes.large - kScanRows, 5);
    measure(bench, "scan_100", fixture, scanning(order));
}

void large(Bench& bench) {
    Settings settings;
    settings.cache_bytes = kLargeCache;
    Fixture fixture(bench, kStores + kHeld + kMaps, large_rows(bench), settings);
    fixture.warm();
    const auto zipf = zipf_order(bench.sizes.large, 3);
    measure(bench, "get_zipf", fixture, reading(zipf, kValueLength));
    measure(bench, "threads_2", fixture, reading(zipf, kValueLength), {.threads = 2});
    many(bench, fixture, zipf);
    const auto uniform = uniform_order(bench.sizes.large, 4);
    measure(bench, "get_uniform", fixture, reading(uniform, kValueLength));
    scan(bench, fixture);
}

void cold(Bench& bench) {
    Settings settings;
    settings.cache_bytes = kSmallCache;
    Fixture fixture(bench, kStores + kHeld, large_rows(bench), settings);
    const auto order = uniform_order(bench.sizes.large, 6);
    measure(bench, "get_cold", fixture, reading(order, kValueLength));
}

}  // namespace

void run_reads(Bench& bench) {
    hot(bench);
    hot_values(bench, "get_hot_1k", {"values_1k", 10'000, 1 << 10});
    hot_values(bench, "get_hot_16k", {"values_16k", 1'000, 16 << 10});
    large(bench);
    cold(bench);
}

}  // namespace bench
