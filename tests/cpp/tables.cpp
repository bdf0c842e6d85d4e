// Tables in C++: rows, iteration, transactions, schemas that evolve.
#include <joinly/storage.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>

#include "../c/check.h"

namespace {

using namespace std::chrono_literals;

template <class Call>
joinly::Status thrown(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const joinly::Error& error) {
        return error.status();
    }
    return joinly::Status::ok;
}

static_assert(std::is_copy_constructible_v<joinly::Tables> && std::is_copy_constructible_v<joinly::Table>);

constexpr auto schema =
    R"({"table_name":"student","schema":{"id":{"type":"int","primary_key":true},"name":{"type":"str","nullable":false},
        "email":{"type":"str","unique":true},"gpa":{"type":"float","default":0}}})";

joinly::Store with_students() {
    auto store = joinly::Store::open("memory:");
    store.tables().create(schema);
    store.table("student").insert(
        R"([{"name":"Alice","email":"a","gpa":3.8},{"name":"Bob"},{"name":"Carol","gpa":3.9}])");
    return store;
}

void rows() {
    auto store = with_students();
    auto students = store.table("student");
    CHECK(store.tables().names() == R"(["student"])" && students.count() == 3);
    CHECK(*students.get(1) == R"({"id":1,"name":"Alice","email":"a","gpa":3.8})" && !students.get(9));
    CHECK(students.insert(R"([{"name":"Dan"}])") == R"([{"id":4,"name":"Dan","email":null,"gpa":0.0}])");
    CHECK(thrown([&] { students.insert(R"([{"name":"E"},{"name":"F","email":"a"}])"); }) == joinly::Status::exists);
    CHECK(thrown([&] { (void)store.table("nobody").get(1); }) == joinly::Status::not_found);
    std::string names;
    for (const auto& [key, row] : students.select(R"([{"key":"gpa","op":">","value":3}])")
                                      .order(R"([{"column":"gpa","descending":true}])")
                                      .page_size(1)) {
        CHECK(key.size() == 19);
        names += row.substr(0, 7);
    }
    CHECK(names == R"({"id":3{"id":1)");
    CHECK(students.update(R"([{"key":"id","op":"=","value":2}])", R"({"gpa":1})") == 1);
    CHECK(students.erase(R"([{"key":"gpa","op":"<=","value":1}])") == 2 && students.count() == 2);
    CHECK(students.check() == 2);
    {
        auto transaction = store.begin();
        CHECK(store.table("student", transaction).erase("") == 2);
    }
    CHECK(students.count() == 2);
    students.drop();
    CHECK(store.tables().names() == "[]");
}

void schemas() {
    auto store = with_students();
    constexpr auto narrow = R"({"table_name":"student","schema":{"id":{"type":"int","primary_key":true},
        "grade":{"type":"float","formerly":"gpa"}}})";
    CHECK(thrown([&] { store.tables().create(narrow); }) == joinly::Status::exists);
    store.tables().evolve(narrow);
    CHECK(*store.table("student").get(1) == R"({"id":1,"grade":3.8})");
}

void transfers() {
    auto store = with_students();
    auto other = joinly::Store::open("memory:");
    const std::string path = "tables_cpp_" + std::to_string(reinterpret_cast<std::uintptr_t>(&store)) + ".json";
    CHECK(store.table("student").export_to(path) == 3);
    CHECK(other.tables().import_from(path) == 3 && std::remove(path.c_str()) == 0);
    CHECK(thrown([&] { store.tables().copy_to(other.tables()); }) == joinly::Status::exists);
    other.table("student").drop();
    CHECK(store.tables().copy_to(other.tables()) == R"([["student",3]])");
}

void locks() {
    auto store = with_students();
    auto students = store.table("student");
    students.lock("me", 60s);
    CHECK(thrown([&] { students.lock("you", 60s); }) == joinly::Status::busy);
    CHECK(thrown([&] { students.lock("me", -1ms); }) == joinly::Status::invalid);
    CHECK(!students.unlock("you") && students.unlock("me"));
}

}  // namespace

int main() {
    rows();
    schemas();
    transfers();
    locks();
    return 0;
}
