#include "harness.hpp"

#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iomanip>
#include <thread>

namespace bench {
namespace {

double clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\')
            result += '\\';
        result += letter < ' ' && letter >= 0 ? ' ' : letter;
    }
    return result + '"';
}

// Waits until the process is idle, so that what a system's own threads still do is charged to the system that asked for
// it.
void settle() {
    constexpr auto kPause = std::chrono::milliseconds(5);
    for (int pauses = 0; pauses < 400; ++pauses) {
        const double before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        std::this_thread::sleep_for(kPause);
        if (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 0.05e6 * kPause.count())
            return;
    }
}

// One round of one system.
Cost run(Fixture::Member& member, const Operation& operation, std::size_t count, const Shape& shape) {
    const std::size_t first = member.position;
    member.position += count;
    const std::size_t operations = count * shape.per_operation;
    if (shape.threads == 1) {
        const Stopwatch watch;
        operation(*member.sessions.front(), first, count);
        Cost cost = watch.stop(operations);
        member.store->flush();
        settle();
        cost.process_cpu = watch.stop(operations).process_cpu;
        return cost;
    }
    std::vector<Cost> costs(shape.threads);
    std::vector<std::exception_ptr> failures(shape.threads);
    std::barrier start(static_cast<std::ptrdiff_t>(shape.threads));
    {
        std::vector<std::jthread> threads;
        for (std::size_t at = 0; at < shape.threads; ++at)
            threads.emplace_back([&, at] {
                start.arrive_and_wait();
                try {
                    const Stopwatch watch;
                    operation(*member.sessions[at], first + at * (kOrder / shape.threads), count);
                    costs[at] = watch.stop(operations);
                } catch (...) {
                    failures[at] = std::current_exception();
                }
            });
    }
    for (const std::exception_ptr& failure : failures)
        if (failure)
            std::rethrow_exception(failure);
    Cost total;
    const auto threads = static_cast<double>(shape.threads);
    for (const Cost& cost : costs) {
        total.cpu += cost.cpu / threads;
        // All threads together did `threads` operations in this time.
        total.wall = std::max(total.wall, cost.wall / threads);
        total.process_cpu = std::max(total.process_cpu, cost.process_cpu / threads);
    }
    return total;
}

// How many operations fill a round.
std::size_t calibrate(Fixture::Member& member, const Operation& operation, const Shape& shape, double round_ns) {
    for (std::size_t count = 1;; count *= 2) {
        const double wall = run(member, operation, count, shape).wall * static_cast<double>(shape.threads) *
                            static_cast<double>(shape.per_operation);
        if (wall * static_cast<double>(count) >= round_ns / 4 || count >= kOrder / 2)
            return std::clamp<std::size_t>(static_cast<std::size_t>(round_ns / wall), 1, kOrder);
    }
}

void load(Bench& bench, Store& store, Session& session, const Dataset& dataset) {
    constexpr std::uint64_t kBatch = 1000;
    std::vector<Key> keys(kBatch);
    std::vector<Row> rows(kBatch);
    for (std::uint64_t first = 0; first < dataset.rows; first += kBatch) {
        const std::uint64_t count = std::min(kBatch, dataset.rows - first);
        for (std::uint64_t at = 0; at < count; ++at) {
            keys[at] = Key::stored(first + at);
            rows[at] = {keys[at], bench.values.at(first + at, dataset.value_length)};
        }
        session.put_batch(std::span(rows).first(count));
    }
    store.flush();
}

}  // namespace

Stopwatch::Stopwatch()
    : cpu_(clock_ns(CLOCK_THREAD_CPUTIME_ID)),
      wall_(clock_ns(CLOCK_MONOTONIC)),
      process_cpu_(clock_ns(CLOCK_PROCESS_CPUTIME_ID)) {}

Cost Stopwatch::stop(std::size_t operations) const {
    const auto count = static_cast<double>(operations);
    return {(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_) / count, (clock_ns(CLOCK_MONOTONIC) - wall_) / count,
            (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process_cpu_) / count};
}

