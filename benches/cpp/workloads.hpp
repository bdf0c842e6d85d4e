#pragma once

#include "harness.hpp"

namespace bench {

// The cache that every system with one is given where the data is to fit into it.
inline constexpr std::size_t kLargeCache = std::size_t{512} << 20;
// Next to none: reads come from the pages of the file, which the operating system holds in memory.
inline constexpr std::size_t kSmallCache = std::size_t{4} << 20;
inline constexpr std::size_t kValueLength = 100;
inline constexpr std::size_t kScanRows = 100;

inline Dataset small_rows(const Bench& bench) { return {"small", bench.sizes.small, kValueLength}; }
inline Dataset large_rows(const Bench& bench) { return {"large", bench.sizes.large, kValueLength}; }
inline const Dataset kRows1k = {"values_1k", 10'000, 1 << 10};
inline const Dataset kRows16k = {"values_16k", 1'000, 16 << 10};

// Reads the keys of an order one by one; all of them exist, or none does.
Operation reading(const std::vector<Key>& order, std::size_t expected);
// Puts keys of an order one by one.
Operation putting(const Values& values, const std::vector<Key>& order, std::size_t value_length);
// Reads `kScanRows` rows from each key of an order on.
Operation scanning(const std::vector<Key>& order);
// Puts batches of rows, those of an order, or new ones after all of the `stored` ones.
Operation random_batches(const Values& values, const std::vector<Key>& order);
Operation new_batches(const Values& values, std::uint64_t stored);

// The groups, in the order in which they run: later ones reuse the files of earlier ones.
void run_reads(Bench& bench);
void run_files(Bench& bench);
void run_writes(Bench& bench);
void run_ycsb(Bench& bench);
void run_sustained(Bench& bench);
void run_processes(Bench& bench);

// What processes of their own do, with the files of a data set.

// Puts a thousand rows a second until it is killed.
int write_in_background(const System& system, const Settings& settings, const Dataset& dataset);
// Opens a store and reads one row; prints what it cost: CPU, wall and process CPU.
int report_open(const System& system, const Settings& settings, const Dataset& dataset);
// Reads all rows once; prints by how much the process grew: all of it, and its private part, in bytes.
int report_memory(const System& system, const Settings& settings, const Dataset& dataset);

// Runs `count` operations of a workload inside `bench_counted`, for a profiler that counts instructions.
int count_instructions(Bench& bench, const std::string& workload, const System& system, std::size_t count);

}  // namespace bench
