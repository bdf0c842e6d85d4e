// Opening, memory and file size, of stores that hold a large data set.
#include <sys/stat.h>

#include <cstdio>

#include "child.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

Settings settings_of(const Bench& bench, const System& system) {
    Settings settings;
    settings.folder = bench.folder / large_rows(bench).name / system.name;
    settings.cache_bytes = kLargeCache;
    return settings;
}

// What a process of its own says: in this one, an allocator that others have filled would be part of the cost.
std::string ask(const Bench& bench, const char* question, const System& system) {
    const Settings settings = settings_of(bench, system);
    return output_of(bench.program, {question, system.name, settings.folder.string(),
                                     std::to_string(settings.cache_bytes), std::to_string(bench.sizes.large)});
}

void open_first_get(Bench& bench) {
    std::fprintf(stderr, "open_first_get\n");
    std::vector<std::vector<Cost>> costs(kStores.size());
    for (int round = 0; round < bench.sizes.rounds; ++round)
        for (std::size_t at = 0; at < kStores.size(); ++at) {
            Cost cost;
            const std::string answer = ask(bench, "--open", *kStores[at]);
            require(std::sscanf(answer.c_str(), "%lf %lf %lf", &cost.cpu, &cost.wall, &cost.process_cpu) == 3, "open");
            costs[at].push_back(cost);
        }
    for (std::size_t at = 0; at < kStores.size(); ++at)
        bench.recorder.costs("open_first_get", kStores[at]->name,
                             kStores[at]->configuration(settings_of(bench, *kStores[at])), costs[at]);
}

// Bytes that a folder takes on its device.
std::uint64_t allocated(const std::filesystem::path& folder) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        struct stat status {};
        if (entry.is_regular_file() && stat(entry.path().c_str(), &status) == 0)
            bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
}

struct Resident {
    double all = 0, private_part = 0;
};

Resident resident() {
    Resident bytes;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        unsigned long kibibytes = 0;
        if (std::sscanf(line.c_str(), "VmRSS: %lu", &kibibytes) == 1)
            bytes.all = 1024.0 * static_cast<double>(kibibytes);
        if (std::sscanf(line.c_str(), "RssAnon: %lu", &kibibytes) == 1)
            bytes.private_part = 1024.0 * static_cast<double>(kibibytes);
    }
    return bytes;
}

void memory(Bench& bench, const System& system) {
    const std::string answer = ask(bench, "--memory", system);
    Resident grown;
    require(std::sscanf(answer.c_str(), "%lf %lf", &grown.all, &grown.private_part) == 2, "memory");
    const std::string configuration = system.configuration(settings_of(bench, system));
    bench.recorder.value("memory", system.name, configuration, "MiB", grown.all / (1 << 20));
    bench.recorder.value("memory_private", system.name, configuration, "MiB", grown.private_part / (1 << 20));
}

}  // namespace

int report_open(const System& system, const Settings& settings, const Dataset& dataset) {
    const Stopwatch watch;
    const auto store = system.open(settings);
    const auto session = store->session();
    require(session->get(Key::stored(dataset.rows / 2)) == dataset.value_length, "get");
    const Cost cost = watch.stop(1);
    std::printf("%.0f %.0f %.0f\n", cost.cpu, cost.wall, cost.process_cpu);
    return 0;
}

int report_memory(const System& system, const Settings& settings, const Dataset& dataset) {
    const Resident before = resident();
    const auto store = system.open(settings);
    const auto session = store->session();
    for (std::uint64_t row = 0; row < dataset.rows; ++row)
        require(session->get(Key::stored(row)) == dataset.value_length, "get");
    const Resident after = resident();
    std::printf("%.0f %.0f\n", after.all - before.all, after.private_part - before.private_part);
    return 0;
}

void run_files(Bench& bench) {
    // Makes the files where no group before this one did.
    { const Fixture fixture(bench, kStores, large_rows(bench), {}); }
    open_first_get(bench);
    for (const System* system : kStores) {
        memory(bench, *system);
        const Settings settings = settings_of(bench, *system);
        bench.recorder.value("file_size", system->name, system->configuration(settings), "MiB",
                             static_cast<double>(allocated(settings.folder)) / (1 << 20));
    }
}

}  // namespace bench
