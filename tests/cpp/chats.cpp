// Conversations in C++.
#include <joinly/storage.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "../c/check.h"

namespace {

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

static_assert(std::is_copy_constructible_v<joinly::Chats> && std::is_copy_constructible_v<joinly::ChatFolder>);

void sessions_and_messages() {
    auto store = joinly::Store::open("memory:");
    auto chats = store.chats();
    CHECK(has(chats.create("a", R"({"title":"First"})"), R"("title":"First")"));
    CHECK(thrown([&] { (void)chats.create("a"); }) == joinly::Status::exists);
    CHECK(thrown([&] { (void)chats.create(""); }) == joinly::Status::invalid);
    CHECK(has(chats.create(), R"("messages":0)"));
    CHECK(has(chats.append("a", R"({"text":"hello","attachments":[1]})"), R"("number":1)"));
    CHECK(has(chats.messages("a", R"({"limit":1})"), R"("more":false)"));
    CHECK(has(*chats.message("a", 1), R"("attachments":[1]})") && !chats.message("a", 2));
    CHECK(*chats.attachment("a", 1, 0) == "1" && !chats.attachment("a", 1, 1));
    CHECK(has(chats.search(R"({"text":"HELLO"})"), R"("excerpt":"hello")"));
    CHECK(has(chats.edit("a", 1, "{}"), R"("edited":)"));
    chats.remove("a", 1);
    CHECK(thrown([&] { chats.remove("a", 1); }) == joinly::Status::not_found);
    CHECK(has(chats.update("a", R"({"archived":true})"), R"("archived":true)"));
    CHECK(has(chats.list(R"({"archived":true})"), R"("id":"a")") && has(chats.counts(), R"("archived":1)"));
    CHECK(chats.erase("a") && !chats.erase("a") && !chats.get("a"));
    auto transaction = store.begin();
    (void)store.chats(transaction).create("b");
    CHECK(!chats.get("b") && store.chats(transaction).get("b"));
    transaction.commit();
    CHECK(chats.get("b"));
    const std::string all(chats.load_all().view());
    CHECK(has(chats.save_all(all), R"("written":)") && has(all, R"("id":"b")"));
    CHECK(thrown([&] { (void)chats.save_all("[]"); }) == joinly::Status::conflict);
}

void a_folder() {
    const auto path = std::filesystem::absolute("chats");
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
    joinly::ChatFolder folder(path.string());
    (void)folder.save(R"([{"id":"a","history":[]}])");
    CHECK(thrown([&] { (void)folder.migrate_to_sqlite([](const joinly_progress&) { return false; }); }) ==
          joinly::Status::cancelled);
    CHECK(thrown([&] {
              (void)folder.migrate_to_sqlite(
                  [](const joinly_progress&) -> bool { throw std::runtime_error("contained"); });
          }) == joinly::Status::cancelled);
    CHECK(has(folder.migrate_to_sqlite({}, true), R"("moved":false)"));
    int steps = 0;
    CHECK(has(folder.migrate_to_sqlite([&](const joinly_progress&) { return ++steps > 0; }), R"("moved":true)"));
    CHECK(steps == 5 && has(folder.migration_status(), R"("stage":"done")"));
    CHECK(has(folder.load(), R"("used":"sqlite")") && has(folder.load_file(), R"("id":"a")"));
    CHECK(thrown([&] { (void)folder.save_file("[]"); }) == joinly::Status::moved);
    CHECK(has(folder.migrate_to_json(), R"("epoch":2)"));
    CHECK(has(folder.backups(), "backup-000001") && has(folder.restore(), "backup-000001"));
    CHECK(thrown([&] { (void)folder.restore("none"); }) == joinly::Status::not_found);
    std::filesystem::remove_all(path);
}

}  // namespace

int main() {
    sessions_and_messages();
    a_folder();
    return 0;
}
