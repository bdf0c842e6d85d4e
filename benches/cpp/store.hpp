// What every system under test is asked to do. One adapter for each system implements it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// What an acknowledged write survives. `behind` is `process` for all systems that have no write-behind of their own.
enum class Durability { nothing, process, behind, power };

struct Settings {
    std::filesystem::path folder;
    Durability durability = Durability::process;
    // Of a typical row, for systems whose users would choose a layout by it.
    std::size_t value_length = 100;
    // For every system that has a cache of its own.
    std::size_t cache_bytes = std::size_t{64} << 20;
};

struct Row {
    std::string_view key;
    std::string_view value;
};

// Thrown by adapters for what their system does not offer; it becomes a skipped row with this reason.
struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One thread's way into a store. Reads copy what they find into memory of the session.
class Session {
  public:
    static constexpr std::size_t kMissing = static_cast<std::size_t>(-1);

    virtual ~Session() = default;
    // The length of the value, or kMissing.
    virtual std::size_t get(std::string_view key) = 0;
    virtual void put(std::string_view key, std::string_view value) = 0;
    // All or nothing.
    virtual void put_batch(std::span<const Row> rows) = 0;
    // Reads keys and values in order from a key on; how many were found.
    virtual std::size_t scan(std::string_view from, std::size_t rows) = 0;
    // How many of the keys were found, all as of one moment.
    virtual std::size_t get_many(std::span<const std::string_view> keys) = 0;
};

class Store {
  public:
    virtual ~Store() = default;
    virtual std::unique_ptr<Session> session() = 0;
    // Waits until acknowledged writes have left queues in memory.
    virtual void flush() {}
};

struct System {
    std::string name;
    // Whether its data is in files.
    bool persistent;
    // Why a second process cannot read what a first one writes; empty when it can, and sees every commit.
    std::string one_process;
    std::unique_ptr<Store> (*open)(const Settings&);
    // The settings that its users would ask about.
    std::string (*configuration)(const Settings&);
};

extern const System kJoinly, kJoinlyBehind, kJoinlyCache, kLmdb, kLmdbHeld, kLevelDb, kRocksDb, kSqliteAuto,
    kSqliteHeld, kRedb, kFjall, kQuickCache, kMoka, kRwLockMap, kSharedMutexMap, kMutexMap;

using Systems = std::vector<const System*>;

inline Systems operator+(Systems systems, const Systems& more) {
    systems.insert(systems.end(), more.begin(), more.end());
    return systems;
}

// All that keep their data in files, each with reads that are as fresh as it offers.
inline const Systems kStores = {&kJoinly, &kLmdb, &kLevelDb, &kRocksDb, &kSqliteAuto, &kRedb, &kFjall};
// Reads of one snapshot that is never renewed: they see no new commits.
inline const Systems kHeld = {&kLmdbHeld, &kSqliteHeld};
inline const Systems kMaps = {&kJoinlyCache, &kRwLockMap, &kSharedMutexMap, &kMutexMap, &kQuickCache, &kMoka};

inline std::string mebibytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace bench
