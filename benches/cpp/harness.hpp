// Clocks, sizes, the samples that a run writes, and rounds in which all systems take turns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rows.hpp"
#include "store.hpp"

namespace bench {

struct Sizes {
    int rounds;
    double read_ms;
    // Rounds of writes are longer, so that each has its share of checkpoints and compactions.
    double write_ms;
    // Rows of data sets.
    std::uint64_t small, large, sustained;

    static Sizes full() { return {9, 50, 250, 10'000, 1'000'000, 2'000'000}; }
    static Sizes quick() { return {5, 20, 80, 10'000, 100'000, 200'000}; }
};

// Nanoseconds for one operation.
struct Cost {
    // Of the threads that asked.
    double cpu = 0;
    double wall = 0;
    // Of the whole process until it was idle again: what the system's own threads did for it is included.
    double process_cpu = 0;
};

// CPU time is of the thread that starts it.
class Stopwatch {
  public:
    Stopwatch();
    Cost stop(std::size_t operations) const;

  private:
    double cpu_, wall_, process_cpu_;
};

// Writes JSON lines, one for each system of a workload. Ratios and medians are the report's business.
class Recorder {
  public:
    explicit Recorder(const std::filesystem::path& file) : file_(file, std::ios::app) {}
    void costs(std::string_view workload, std::string_view system, std::string_view configuration,
               const std::vector<Cost>& rounds);
    void value(std::string_view workload, std::string_view system, std::string_view configuration,
               std::string_view unit, double value);
    void skip(std::string_view workload, std::string_view system, std::string_view reason);

  private:
    std::ostream& begin(std::string_view workload, std::string_view system, std::string_view configuration);
    std::ofstream file_;
};

// What every workload is given.
struct Bench {
    Sizes sizes;
    Recorder recorder;
    std::filesystem::path folder;
    // To start processes of its own.
    std::filesystem::path program;
    Values values;
};

// Rows 0 to `rows`, loaded in ascending batches.
struct Dataset {
    std::string name;
    std::uint64_t rows;
    std::size_t value_length;
};

// The systems of some workloads, opened over the same rows. Files are loaded once and reused by later fixtures.
class Fixture {
  public:
    struct Member {
        const System* system;
        std::string configuration;
        std::unique_ptr<Store> store;
        std::vector<std::unique_ptr<Session>> sessions;
        // How far it is in an order of operations.
        std::size_t position = 0;
    };

    Fixture(Bench& bench, const Systems& systems, const Dataset& dataset, Settings settings);
    // Reads the key of every row once, so that caches hold what they can.
    void warm(Key (*key)(std::uint64_t) = &Key::stored);

    std::vector<Member> members;
    // Systems that could not be opened, with the reason.
    std::vector<std::pair<const System*, std::string>> skipped;
    Dataset dataset;
};

// Performs `count` operations, those of an order from `first` on.
using Operation = std::function<void(Session& session, std::size_t first, std::size_t count)>;

struct Shape {
    std::size_t threads = 1;
    // How many operations, as reported, are in one that is performed.
    std::size_t per_operation = 1;
    bool writes = false;
};

void measure(Bench& bench, std::string_view workload, Fixture& fixture, const Operation& operation, Shape shape = {});

// A wrong answer ends the run: its cost would mean nothing.
inline void require(bool answer, const char* what) {
    if (!answer)
        throw std::runtime_error(std::string("wrong answer: ") + what);
}

}  // namespace bench
