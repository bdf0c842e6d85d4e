// Imports a Debian package index into a store: import_packages URL [FILE], from standard input without FILE. Prints a
// few facts that indexes make cheap. A real index comes from `apt-cache dumpavail`.
#include <joinly/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Fields = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t batch_size = 500;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Reads the next paragraph of "Name: value" lines; false at the end. Lines that go on a value are left out.
bool next_paragraph(std::istream& input, Fields& fields) {
    fields.clear();
    std::string line;
    while (std::getline(input, line)) {
        const std::size_t colon = line.find(": ");
        if (line.empty() && !fields.empty()) {
            return true;
        }
        if (!line.empty() && line[0] != ' ' && colon != std::string::npos) {
            fields[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    return !fields.empty();
}

std::string to_json(const Fields& fields) {
    const auto value = [&](std::string_view name) {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    };
    const auto text = [&](std::string_view name) { return joinly::Scalar(value(name)).text(); };
    const auto number = [&](std::string_view name) { return value(name).empty() ? "null" : value(name); };
    return R"({"name":)" + text("Package") + R"(,"version":)" + text("Version") + R"(,"section":)" + text("Section") +
           R"(,"size":)" + number("Size") + R"(,"installed_kb":)" + number("Installed-Size") + R"(,"maintainer":)" +
           text("Maintainer") + R"(,"depends":)" + text("Depends") + R"(,"summary":)" + text("Description") + "}";
}

/// The plain member `name` of a document that to_json wrote.
std::string_view member(std::string_view json, const std::string& name) {
    const std::string label = '"' + name + "\":";
    json.remove_prefix(std::min(json.size(), json.find(label) + label.size()));
    json = json.substr(0, json.find(','));
    return json.size() > 1 && json.front() == '"' ? json.substr(1, json.size() - 2) : json;
}

class Progress {
  public:
    explicit Progress(std::istream& input) : input_(input) {
        input.seekg(0, std::ios::end);
        total_ = static_cast<double>(input.tellg());
        input.clear();
        input.seekg(0);
        input.clear();
    }

    void show(std::size_t records, bool done) {
        if (!done && seconds_since(shown_) < 0.1) {
            return;
        }
        shown_ = Clock::now();
        if (total_ > 0) {
            const double part = done ? 1.0 : static_cast<double>(input_.tellg()) / total_;
            const auto filled = static_cast<std::size_t>(part * 40.0);
            std::fprintf(stderr, "\r[%s%s] %3.0f%%", std::string(filled, '#').c_str(),
                         std::string(40 - filled, '.').c_str(), part * 100.0);
        }
        std::fprintf(stderr, "%c%zu records, %.0f per second%s", total_ > 0 ? ' ' : '\r', records,
                     static_cast<double>(records) / seconds_since(start_), done ? "\n" : "");
    }

  private:
    std::istream& input_;
    double total_ = 0;
    Clock::time_point start_ = Clock::now();
    Clock::time_point shown_ = start_;
};

std::size_t import(joinly::Store& store, std::istream& input) {
    Progress progress(input);
    joinly::Batch batch;
    Fields fields;
    std::size_t records = 0;
    while (next_paragraph(input, fields)) {
        batch.put("package:" + fields["Package"], to_json(fields));
        records++;
        if (batch.size() == batch_size) {
            store.commit(batch);
            batch.clear();
            progress.show(records, false);
        }
    }
    store.commit(batch);
    progress.show(records, true);
    return records;
}

void print_facts(const joinly::Store& store) {
    std::map<std::string, int> sections;
    for (auto& [key, package] : store.find("section")) {
        sections[std::string(member(package, "section"))]++;
    }
    std::vector<std::pair<int, std::string>> largest;
    largest.reserve(sections.size());
    for (const auto& [section, count] : sections) {
        largest.emplace_back(count, section);
    }
    std::sort(largest.rbegin(), largest.rend());
    std::cout << sections.size() << " sections, the largest:\n";
    for (std::size_t i = 0; i < std::min<std::size_t>(5, largest.size()); i++) {
        std::cout << "  " << largest[i].second << ": " << largest[i].first << " packages\n";
    }
    std::cout << "The biggest packages:\n";
    for (const auto& row : store.find("size").descending().page_size(5).page()) {
        std::cout << "  " << member(row.value(), "name") << ": " << member(row.value(), "size") << " bytes, "
                  << member(row.value(), "section") << '\n';
    }
}

/// Reads every package by its key, as a program that serves them would.
void read_back(const joinly::Store& store) {
    const auto start = Clock::now();
    std::size_t reads = 0;
    for (auto& [key, nothing] : store.prefix("package:").keys_only()) {
        reads += store.get(key).has_value() ? 1 : 0;
    }
    const auto stats = store.stats();
    std::cout << reads << " packages read by key, "
              << static_cast<long>(static_cast<double>(reads) / seconds_since(start)) << " per second\n"
              << "Cache: " << stats.cache_hits << " hits, " << stats.cache_misses << " misses, " << stats.cache_entries
              << " entries, " << (stats.cache_bytes >> 20U) << " MiB\n"
              << "File: " << (stats.file_bytes >> 20U) << " MiB\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: import_packages URL [FILE]\n";
        return 2;
    }
    try {
        auto store = joinly::Store::open(argv[1]);
        store.declare_index("section", "package:", "$.section");
        store.declare_index("size", "package:", "$.size");
        std::ifstream file;
        if (argc > 2) {
            file.open(argv[2]);
            if (!file) {
                throw std::runtime_error(std::string("cannot read ") + argv[2]);
            }
        }
        std::cout << import(store, argc > 2 ? file : std::cin) << " records imported\n";
        store.checkpoint();
        print_facts(store);
        read_back(store);
    } catch (const std::exception& error) {
        std::cerr << "import_packages: " << error.what() << '\n';
        return 1;
    }
}
