// Random writes without a pause, into an empty store, far beyond what buffers absorb: the last quarter is what counts.
#include <algorithm>
#include <cstdio>

#include "workloads.hpp"

namespace bench {
namespace {

// Writes in calls of `per_call` rows, and records the last quarter and the latency of the slowest calls.
void sustain(Bench& bench, const std::string& workload, const System& system, std::size_t per_call) {
    std::fprintf(stderr, "%s %s\n", workload.c_str(), system.name.c_str());
    Settings settings;
    settings.folder = bench.folder / workload / system.name;
    settings.cache_bytes = kLargeCache;
    std::filesystem::create_directories(settings.folder);
    const std::string configuration = system.configuration(settings) + ", calls of " + std::to_string(per_call);
    std::vector<double> latencies;
    Cost last_quarter;
    try {
        const auto store = system.open(settings);
        const auto session = store->session();
        const std::size_t calls = bench.sizes.sustained / per_call;
        latencies.reserve(calls);
        Random random(21);
        std::vector<Key> keys(per_call);
        std::vector<Row> rows(per_call);
        Stopwatch quarter;
        for (std::size_t call = 0; call < calls; ++call) {
            if (call == calls - calls / 4)
                quarter = Stopwatch();
            for (std::size_t at = 0; at < per_call; ++at) {
                keys[at] = Key::stored(random.below(bench.sizes.sustained));
                rows[at] = {keys[at], bench.values.at(call * per_call + at, kValueLength)};
            }
            const Stopwatch one;
            if (per_call == 1)
                session->put(rows[0].key, rows[0].value);
            else
                session->put_batch(rows);
            latencies.push_back(one.stop(1).wall);
        }
        // A rate that leaves a queue behind would not be one that lasts.
        store->flush();
        last_quarter = quarter.stop(calls / 4 * per_call);
    } catch (const Unsupported& reason) {
        bench.recorder.skip(workload, system.name, reason.what());
        return;
    }
    const auto slow = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() * 999 / 1000);
    std::nth_element(latencies.begin(), slow, latencies.end());
    bench.recorder.costs(workload, system.name, configuration, {last_quarter});
    bench.recorder.value(workload + "_p999", system.name, configuration, "us", *slow / 1e3);
    std::filesystem::remove_all(settings.folder);
}

}  // namespace

void run_sustained(Bench& bench) {
    for (const System* system : kStores + Systems{&kJoinlyBehind})
        sustain(bench, "sustained_random", *system, 1000);
    // One row a call: where no call pays for a transaction of the file.
    for (const System* system : {&kJoinlyBehind, &kLevelDb, &kRocksDb, &kFjall})
        sustain(bench, "sustained_put", *system, 1);
}

}  // namespace bench
