// A hot read for a profiler: a run under callgrind that collects inside `bench_hot_reads` only counts its instructions,
// which no load of the machine changes.
#include "workloads.hpp"

extern "C" [[gnu::noinline]] std::size_t bench_hot_reads(bench::Session& session, const std::vector<bench::Key>& order,
                                                         std::size_t reads) {
    std::size_t found = 0;
    for (std::size_t at = 0; at < reads; ++at)
        found += session.get(order[at % bench::kOrder]) == bench::kValueLength;
    return found;
}

namespace bench {

int count_hot_reads(Bench& bench, const System& system, std::size_t reads) {
    Fixture fixture(bench, {&system}, {"instructions", 1000, kValueLength}, {});
    fixture.warm();
    const auto order = uniform_order(fixture.dataset.rows, 1);
    require(bench_hot_reads(*fixture.members.front().sessions.front(), order, reads) == reads, "get");
    return 0;
}

}  // namespace bench
