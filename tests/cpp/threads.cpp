// One store used by many threads, with a second handle on its file: nothing is lost, torn or stale.
#include <joinly/storage.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t threads = 4;
constexpr std::int64_t rounds = 200;

template <class Body>
void in_threads(Body body) {
    std::vector<std::thread> running;
    running.reserve(threads);
    for (int i = 0; i < threads; i++) {
        running.emplace_back([&body, i] { body(i); });
    }
    for (auto& thread : running) {
        thread.join();
    }
}

void counters_are_exact(joinly::Store& a, joinly::Store& b) {
    in_threads([&](int thread) {
        joinly::Store& store = thread % 2 == 0 ? a : b;
        std::int64_t last = 0;
        for (int i = 0; i < rounds; i++) {
            const auto sum = store.add("counter");
            CHECK(sum > last);
            last = sum;
        }
    });
    CHECK(a.add("counter", 0) == threads * rounds);
    CHECK(b.get_string("counter") == std::to_string(threads * rounds));
}

void transfers_keep_the_sum(joinly::Store& a, joinly::Store& b) {
    a.put("account:x", "1000");
    a.put("account:y", "1000");
    joinly::Retry patient;
    patient.attempts = 1000;
    in_threads([&](int thread) {
        joinly::Store& store = thread % 2 == 0 ? a : b;
        for (int i = 0; i < rounds / 4; i++) {
            if (thread < 2) {
                store.transaction(
                    [&](auto& tx) {
                        tx.add("account:x", -1);
                        tx.add("account:y", 1);
                    },
                    patient);
            } else {
                const auto accounts = store.get_many({"account:x", "account:y"});
                CHECK(std::stoi(std::string(accounts[0].value())) + std::stoi(std::string(accounts[1].value())) ==
                      2000);
            }
        }
    });
    CHECK(a.get_string("account:y") == std::to_string(1000 + 2 * (rounds / 4)));
}

// Each writer tells in memory what it acknowledged; a reader may then never see less.
void reads_are_never_stale(joinly::Store& a, joinly::Store& b) {
    std::atomic<std::int64_t> acknowledged{0};
    a.put("hot", "0");
    in_threads([&](int thread) {
        joinly::Store& store = thread % 2 == 0 ? a : b;
        for (int i = 0; i < rounds; i++) {
            if (thread < 2) {
                const std::int64_t sum = store.add("hot");
                std::int64_t seen = acknowledged.load();
                while (seen < sum && !acknowledged.compare_exchange_weak(seen, sum)) {
                }
            } else {
                const std::int64_t least = acknowledged.load();
                CHECK(std::stoll(*store.get_string("hot")) >= least);
            }
        }
    });
    CHECK(a.get_string("hot") == std::to_string(2 * rounds));
}

void watches_miss_nothing(joinly::Store& a, joinly::Store& b) {
    auto watch = b.watch("watched:");
    std::thread writer([&] {
        for (int i = 0; i < rounds; i++) {
            a.put("watched:" + std::to_string(i), "");
        }
    });
    for (int i = 0; i < rounds; i++) {
        const auto commit = watch.poll(60s);
        CHECK(commit && commit->size() == 1);
        CHECK((*commit)[0].key == "watched:" + std::to_string(i));
    }
    writer.join();
    CHECK(!watch.poll());
}

void a_store_is_closed_under_its_users(const std::string& url) {
    auto store = joinly::Store::open(url);
    std::atomic<std::int64_t> reading{0};
    joinly_store* handle = store.c_store();
    std::thread closer([&] {
        while (reading.load() < threads) {
            std::this_thread::yield();
        }
        CHECK(joinly_store_close(handle, nullptr) == JOINLY_OK);
    });
    in_threads([&](int) {
        reading++;
        const auto give_up = std::chrono::steady_clock::now() + 60s;
        joinly::Status status = joinly::Status::ok;
        while (status == joinly::Status::ok && std::chrono::steady_clock::now() < give_up) {
            status = store.try_put("k", "v").status();
        }
        CHECK(status == joinly::Status::bad_handle || status == joinly::Status::closed);
    });
    closer.join();
}

void a_cache_is_shared() {
    joinly::CacheOptions options;
    options.max_entries = 50;
    joinly::Cache cache(options);
    in_threads([&](int thread) {
        for (int i = 0; i < rounds * 10; i++) {
            const std::string key = std::to_string((i * 7 + thread) % 100);
            cache.set(key, key);
            const auto value = cache.get(key);
            CHECK(!value || *value == key);
        }
    });
    CHECK(cache.stats().entries <= 50);
    CHECK(cache.stats().hits + cache.stats().misses == static_cast<std::uint64_t>(threads * rounds * 10));
}

}  // namespace

int main() {
    for (const char* suffix : {"", "-wal", "-shm"}) {
        (void)std::remove((std::string("threads.db") + suffix).c_str());
    }
    {
        auto a = joinly::Store::open("threads.db");
        auto b = joinly::Store::open("threads.db");
        counters_are_exact(a, b);
        transfers_keep_the_sum(a, b);
        reads_are_never_stale(a, b);
        watches_miss_nothing(a, b);
        a.verify();
    }
    {
        auto memory = joinly::Store::open("memory:");
        counters_are_exact(memory, memory);
        transfers_keep_the_sum(memory, memory);
        reads_are_never_stale(memory, memory);
        watches_miss_nothing(memory, memory);
    }
    a_store_is_closed_under_its_users("threads.db");
    a_store_is_closed_under_its_users("memory:");
    a_cache_is_shared();
    return EXIT_SUCCESS;
}
