// What a program has without any library: a hash map and a lock.
#include <array>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "store.hpp"

namespace bench {
namespace {

struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
};

using Map = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;

template <class Mutex, class ReadLock>
class MapStore final : public Store {
  public:
    std::unique_ptr<Session> session() override { return std::make_unique<MapSession>(*this); }

  private:
    class MapSession final : public Session {
      public:
        explicit MapSession(MapStore& store) : store_(store) {}

        std::size_t get(std::string_view key) override {
            const ReadLock lock(store_.mutex_);
            return copy(key);
        }

        void put(std::string_view key, std::string_view value) override {
            const std::lock_guard lock(store_.mutex_);
            assign(key, value);
        }

        void put_batch(std::span<const Row> rows) override {
            const std::lock_guard lock(store_.mutex_);
            for (const auto& [key, value] : rows)
                assign(key, value);
        }

        std::size_t scan(std::string_view, std::size_t) override { throw Unsupported("a hash map has no order"); }

        std::size_t get_many(std::span<const std::string_view> keys) override {
            const ReadLock lock(store_.mutex_);
            std::size_t found = 0;
            for (const std::string_view key : keys)
                found += copy(key) != kMissing;
            return found;
        }

      private:
        std::size_t copy(std::string_view key) {
            const auto at = store_.map_.find(key);
            if (at == store_.map_.end())
                return kMissing;
            std::memcpy(buffer_.data(), at->second.data(), at->second.size());
            return at->second.size();
        }

        void assign(std::string_view key, std::string_view value) {
            const auto at = store_.map_.find(key);
            if (at == store_.map_.end())
                store_.map_.emplace(key, value);
            else
                at->second.assign(value);
        }

        MapStore& store_;
        std::array<char, 64 << 10> buffer_{};
    };

    Mutex mutex_;
    Map map_;
};

using SharedMutexMap = MapStore<std::shared_mutex, std::shared_lock<std::shared_mutex>>;
using MutexMap = MapStore<std::mutex, std::lock_guard<std::mutex>>;

}  // namespace

const System kSharedMutexMap{
    "shared_mutex_map", false, "in memory",
    [](const Settings&) -> std::unique_ptr<Store> { return std::make_unique<SharedMutexMap>(); },
    [](const Settings&) { return std::string("std::shared_mutex + std::unordered_map, unbounded"); }};

const System kMutexMap{"mutex_map", false, "in memory",
                       [](const Settings&) -> std::unique_ptr<Store> { return std::make_unique<MutexMap>(); },
                       [](const Settings&) { return std::string("std::mutex + std::unordered_map, unbounded"); }};

}  // namespace bench
