// Runs a file of behaviour cases through storage.hpp: behaviour FILE.case, in a scratch directory.
#include <joinly/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "answer.hpp"
#include "models.hpp"

namespace {

using std::chrono::milliseconds;

class Runner {
  public:
    Runner(const std::string& url, const joinly::Options& options) : store_(joinly::Store::open(url, options)) {}

    void answer(const Words& args, Answer& answer) {
        const auto operation = operations().find(args[0]);
        try {
            if (operation != operations().end()) {
                (this->*operation->second)(args, answer);
            } else if (!Models(store_, transactions_, args).run(answer)) {
                answer.add("(no such operation)");
            }
        } catch (const joinly::Error& error) {
            CHECK(!std::string_view(error.what()).empty());
            answer.add(joinly::name(error.status()));
        }
    }

    void close() {
        transactions_.clear();
        watches_.clear();
        store_.close();
    }

  private:
    using Operation = void (Runner::*)(const Words&, Answer&);

    static std::int64_t integer(const std::string& word) { return std::stoll(word); }
    static milliseconds duration(const std::string& word) { return milliseconds(std::stoll(word)); }

    static bool has(const Words& args, std::string_view flag) {
        return std::find(args.begin(), args.end(), flag) != args.end();
    }

    void get(const Words& args, Answer& answer) {
        const auto value = store_.get(args[1]);
        const auto copy = store_.get_string(args[1]);
        CHECK(value.has_value() == copy.has_value());
        CHECK(!value || *value == *copy);
        answer.value(value);
    }

    void get_into(const Words& args, Answer& answer) {
        std::vector<char> buffer(static_cast<std::size_t>(integer(args[2])));
        const auto size = store_.get_into(args[1], buffer.data(), buffer.size());
        if (!size) {
            answer.add("NOT_FOUND");
        } else if (*size > buffer.size()) {
            answer.add("BUFFER_TOO_SMALL");
            answer.number(static_cast<std::int64_t>(*size));
        } else {
            answer.add({buffer.data(), *size});
        }
    }

    void exists(const Words& args, Answer& answer) { answer.add(store_.exists(args[1]) ? "yes" : "no"); }

    void get_many(const Words& args, Answer& answer) {
        const auto page = store_.get_many({args.begin() + 1, args.end()});
        for (const auto& row : page) {
            answer.add(row.exists() ? row.value() : "NOT_FOUND");
        }
    }

    void put(const Words& args, Answer& answer) {
        store_.put(args[1], args[2]);
        answer.ok();
    }

    void put_ttl(const Words& args, Answer& answer) {
        store_.put(args[1], args[2], duration(args[3]));
        answer.ok();
    }

    void erase(const Words& args, Answer& answer) { answer.existed(store_.erase(args[1])); }
    void expire(const Words& args, Answer& answer) { answer.existed(store_.expire(args[1], duration(args[2]))); }
    void add(const Words& args, Answer& answer) { answer.number(store_.add(args[1], integer(args[2]))); }

    void ttl(const Words& args, Answer& answer) {
        const auto value = store_.get(args[1]);
        if (!value) {
            answer.add("NOT_FOUND");
        } else if (!value->expires_at()) {
            answer.add("never");
        } else {
            answer.add(*value->expires_at() > store_.now() ? "future" : "past");
        }
    }

    // NOLINTNEXTLINE(readability-convert-member-functions-to-static): one of a table of members
    void sleep(const Words& args, Answer& answer) {
        std::this_thread::sleep_for(duration(args[1]));
        answer.ok();
    }

    void remember(const Words& args, Answer& answer) {
        const auto value = store_.get(args[2]);
        versions_[args[1]] = value ? value->version() : 0;
        answer.ok();
    }

    void scan_next(const Words& /*args*/, Answer& answer) {
        const Words& query = scan_;
        const bool by_prefix = query[0] == "prefix";
        const std::size_t limit = by_prefix ? 2 : 3;
        auto scan = by_prefix ? store_.prefix(query[1]) : store_.scan(query[1], query[2]);
        const bool keys_only = has(query, "keys");
        cursor_ = answer.page(std::move(scan)
                                  .reverse(has(query, "reverse"))
                                  .keys_only(keys_only)
                                  .page_size(static_cast<std::uint32_t>(integer(query[limit])))
                                  .after(cursor_)
                                  .page(),
                              keys_only);
    }

    void scan(const Words& args, Answer& answer) {
        scan_ = args;
        cursor_.clear();
        scan_next(args, answer);
    }

    void batch(const Words& /*args*/, Answer& answer) {
        batch_.emplace();
        answer.ok();
    }

