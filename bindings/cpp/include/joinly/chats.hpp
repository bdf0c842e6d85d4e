// Conversations: chat sessions and their messages, and the folder of a program on its way from a JSON file to SQLite.
#ifndef JOINLY_CHATS_HPP
#define JOINLY_CHATS_HPP

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "detail/call.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// The chat sessions of a store: `store.chats()`, or within a transaction `store.chats(transaction)`, committed and
/// undone with it. Documents are JSON, in the forms that the C header tells at the functions of the same names. Usable
/// from any thread, except within a transaction. Not to outlive the store or transaction.
class Chats {
  public:
    /// Creates a session from `fields`; without an id one is made.
    Result<Value> try_create(std::optional<std::string_view> id = {}, std::string_view fields = {}) {
        // NULL means that an id is to be made, so an empty one must not be.
        const char* const data = !id ? nullptr : id->data() != nullptr ? id->data() : "";
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_create(store_, txn_, data, id ? id->size() : 0, fields.data(), fields.size(), out,
                                      error);
        });
    }

    /// A session without its messages; nothing when there is none.
    Result<std::optional<Value>> try_get(std::string_view id) const {
        return find([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_get(store_, txn_, id.data(), id.size(), out, error);
        });
    }

    /// Changes fields of a session: null removes one, "archived" puts it away or back.
    Result<Value> try_update(std::string_view id, std::string_view patch) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_update(store_, txn_, id.data(), id.size(), patch.data(), patch.size(), out, error);
        });
    }

    /// Removes a session with all that it holds; whether there was one.
    Result<bool> try_erase(std::string_view id) {
        return detail::existed(
            [&](joinly_error** error) { return joinly_chat_delete(store_, txn_, id.data(), id.size(), error); });
    }

    /// Sessions by their last change: {"archived", "oldest_first", "limit", "after"} to {"sessions", "cursor"}.
    Result<Value> try_list(std::string_view query = {}) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_list(store_, txn_, query.data(), query.size(), out, error);
        });
    }

    /// How much there is: {"open", "archived", "messages", "attachments", "bytes"}.
    Result<Value> try_counts() const {
        return document(
            [&](joinly_value** out, joinly_error** error) { return joinly_chat_counts(store_, txn_, out, error); });
    }

    /// Appends a message; its attachments are not in the answer.
    Result<Value> try_append(std::string_view id, std::string_view message) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_append(store_, txn_, id.data(), id.size(), message.data(), message.size(), out, error);
        });
    }

    /// Messages without their attachments: {"after", "before", "latest_first", "limit"} to {"messages", "more"}.
    Result<Value> try_messages(std::string_view id, std::string_view query = {}) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_messages(store_, txn_, id.data(), id.size(), query.data(), query.size(), out, error);
        });
    }

    /// A message with its attachments; nothing when there is none.
    Result<std::optional<Value>> try_message(std::string_view id, std::uint64_t number) const {
        return find([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_message(store_, txn_, id.data(), id.size(), number, out, error);
        });
    }

    /// One attachment of a message, counted from 0; nothing when there is none.
    Result<std::optional<Value>> try_attachment(std::string_view id, std::uint64_t number, std::uint32_t at) const {
        return find([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_attachment(store_, txn_, id.data(), id.size(), number, at, out, error);
        });
    }

    /// Replaces a message and its attachments.
    Result<Value> try_edit(std::string_view id, std::uint64_t number, std::string_view message) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_edit(store_, txn_, id.data(), id.size(), number, message.data(), message.size(), out,
                                    error);
        });
    }

    /// Removes a message with its attachments.
    Result<void> try_remove(std::string_view id, std::uint64_t number) {
        return detail::run([&](joinly_error** error) {
            return joinly_chat_remove(store_, txn_, id.data(), id.size(), number, error);
        });
    }

    /// Titles and messages in which all words occur: {"text", "archived", "limit", "budget", "after"} to {"hits",
    /// "examined", "cursor"}.
    Result<Value> try_search(std::string_view query) const {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_search(store_, txn_, query.data(), query.size(), out, error);
        });
    }

    /// All sessions as of one moment: {"chats", "etag"}. Not within a transaction.
    Result<Value> try_load_all() const {
        return document(
            [&](joinly_value** out, joinly_error** error) { return joinly_chat_load_all(store_, out, error); });
    }

    /// Saves sessions in place of all there are; a conflict unless their etag is that of the present state. Not within
    /// a transaction.
    Result<Value> try_save_all(std::string_view sessions) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_save_all(store_, detail::bytes(sessions), sessions.size(), out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    Value create(std::optional<std::string_view> id = {}, std::string_view fields = {}) {
        return try_create(id, fields).value();
    }
    [[nodiscard]] std::optional<Value> get(std::string_view id) const { return try_get(id).value(); }
    Value update(std::string_view id, std::string_view patch) { return try_update(id, patch).value(); }
    bool erase(std::string_view id) { return try_erase(id).value(); }
    [[nodiscard]] Value list(std::string_view query = {}) const { return try_list(query).value(); }
    [[nodiscard]] Value counts() const { return try_counts().value(); }
    Value append(std::string_view id, std::string_view message) { return try_append(id, message).value(); }
    [[nodiscard]] Value messages(std::string_view id, std::string_view query = {}) const {
        return try_messages(id, query).value();
    }
    [[nodiscard]] std::optional<Value> message(std::string_view id, std::uint64_t number) const {
        return try_message(id, number).value();
    }
    [[nodiscard]] std::optional<Value> attachment(std::string_view id, std::uint64_t number, std::uint32_t at) const {
        return try_attachment(id, number, at).value();
    }
    Value edit(std::string_view id, std::uint64_t number, std::string_view message) {
        return try_edit(id, number, message).value();
    }
    void remove(std::string_view id, std::uint64_t number) { try_remove(id, number).value(); }
    [[nodiscard]] Value search(std::string_view query) const { return try_search(query).value(); }
    [[nodiscard]] Value load_all() const { return try_load_all().value(); }
    Value save_all(std::string_view sessions) { return try_save_all(sessions).value(); }
#endif

  private:
    friend class Store;

    explicit Chats(joinly_store* store, joinly_txn* txn = nullptr) noexcept : store_(store), txn_(txn) {}

    template <class Call>
    static Result<Value> document(Call&& call) {
        return detail::make<Value, joinly_value*>(std::forward<Call>(call));
    }

    template <class Call>
    static Result<std::optional<Value>> find(Call&& call) {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>(std::forward<Call>(call));
    }

    joinly_store* store_;
    joinly_txn* txn_;
};

