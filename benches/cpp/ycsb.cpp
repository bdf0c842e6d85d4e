// The core workloads of the Yahoo! Cloud Serving Benchmark, with rows of 100 bytes.
#include <algorithm>

#include "workloads.hpp"

namespace bench {
namespace {

// Parts of a hundred; what is left of them is reads.
struct Mix {
    const char* name;
    unsigned update = 0, insert = 0, scan = 0, modify = 0;
    bool latest = false;
};

constexpr Mix kMixes[] = {
    {.name = "ycsb_a", .update = 50},
    {.name = "ycsb_b", .update = 5},
    {.name = "ycsb_c"},
    {.name = "ycsb_f", .modify = 50},
    {.name = "ycsb_d", .insert = 5, .latest = true},
    {.name = "ycsb_e", .insert = 5, .scan = 95},
};

// The operation at every position, so that no random number is drawn while the clock runs.
struct Step {
    enum Kind : std::uint8_t { read, update, insert, scan, modify } kind;
    std::uint8_t scan_rows;
    // Of `latest` reads: how far back from the newest row.
    std::uint32_t age;
};

std::vector<Step> steps(const Mix& mix, std::uint64_t rows) {
    Random random(31);
    const Zipf zipf(rows);
    std::vector<Step> result(kOrder);
    // Every hundred positions have the exact mix, in a random order.
    for (std::size_t first = 0; first < kOrder; first += 100) {
        const std::size_t count = std::min<std::size_t>(100, kOrder - first);
        for (std::size_t at = 0; at < count; ++at) {
            unsigned part = static_cast<unsigned>(at);
            const auto falls_into = [&part](unsigned width) { return part < width || (part -= width, false); };
            result[first + at].kind = falls_into(mix.update)   ? Step::update
                                      : falls_into(mix.insert) ? Step::insert
                                      : falls_into(mix.scan)   ? Step::scan
                                      : falls_into(mix.modify) ? Step::modify
                                                               : Step::read;
        }
        for (std::size_t at = count; at > 1; --at)
            std::swap(result[first + at - 1], result[first + random.below(at)]);
    }
    for (Step& step : result) {
        step.scan_rows = static_cast<std::uint8_t>(1 + random.below(100));
        step.age = mix.latest ? static_cast<std::uint32_t>(zipf.rank(random)) : 0;
    }
    return result;
}

void run_mix(Bench& bench, Fixture& fixture, const std::vector<Key>& order, const Mix& mix) {
    const auto plan = steps(mix, bench.sizes.large);
    // How many inserts come before a position, and in the whole plan.
    std::vector<std::uint32_t> inserts(kOrder + 1);
    for (std::size_t at = 0; at < kOrder; ++at)
        inserts[at + 1] = inserts[at] + (plan[at].kind == Step::insert);
    const std::uint64_t rows = bench.sizes.large;
    const Operation operation = [&](Session& session, std::size_t first, std::size_t count) {
        for (std::size_t at = first; at < first + count; ++at) {
            const std::size_t place = at % kOrder;
            const Step& step = plan[place];
            const std::uint64_t end = rows + at / kOrder * inserts[kOrder] + inserts[place];
            const Key& key = order[place];
            const std::string_view value = bench.values.at(at, kValueLength);
            switch (step.kind) {
                case Step::read:
                    require(session.get(mix.latest ? Key::stored(end - 1 - step.age) : key) == kValueLength, "get");
                    break;
                case Step::update: session.put(key, value); break;
                case Step::insert: session.put(Key::stored(end), value); break;
                case Step::scan: require(session.scan(key, step.scan_rows) > 0, "scan"); break;
                case Step::modify:
                    require(session.get(key) == kValueLength, "get");
                    session.put(key, value);
                    break;
            }
        }
    };
    measure(bench, mix.name, fixture, operation, {.writes = true});
}

}  // namespace

void run_ycsb(Bench& bench) {
    Settings settings;
    settings.cache_bytes = kLargeCache;
    Fixture fixture(bench, kStores + Systems{&kJoinlyBehind}, {"ycsb", bench.sizes.large, kValueLength}, settings);
    fixture.warm();
    const auto order = zipf_order(bench.sizes.large, 32);
    for (const Mix& mix : kMixes)
        run_mix(bench, fixture, order, mix);
}

}  // namespace bench