    void b_check(const Words& args, Answer& answer) {
        batch_->check(args[1], versions_.at(args[2]));
        answer.ok();
    }

    void b_absent(const Words& args, Answer& answer) {
        batch_->check_absent(args[1]);
        answer.ok();
    }

    void b_put(const Words& args, Answer& answer) {
        batch_->put(args[1], args[2]);
        answer.ok();
    }

    void b_put_ttl(const Words& args, Answer& answer) {
        batch_->put(args[1], args[2], duration(args[3]));
        answer.ok();
    }

    void b_delete(const Words& args, Answer& answer) {
        batch_->erase(args[1]);
        answer.ok();
    }

    void b_add(const Words& args, Answer& answer) {
        batch_->add(args[1], integer(args[2]));
        answer.ok();
    }

    void b_expire(const Words& args, Answer& answer) {
        batch_->expire(args[1], duration(args[2]));
        answer.ok();
    }

    void commit(const Words& /*args*/, Answer& answer) {
        const joinly::Batch batch = std::move(batch_).value();
        batch_.reset();
        store_.commit(batch);
        answer.ok();
    }

    void begin(const Words& args, Answer& answer) {
        transactions_.insert_or_assign(args[1], store_.begin());
        answer.ok();
    }

    void t_get(const Words& args, Answer& answer) {
        auto& transaction = transactions_.at(args[1]);
        const auto value = transaction.get(args[2]);
        CHECK(value.has_value() == transaction.get_string(args[2]).has_value());
        answer.value(value);
    }

    void t_put(const Words& args, Answer& answer) {
        transactions_.at(args[1]).put(args[2], args[3]);
        answer.ok();
    }

    void t_delete(const Words& args, Answer& answer) { answer.existed(transactions_.at(args[1]).erase(args[2])); }

    void t_add(const Words& args, Answer& answer) {
        answer.number(transactions_.at(args[1]).add(args[2], integer(args[3])));
    }

    void t_prefix(const Words& args, Answer& answer) {
        answer.page(
            transactions_.at(args[1]).prefix(args[2]).page_size(static_cast<std::uint32_t>(integer(args[3]))).page(),
            false);
    }

    void t_commit(const Words& args, Answer& answer) {
        transactions_.at(args[1]).commit();
        answer.ok();
    }

    void t_rollback(const Words& args, Answer& answer) {
        transactions_.at(args[1]).rollback();
        answer.ok();
    }

    void watch(const Words& args, Answer& answer) {
        watches_.insert_or_assign(args[1],
                                  store_.watch(args[3], args[2] == "now" ? joinly::Watch::now : joinly::Watch::oldest));
        answer.ok();
    }

    void poll(const Words& args, Answer& answer) {
        const auto commit = watches_.at(args[1]).poll();
        if (!commit) {
            answer.add("TIMEOUT");
            return;
        }
        for (const auto& [key, kind] : *commit) {
            const char* name = kind == joinly::ChangeKind::put      ? "put:"
                               : kind == joinly::ChangeKind::erased ? "delete:"
                                                                    : "expire:";
            answer.add(std::string(name).append(key));
        }
    }

    void index(const Words& args, Answer& answer) {
        store_.declare_index(args[1], args[2], args[3]);
        answer.ok();
    }

    void index_drop(const Words& args, Answer& answer) {
        store_.drop_index(args[1]);
        answer.ok();
    }

    void index_rebuild(const Words& args, Answer& answer) {
        store_.rebuild_index(args[1]);
        answer.ok();
    }

    void indexes(const Words& /*args*/, Answer& answer) { answer.page(store_.indexes(), true); }

    void find_next(const Words& /*args*/, Answer& answer) {
        const Words& query = find_;
        joinly::Find find = store_.find(query[1])
                                .page_size(static_cast<std::uint32_t>(integer(query[2])))
                                .descending(has(query, "descending"))
                                .after(cursor_);
        for (const auto& word : query) {
            const auto json = [&] { return joinly::Scalar::json(word.substr(6)); };
            const std::string_view condition = std::string_view(word).substr(0, 6);
            if (condition == "equal=") {
                find = std::move(find).equal(json());
            } else if (condition == "lower=") {
                find = has(query, "lower_exclusive") ? std::move(find).greater_than(json())
                                                     : std::move(find).at_least(json());
            } else if (condition == "upper=") {
                find =
                    has(query, "upper_inclusive") ? std::move(find).at_most(json()) : std::move(find).less_than(json());
            }
        }
        cursor_ = answer.page(find.page(), true);
    }

    void find(const Words& args, Answer& answer) {
        find_ = args;
        cursor_.clear();
        find_next(args, answer);
    }

    void flush(const Words& /*args*/, Answer& answer) {
        store_.flush();
        answer.ok();
    }