/// The chat sessions of a program's data folder: in one JSON file, in SQLite, and on the way between. Documents are
/// JSON, in the forms that the C header tells. Usable from any thread; nothing is kept open between calls.
class ChatFolder {
  public:
    /// Told of every step of a migration; false ends it.
    using Watcher = std::function<bool(const joinly_progress&)>;

    /// The folder at a path, in UTF-8; it must exist when it is used.
    explicit ChatFolder(std::string path) : path_(std::move(path)) {}

    /// All sessions of the JSON file.
    [[nodiscard]] Result<Value> try_load_file() const { return answer(joinly_chat_file_load); }
    /// Saves all sessions in the JSON file, unless they were moved to SQLite.
    Result<Value> try_save_file(std::string_view sessions) { return save(joinly_chat_file_save, sessions); }
    /// The backups of the JSON file.
    [[nodiscard]] Result<Value> try_backups() const { return answer(joinly_chat_file_backups); }
    /// Puts a backup in the place of the JSON file; without a name the latest that can be read.
    Result<Value> try_restore(std::optional<std::string_view> name = {}) {
        const char* const data = !name ? nullptr : name->data() != nullptr ? name->data() : "";
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_file_restore(path_.c_str(), data, name ? name->size() : 0, out, error);
        });
    }

    /// All sessions from where they are, or when that place fails from the other one; "loadedFrom" tells.
    [[nodiscard]] Result<Value> try_load() const { return answer(joinly_chat_hybrid_load); }
    /// Saves all sessions where they are.
    Result<Value> try_save(std::string_view sessions) { return save(joinly_chat_hybrid_save, sessions); }

    /// Where the sessions are, and what state both places are in.
    [[nodiscard]] Result<Value> try_migration_status() const { return answer(joinly_chat_migration_status); }
    /// Moves the sessions to SQLite, or goes on with that.
    Result<Value> try_migrate_to_sqlite(const Watcher& watcher = {}, bool dry_run = false) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_migrate_to_sqlite(path_.c_str(), dry_run ? 1 : 0, watcher ? tell : nullptr,
                                                 user(watcher), out, error);
        });
    }
    /// Moves the sessions back to the JSON file.
    Result<Value> try_migrate_to_json(const Watcher& watcher = {}) {
        return document([&](joinly_value** out, joinly_error** error) {
            return joinly_chat_migrate_to_json(path_.c_str(), watcher ? tell : nullptr, user(watcher), out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    [[nodiscard]] Value load_file() const { return try_load_file().value(); }
    Value save_file(std::string_view sessions) { return try_save_file(sessions).value(); }
    [[nodiscard]] Value backups() const { return try_backups().value(); }
    Value restore(std::optional<std::string_view> name = {}) { return try_restore(name).value(); }
    [[nodiscard]] Value load() const { return try_load().value(); }
    Value save(std::string_view sessions) { return try_save(sessions).value(); }
    [[nodiscard]] Value migration_status() const { return try_migration_status().value(); }
    Value migrate_to_sqlite(const Watcher& watcher = {}, bool dry_run = false) {
        return try_migrate_to_sqlite(watcher, dry_run).value();
    }
    Value migrate_to_json(const Watcher& watcher = {}) { return try_migrate_to_json(watcher).value(); }
#endif

  private:
    template <class Call>
    static Result<Value> document(Call&& call) {
        return detail::make<Value, joinly_value*>(std::forward<Call>(call));
    }

    template <class Function>
    [[nodiscard]] Result<Value> answer(Function function) const {
        return document([&](joinly_value** out, joinly_error** error) { return function(path_.c_str(), out, error); });
    }

    template <class Function>
    Result<Value> save(Function function, std::string_view sessions) {
        return document([&](joinly_value** out, joinly_error** error) {
            return function(path_.c_str(), detail::bytes(sessions), sessions.size(), out, error);
        });
    }

    static void* user(const Watcher& watcher) noexcept { return const_cast<Watcher*>(&watcher); }

    /// What the watcher throws would end in C: it ends the migration instead.
    static std::int32_t tell(const joinly_progress* progress, void* watcher) noexcept {
#if JOINLY_EXCEPTIONS
        try {
            return (*static_cast<const Watcher*>(watcher))(*progress) ? 0 : 1;
        } catch (...) {
            return 1;
        }
#else
        return (*static_cast<const Watcher*>(watcher))(*progress) ? 0 : 1;
#endif
    }

    std::string path_;
};

}  // namespace joinly

#endif
