// Two processes on one store: one writes, the other reads hot keys and must see what was written.
#include <chrono>
#include <list>
#include <thread>

#include "child.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

// Values of the writing process are longer by one byte, so that readers can tell them apart.
constexpr std::size_t kForeign = kValueLength + 1;

}  // namespace

int write_in_background(const System& system, const Settings& settings, const Dataset& dataset) {
    const Values values;
    const auto order = uniform_order(dataset.rows, 41);
    const auto store = system.open(settings);
    const auto session = store->session();
    auto next = std::chrono::steady_clock::now();
    for (std::size_t at = 0;; ++at) {
        session->put(order[at % kOrder], values.at(at, kForeign));
        std::this_thread::sleep_until(next += std::chrono::milliseconds(1));
    }
}

void run_processes(Bench& bench) {
    Systems systems;
    for (const System* system : kStores)
        if (system->one_process.empty())
            systems.push_back(system);
        else
            bench.recorder.skip("processes_2", system->name, system->one_process);
    const Dataset dataset = {"processes", bench.sizes.small, kValueLength};
    Fixture fixture(bench, systems, dataset, {});
    fixture.warm();
    std::list<Child> writers;
    for (const System* system : systems)
        writers.emplace_back(
            bench.program,
            std::vector<std::string>{"--write", system->name, (bench.folder / dataset.name / system->name).string(),
                                     std::to_string(Settings().cache_bytes), std::to_string(dataset.rows)});
    const auto order = uniform_order(dataset.rows, 42);
    const Operation operation = [&order](Session& session, std::size_t first, std::size_t count) {
        std::size_t own = 0, foreign = 0;
        for (std::size_t at = first; at < first + count; ++at) {
            const std::size_t length = session.get(order[at % kOrder]);
            own += length == kValueLength;
            foreign += length == kForeign;
        }
        require(own + foreign == count, "get");
    };
    measure(bench, "processes_2", fixture, operation, {.writes = true});
    for (Fixture::Member& member : fixture.members) {
        bool seen = false;
        for (std::uint64_t row = 0; row < dataset.rows && !seen; ++row)
            seen = member.sessions.front()->get(Key::stored(row)) == kForeign;
        require(seen, "nothing of the other process was seen");
    }
}

}  // namespace bench