    void checkpoint(const Words& /*args*/, Answer& answer) {
        store_.checkpoint();
        answer.ok();
    }

    void verify(const Words& /*args*/, Answer& answer) {
        store_.verify();
        answer.ok();
    }

    void compact(const Words& /*args*/, Answer& answer) {
        store_.compact();
        answer.ok();
    }

    static const std::map<std::string, Operation>& operations() {
        static const std::map<std::string, Operation> table = {
            {"get", &Runner::get},
            {"get_into", &Runner::get_into},
            {"exists", &Runner::exists},
            {"get_many", &Runner::get_many},
            {"put", &Runner::put},
            {"put_ttl", &Runner::put_ttl},
            {"delete", &Runner::erase},
            {"expire", &Runner::expire},
            {"add", &Runner::add},
            {"ttl", &Runner::ttl},
            {"sleep", &Runner::sleep},
            {"scan", &Runner::scan},
            {"scan_next", &Runner::scan_next},
            {"prefix", &Runner::scan},
            {"remember", &Runner::remember},
            {"batch", &Runner::batch},
            {"b_check", &Runner::b_check},
            {"b_absent", &Runner::b_absent},
            {"b_put", &Runner::b_put},
            {"b_put_ttl", &Runner::b_put_ttl},
            {"b_delete", &Runner::b_delete},
            {"b_add", &Runner::b_add},
            {"b_expire", &Runner::b_expire},
            {"commit", &Runner::commit},
            {"begin", &Runner::begin},
            {"t_get", &Runner::t_get},
            {"t_put", &Runner::t_put},
            {"t_delete", &Runner::t_delete},
            {"t_add", &Runner::t_add},
            {"t_prefix", &Runner::t_prefix},
            {"t_commit", &Runner::t_commit},
            {"t_rollback", &Runner::t_rollback},
            {"watch", &Runner::watch},
            {"poll", &Runner::poll},
            {"index", &Runner::index},
            {"index_drop", &Runner::index_drop},
            {"index_rebuild", &Runner::index_rebuild},
            {"indexes", &Runner::indexes},
            {"find", &Runner::find},
            {"find_next", &Runner::find_next},
            {"flush", &Runner::flush},
            {"checkpoint", &Runner::checkpoint},
            {"verify", &Runner::verify},
            {"compact", &Runner::compact},
        };
        return table;
    }

    joinly::Store store_;
    std::optional<joinly::Batch> batch_;
    std::map<std::string, joinly::Transaction> transactions_;
    std::map<std::string, joinly::Watch> watches_;
    std::map<std::string, std::uint64_t> versions_;
    Words scan_;
    Words find_;
    std::string cursor_;
};

/// Runs every case of a file on fresh stores: whether all passed. A case ends at its first wrong answer.
bool run_file(const char* path, const std::string& url, std::uint64_t cache_bytes) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "r"), &std::fclose);
    CHECK(file != nullptr);
    joinly::Options options;
    options.cache_bytes = cache_bytes;
    std::optional<Runner> runner;
    std::string name;
    Answer answer;
    cases_step step{};
    int cases = 0;
    int failed = 0;
    bool skipping = false;
    while (cases_next(file.get(), &step) != 0) {
        Words args;
        for (std::size_t i = 0; i < step.words.count; i++) {
            args.emplace_back(step.words.words[i].data, step.words.words[i].len);
        }
        if (args[0] == "case") {
            if (runner) {
                runner->close();
            }
            cases_remove_stores();
            runner.emplace(url, options);
            name = args[1] + " (" + url + ", cache of " + std::to_string(cache_bytes) + ")";
            cases++;
            skipping = false;
        } else if (!skipping) {
            CHECK(runner.has_value());
            runner->answer(args, answer);
            skipping = cases_judge(path, name.c_str(), &step, &answer.words()) == 0;
            failed += skipping ? 1 : 0;
            answer.clear();
        }
        cases_step_free(&step);
    }
    CHECK(cases > 0);
    runner->close();
    std::printf("%s, cache of %llu: %d of %d cases passed\n", url.c_str(), static_cast<unsigned long long>(cache_bytes),
                cases - failed, cases);
    return failed == 0;
}

}  // namespace

int main(int argc, char** argv) {
    CHECK(argc == 2);
    bool passed = true;
    for (const char* url : {"memory:", "sqlite:cases.db", "leveldb:cases.leveldb", "jsonl:cases.jsonl"}) {
        for (const std::uint64_t cache_bytes : {std::uint64_t{64} << 20U, std::uint64_t{1}}) {
            passed = run_file(argv[1], url, cache_bytes) && passed;
        }
    }
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
