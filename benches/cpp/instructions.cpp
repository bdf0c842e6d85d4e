// Single workloads for a profiler: a run under callgrind that collects inside `bench_counted` only counts their
// instructions, which no load of the machine changes.
#include "workloads.hpp"

extern "C" [[gnu::noinline]] void bench_counted(bench::Session& session, const bench::Operation& operation,
                                                std::size_t count) {
    operation(session, 0, count);
}

namespace bench {
namespace {

// Runs `operation` over rows that were all read once when `warm`.
void count_over(Bench& bench, const System& system, const Dataset& dataset, std::size_t cache_bytes, bool warm,
                const Operation& operation, std::size_t count) {
    Settings settings;
    settings.cache_bytes = cache_bytes;
    Fixture fixture(bench, {&system}, dataset, settings);
    if (warm)
        fixture.warm();
    bench_counted(*fixture.members.at(0).sessions.front(), operation, count);
}

}  // namespace

int count_instructions(Bench& bench, const std::string& workload, const System& system, std::size_t count) {
    const Dataset large = large_rows(bench);
    const auto order = uniform_order(large.rows - kScanRows, 1);
    const auto few = uniform_order(1000, 1);
    if (workload == "get_hot")
        count_over(bench, system, {"instructions", 1000, kValueLength}, Settings{}.cache_bytes, true,
                   reading(few, kValueLength), count);
    else if (workload == "get_cold")
        count_over(bench, system, large, kSmallCache, false, reading(order, kValueLength), count);
    else if (workload == "scan_100")
        count_over(bench, system, large, kLargeCache, true, scanning(order), count);
    else if (workload == "batch_random")
        count_over(bench, system, large, kLargeCache, true, random_batches(bench.values, order), count);
    else if (workload == "batch_asc")
        count_over(bench, system, large, kLargeCache, true, new_batches(bench.values, large.rows), count);
    else
        throw std::runtime_error("no such workload to count: " + workload);
    return 0;
}

}  // namespace bench
