// What the steps of behaviour cases answer with.
#ifndef JOINLY_TEST_ANSWER_HPP
#define JOINLY_TEST_ANSWER_HPP

#include <joinly/storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../c/cases.h"
#include "../c/check.h"

/// The words of a step: the operation and its arguments.
using Words = std::vector<std::string>;

/// What a step answers; reads and writes are added as they come.
class Answer {
  public:
    Answer() = default;
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { clear(); }

    void clear() { cases_words_free(&words_); }
    void add(std::string_view word) { cases_add(&words_, word.data(), word.size()); }
    void number(std::int64_t sum) { add(std::to_string(sum)); }
    void ok() { add("ok"); }
    void existed(bool yes) { add(yes ? "ok" : "NOT_FOUND"); }
    void value(const std::optional<joinly::Value>& value) { add(value ? value->view() : "NOT_FOUND"); }

    void json(std::string_view document) { cases_add_json(&words_, document.data(), document.size()); }
    void json(const std::optional<joinly::Value>& document) {
        if (document) {
            json(document->view());
        } else {
            add("NOT_FOUND");
        }
    }

    std::string page(const joinly::Page& page, bool keys_only) {
        for (const auto& [key, value] : page) {
            add(keys_only ? std::string(key) : std::string(key).append("=").append(value));
        }
        if (!page.cursor().empty()) {
            add("...");
        }
        return std::string(page.cursor());
    }

    [[nodiscard]] const cases_words& words() const { return words_; }

  private:
    cases_words words_{};
};

#endif
