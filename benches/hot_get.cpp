// The cost of one hot read beside LMDB's, in CPU nanoseconds: rounds interleaved, medians.
// 10,000 keys of 16 bytes with values of 100 bytes; every value is copied into the caller's buffer.

#include <joinly_storage.h>
#include <lmdb.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace {

constexpr int kKeys = 10'000;
constexpr int kReads = 200'000;
constexpr int kRounds = 15;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "hot_get: %s failed\n", what);
    std::exit(1);
}

void check(bool ok, const char* what) {
    if (!ok)
        fail(what);
}

double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Read>
double round_ns(const std::vector<std::string>& order, Read read) {
    const double start = cpu_ns();
    for (const std::string& key : order)
        read(key);
    return (cpu_ns() - start) / static_cast<double>(order.size());
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    const auto folder = std::filesystem::temp_directory_path() / "joinly-hot-get";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);

    std::vector<std::string> keys;
    char text[32];
    for (int i = 0; i < kKeys; ++i) {
        std::snprintf(text, sizeof text, "key:%012d", i);
        keys.emplace_back(text);
    }
    std::vector<std::string> order;
    unsigned state = 1;
    for (int i = 0; i < kReads; ++i) {
        state = state * 1664525U + 1013904223U;
        order.push_back(keys[(state >> 8) % kKeys]);
    }
    const std::string value(100, 'v');

    joinly_store* store = nullptr;
    joinly_batch* batch = nullptr;
    check(joinly_store_open((folder / "joinly.db").c_str(), nullptr, &store, nullptr) == JOINLY_OK, "open");
    check(joinly_batch_new(&batch, nullptr) == JOINLY_OK, "batch");
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    check(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, 64 << 20) == 0 &&
              mdb_env_open(env, (folder / "lmdb").c_str(), MDB_NOSUBDIR, 0600) == 0 &&
              mdb_txn_begin(env, nullptr, 0, &txn) == 0 && mdb_dbi_open(txn, nullptr, 0, &dbi) == 0,
          "LMDB");
    for (const std::string& key : keys) {
        MDB_val k{key.size(), const_cast<char*>(key.data())};
        MDB_val v{value.size(), const_cast<char*>(value.data())};
        check(mdb_put(txn, dbi, &k, &v, 0) == 0, "mdb_put");
        const auto* k8 = reinterpret_cast<const uint8_t*>(key.data());
        const auto* v8 = reinterpret_cast<const uint8_t*>(value.data());
        check(joinly_batch_put(batch, k8, key.size(), v8, value.size(), 0, nullptr) == JOINLY_OK, "put");
    }
    check(mdb_txn_commit(txn) == 0, "commit");
    check(joinly_store_commit(store, batch, nullptr, nullptr) == JOINLY_OK, "commit");
    check(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0, "read transaction");

    uint8_t buffer[256];
    const auto joinly = [&](const std::string& key) {
        size_t len = 0;
        const auto* k8 = reinterpret_cast<const uint8_t*>(key.data());
        check(joinly_kv_get_into(store, k8, key.size(), buffer, sizeof buffer, &len, nullptr) == JOINLY_OK, "get");
    };
    const auto lmdb = [&](const std::string& key) {
        MDB_val k{key.size(), const_cast<char*>(key.data())};
        MDB_val v{};
        check(mdb_get(txn, dbi, &k, &v) == 0, "mdb_get");
        std::memcpy(buffer, v.mv_data, v.mv_size);
    };
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < kRounds; ++i) {
        ours.push_back(round_ns(order, joinly));
        theirs.push_back(round_ns(order, lmdb));
    }
    std::printf(
        "hot get, C++: joinly_kv_get_into %.0f ns, LMDB (read transaction held) %.0f ns: LMDB takes %.2f times ours\n",
        median(ours), median(theirs), median(theirs) / median(ours));
    mdb_txn_abort(txn);
    mdb_env_close(env);
    joinly_batch_free(batch);
    joinly_store_free(store);
    std::filesystem::remove_all(folder);
}
