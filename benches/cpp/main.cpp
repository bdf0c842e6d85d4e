// Measures, and appends samples to OUTPUT as JSON lines; FOLDER gets the data. `--count WORKLOAD SYSTEM FOLDER COUNT`
// runs so many operations inside bench_counted, for a profiler. Children that the bench starts itself have other
// arguments.
#include <joinly_storage.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>

#include "workloads.hpp"

namespace {

using namespace bench;

constexpr std::pair<const char*, void (*)(Bench&)> kGroups[] = {
    {"reads", run_reads}, {"files", run_files},         {"writes", run_writes},
    {"ycsb", run_ycsb},   {"sustained", run_sustained}, {"processes", run_processes},
};

using ChildMain = int (*)(const System&, const Settings&, const Dataset&);

constexpr std::pair<const char*, ChildMain> kChildren[] = {
    {"--open", report_open}, {"--memory", report_memory}, {"--write", write_in_background}};

void require_same_sqlite() {
    const std::string ours = joinly_version_string();
    if (ours.find(std::string("SQLite ") + sqlite3_libversion() + ")") == std::string::npos)
        throw std::runtime_error("linked with SQLite " + std::string(sqlite3_libversion()) + ", but the library is " +
                                 ours);
}

const System& system_named(const std::string& name) {
    for (const System* system : kStores + kMaps)
        if (system->name == name)
            return *system;
    throw std::runtime_error("no such system: " + name);
}

// NAME SYSTEM FOLDER CACHE_BYTES ROWS
int run_child(ChildMain child, const std::vector<std::string>& arguments) {
    Settings settings;
    settings.folder = arguments.at(2);
    settings.cache_bytes = std::stoull(arguments.at(3));
    return child(system_named(arguments.at(1)), settings, {"", std::stoull(arguments.at(4)), kValueLength});
}

int run(std::vector<std::string> arguments) {
    for (const auto& [name, child] : kChildren)
        if (arguments.at(0) == name)
            return run_child(child, arguments);
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    if (arguments[0] == "--count") {
        Bench bench{Sizes::quick(), Recorder("/dev/null"), arguments.at(3), program, {}};
        return count_instructions(bench, arguments.at(1), system_named(arguments.at(2)), std::stoull(arguments.at(4)));
    }
    require_same_sqlite();
    const bool quick = arguments[0] == "--quick";
    if (quick)
        arguments.erase(arguments.begin());
    Bench bench{quick ? Sizes::quick() : Sizes::full(), Recorder(arguments.at(0)), arguments.at(1), program, {}};
    const std::vector<std::string> wanted(arguments.begin() + 2, arguments.end());
    for (const auto& [name, group] : kGroups)
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
            group(bench);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run({arguments + 1, arguments + count});
    } catch (const std::out_of_range&) {
        std::fprintf(stderr, "usage: %s [--quick] OUTPUT FOLDER [GROUP...]\n", arguments[0]);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
