// A C++ program of somebody else.
#include <joinly/storage.hpp>

int main() {
    auto store = joinly::Store::open("memory:");
    store.put("k", "v");
    return store.get("k") == "v" ? 0 : 1;
}
