// Migration, backup, restore, repair and import in C++: ownership of what is made, watchers that end or throw.
#include <joinly/admin.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

static_assert(std::is_nothrow_move_constructible_v<joinly::BackupSchedule>);
static_assert(!std::is_copy_constructible_v<joinly::BackupSchedule>);

template <class Call>
joinly::Status thrown(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const joinly::Error& error) {
        return error.status();
    }
    return joinly::Status::ok;
}

bool has(std::string_view json, std::string_view part) { return json.find(part) != std::string_view::npos; }

/// Names that no earlier run left.
std::string fresh(const std::string& name) {
    static const auto run = std::chrono::system_clock::now().time_since_epoch().count();
    return std::to_string(run) + "-" + name;
}

void fill(joinly::Store& store) {
    joinly::Batch batch;
    for (int n = 0; n < 2500; ++n) {
        batch.put("key:" + std::to_string(n), "value");
    }
    store.commit(batch);
}

void migration() {
    const auto from = fresh("from.db");
    const auto to = fresh("to.db");
    auto store = joinly::Store::open(from);
    fill(store);
    joinly::MigrateOptions dry;
    dry.dry_run = 1;
    const auto looked = joinly::migrate(store, to, dry);
    CHECK(!looked.store && has(looked.report.view(), "\"records\":2500"));
    const joinly::Watcher stop = [](const joinly::Progress& progress) { return progress.records < 1000; };
    CHECK(thrown([&] { joinly::migrate(store, to, {}, stop); }) == joinly::Status::cancelled);
    CHECK(has(joinly::migrate_status(to).view(), "\"incoming\""));
    bool threw = false;
    try {
        joinly::migrate(store, to, {}, [](const joinly::Progress&) -> bool { throw std::runtime_error("mine"); });
    } catch (const std::runtime_error& error) {
        threw = std::string_view(error.what()) == "mine";
    }
    CHECK(threw);
    auto moved = joinly::migrate(store, to);
    CHECK(moved.store && moved.store->exists("key:7"));
    CHECK(thrown([&] { store.put("late", "1"); }) == joinly::Status::moved);
    moved.store->put("on", "1");
    joinly::reclaim(store);
    store.put("late", "1");
    CHECK(joinly::try_reclaim(store).error().status() == joinly::Status::wrong_state);
}

void backups() {
    const auto folder = fresh("backups");
    const auto place = fresh("restored.db");
    const auto file = fresh("one");
    auto store = joinly::Store::open(fresh("store.db"));
    fill(store);
    int steps = 0;
    const joinly::Watcher count = [&](const joinly::Progress&) { return ++steps > 0; };
    CHECK(has(joinly::backup(store, folder, {}, count).view(), "\"records\":2500") && steps > 2);
    CHECK(has(joinly::list_backups(folder).view(), "\"base\":null"));
    {
        auto restored = joinly::restore(folder, place);
        CHECK(restored.store && restored.store->exists("key:2499"));
    }
    CHECK(thrown([&] { joinly::restore(folder, place); }) == joinly::Status::exists);
    CHECK(has(joinly::restore(folder, place, true).report.view(), "replaced-1"));
    CHECK(thrown([&] { joinly::restore(folder, "memory:", false, "none"); }) == joinly::Status::not_found);
    joinly::backup_file(store, file);
    CHECK(has(joinly::check_backup(file).view(), "\"engine\":\"sqlite\""));

    auto schedule = joinly::BackupSchedule::start(store, fresh("scheduled"), 1h);
    for (int tries = 0; tries < 3000 && !has(schedule.status().view(), "\"made\":1"); ++tries) {
        std::this_thread::sleep_for(10ms);
    }
    CHECK(has(schedule.status().view(), "\"made\":1"));
    const auto moved = std::move(schedule);
    CHECK(has(moved.status().view(), "\"failures\":0"));
    CHECK(thrown([&] { joinly::BackupSchedule::start(store, folder, -1ms); }) == joinly::Status::invalid);
}

void repairs() {
    const auto damaged = fresh("damaged.db");
    auto store = joinly::Store::open(damaged);
    fill(store);
    const auto repaired = joinly::repair(damaged, "memory:");
    CHECK(has(repaired.report.view(), "\"lost\":[]") && repaired.store && repaired.store->exists("key:3"));
    CHECK(thrown([] { joinly::repair("nowhere.db", "memory:"); }) == joinly::Status::not_found);
}

void imports() {
    auto store = joinly::Store::open("memory:");
    const auto key = [](int n) { return std::to_string(1000 + n); };
    int next = 0;
    const joinly::ImportSource anew = [&](std::string_view) -> std::optional<joinly::ImportRecord> {
        if (next == 2500) {
            return std::nullopt;
        }
        const auto n = next++;
        return joinly::ImportRecord{key(n), std::string("v\0", 2) + std::to_string(n)};
    };
    const joinly::Watcher stop = [](const joinly::Progress& progress) { return progress.records < 1000; };
    CHECK(thrown([&] { joinly::import_records(store, "i", 7, anew, {}, stop); }) == joinly::Status::cancelled);
    CHECK(has(joinly::import_status(store, "i").view(), "\"imported\":1000"));
    next = 0;
    CHECK(thrown([&] { joinly::import_records(store, "i", 8, anew); }) == joinly::Status::conflict);
    bool threw = false;
    try {
        joinly::import_records(store, "i", 7, [](std::string_view after) -> std::optional<joinly::ImportRecord> {
            throw std::runtime_error(std::string(after));
        });
    } catch (const std::runtime_error& error) {
        threw = error.what() == key(999);
    }
    CHECK(threw);
    // One that goes on where it is told to.
    const joinly::ImportSource on = [&](std::string_view after) -> std::optional<joinly::ImportRecord> {
        const int n = std::stoi(std::string(after)) - 1000 + 1;
        return n < 2500 ? std::optional(joinly::ImportRecord{key(n), "on"}) : std::nullopt;
    };
    CHECK(has(joinly::import_records(store, "i", 7, on).view(), "\"imported\":2500"));
    CHECK(store.get(key(999))->view() == std::string("v\0999", 5) && store.get(key(1000))->view() == "on");
    joinly::ImportOptions replace;
    replace.existing = JOINLY_EXISTING_REPLACE;
    next = 0;
    CHECK(thrown([&] { joinly::import_records(store, "again", 7, anew); }) == joinly::Status::exists);
    next = 0;
    CHECK(has(joinly::import_records(store, "again", 7, anew, replace).view(), "\"kept\":0"));
    CHECK(store.get(key(1000))->view() != "on");
    CHECK(joinly::try_import_status(store, "none").error().status() == joinly::Status::not_found);
    CHECK(joinly::try_import_records(store, "i", 7, {}).error().status() == joinly::Status::invalid);
}

}  // namespace

int main() {
    migration();
    backups();
    repairs();
    imports();
    return 0;
}
