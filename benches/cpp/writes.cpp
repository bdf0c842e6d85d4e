// Puts and batches.
#include "workloads.hpp"

namespace bench {

Operation putting(const Values& values, const std::vector<Key>& order, std::size_t value_length) {
    return [&values, &order, value_length](Session& session, std::size_t first, std::size_t count) {
        for (std::size_t at = first; at < first + count; ++at)
            session.put(order[at % kOrder], values.at(at, value_length));
    };
}

namespace {

constexpr std::size_t kBatch = 1000;

void puts(Bench& bench, const char* workload, const Systems& systems, const Dataset& dataset, Durability durability,
          std::size_t threads = 1) {
    Settings settings;
    settings.durability = durability;
    settings.cache_bytes = kLargeCache;
    Fixture fixture(bench, systems, dataset, settings);
    fixture.warm();
    const auto order = uniform_order(dataset.rows, 11);
    measure(bench, workload, fixture, putting(bench.values, order, dataset.value_length),
            {.threads = threads, .writes = true});
}

// Batches of rows that `key` chooses by their position.
template <class ChooseKey>
Operation batches(const Values& values, ChooseKey key) {
    return [&values, key](Session& session, std::size_t first, std::size_t count) {
        std::vector<Key> keys(kBatch);
        std::vector<Row> rows(kBatch);
        for (std::size_t batch = first; batch < first + count; ++batch) {
            for (std::size_t at = 0; at < kBatch; ++at) {
                const std::size_t position = batch * kBatch + at;
                keys[at] = key(position);
                rows[at] = {keys[at], values.at(position, kValueLength)};
            }
            session.put_batch(rows);
        }
    };
}

}  // namespace

Operation random_batches(const Values& values, const std::vector<Key>& order) {
    return batches(values, [&order](std::size_t position) { return order[position % kOrder]; });
}

Operation new_batches(const Values& values, std::uint64_t stored) {
    return batches(values, [end = 10 * stored](std::size_t position) { return Key::stored(end + position); });
}

namespace {

void in_batches(Bench& bench) {
    Settings settings;
    settings.cache_bytes = kLargeCache;
    Fixture fixture(bench, kStores, large_rows(bench), settings);
    fixture.warm();
    const auto order = uniform_order(bench.sizes.large, 12);
    const Shape shape{.per_operation = kBatch, .writes = true};
    measure(bench, "batch_random", fixture, random_batches(bench.values, order), shape);
    measure(bench, "batch_asc", fixture, new_batches(bench.values, bench.sizes.large), shape);
}

}  // namespace

void run_writes(Bench& bench) {
    const Systems volatile_stores = {&kJoinly, &kRocksDb, &kSqliteAuto, &kRedb};
    puts(bench, "put_none", volatile_stores + kMaps, large_rows(bench), Durability::nothing);
    puts(bench, "put_process", kStores, large_rows(bench), Durability::process);
    puts(bench, "put_process_1k", kStores, kRows1k, Durability::process);
    puts(bench, "put_process_16k", kStores, kRows16k, Durability::process);
    puts(bench, "put_behind", kStores, large_rows(bench), Durability::behind);
    const Systems durable_stores = kStores + Systems{&kJoinlyBehind};
    puts(bench, "put_durable_1", durable_stores, small_rows(bench), Durability::power);
    puts(bench, "put_durable_8", durable_stores, small_rows(bench), Durability::power, 8);
    in_batches(bench);
}

}  // namespace bench