std::ostream& Recorder::begin(std::string_view workload, std::string_view system, std::string_view configuration) {
    return file_ << std::fixed << std::setprecision(1) << R"({"workload":)" << quoted(workload) << R"(,"system":)"
                 << quoted(system) << R"(,"language":"cpp","configuration":)" << quoted(configuration);
}

void Recorder::costs(std::string_view workload, std::string_view system, std::string_view configuration,
                     const std::vector<Cost>& rounds) {
    std::ostream& line = begin(workload, system, configuration);
    const auto list = [&](const char* name, double Cost::*field) {
        line << ",\"" << name << "\":[";
        for (std::size_t at = 0; at < rounds.size(); ++at)
            line << (at ? "," : "") << rounds[at].*field;
        line << ']';
    };
    list("cpu_ns", &Cost::cpu);
    list("wall_ns", &Cost::wall);
    list("process_cpu_ns", &Cost::process_cpu);
    line << "}" << std::endl;
}

void Recorder::value(std::string_view workload, std::string_view system, std::string_view configuration,
                     std::string_view unit, double value) {
    begin(workload, system, configuration)
        << R"(,"unit":)" << quoted(unit) << R"(,"value":)" << value << "}" << std::endl;
}

void Recorder::skip(std::string_view workload, std::string_view system, std::string_view reason) {
    begin(workload, system, "") << R"(,"skipped":)" << quoted(reason) << "}" << std::endl;
}

Fixture::Fixture(Bench& bench, const Systems& systems, const Dataset& rows, Settings settings) : dataset(rows) {
    settings.value_length = dataset.value_length;
    const bool files = settings.durability != Durability::nothing;
    for (const System* system : systems) {
        settings.folder = bench.folder / (files ? dataset.name : dataset.name + "_nothing") / system->name;
        const bool existed = !std::filesystem::create_directories(settings.folder);
        const bool loaded = system->persistent && files && existed;
        try {
            Member member{system, system->configuration(settings), system->open(settings), {}};
            member.sessions.push_back(member.store->session());
            if (!loaded)
                load(bench, *member.store, *member.sessions.front(), dataset);
            members.push_back(std::move(member));
        } catch (const Unsupported& reason) {
            skipped.emplace_back(system, reason.what());
        }
    }
    // The device is not to be busy with the loading when the clock runs.
    ::sync();
}

void Fixture::warm(Key (*key)(std::uint64_t)) {
    const std::size_t expected = key == &Key::stored ? dataset.value_length : Session::kMissing;
    for (Member& member : members)
        for (std::uint64_t row = 0; row < dataset.rows; ++row)
            require(member.sessions.front()->get(key(row)) == expected, "get");
}

void measure(Bench& bench, std::string_view workload, Fixture& fixture, const Operation& operation, Shape shape) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(workload.size()), workload.data());
    for (const auto& [system, reason] : fixture.skipped)
        bench.recorder.skip(workload, system->name, reason);
    const double round_ns = 1e6 * (shape.writes ? bench.sizes.write_ms : bench.sizes.read_ms);
    std::vector<std::size_t> counts;
    std::vector<Fixture::Member*> running;
    for (Fixture::Member& member : fixture.members) {
        try {
            while (member.sessions.size() < shape.threads)
                member.sessions.push_back(member.store->session());
            member.position = 0;
            counts.push_back(calibrate(member, operation, shape, round_ns));
            running.push_back(&member);
        } catch (const Unsupported& reason) {
            bench.recorder.skip(workload, member.system->name, reason.what());
        }
    }
    std::vector<std::vector<Cost>> costs(running.size());
    for (int round = 0; round < bench.sizes.rounds; ++round)
        for (std::size_t at = 0; at < running.size(); ++at)
            costs[at].push_back(run(*running[at], operation, counts[at], shape));
    for (std::size_t at = 0; at < running.size(); ++at)
        bench.recorder.costs(workload, running[at]->system->name, running[at]->configuration, costs[at]);
}

}  // namespace bench
