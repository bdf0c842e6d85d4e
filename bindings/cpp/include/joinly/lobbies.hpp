// The lobbies of a store.
#ifndef JOINLY_LOBBIES_HPP
#define JOINLY_LOBBIES_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/call.hpp"
#include "lobby.hpp"
#include "lobby_events.hpp"
#include "lobby_options.hpp"
#include "scan.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// Which lobbies to find: by default every public one that somebody could join.
struct LobbyQuery {
    /// Only those of a kind.
    std::optional<std::string> kind{};
    /// What must hold, as JSON: [{"key": "elo", "op": ">=", "value": 1200}, {"any": [...]}]. Empty: nothing.
    std::string filter{};
    /// What comes first, as JSON: [{"key": "elo", "near": 1500}, {"key": "$.created", "descending": true}].
    std::string order{};
    /// Also those that nobody can join now.
    bool include_full = false;
    /// The most documents to read; 0: 10000.
    std::uint32_t budget = 0;
};

namespace detail {

/// The same for C, borrowing its texts.
inline joinly_lobby_query to_c(const LobbyQuery& query) noexcept {
    joinly_lobby_query out{};
    out.struct_size = sizeof out;
    if (query.kind) {
        out.kind = query.kind->data();
        out.kind_len = query.kind->size();
    }
    set(query.filter, out.filter, out.filter_len);
    set(query.order, out.order, out.order_len);
    out.budget = query.budget;
    out.include_full = query.include_full ? 1 : 0;
    return out;
}

}  // namespace detail

/// The lobbies that a query finds, read while iterating: `for (auto& [key, document] : lobbies.search({.kind =
/// "duel"}))`. A page is all of one moment. Belongs to one thread at a time.
class LobbySearch : public detail::Rows<LobbySearch> {
  public:
    /// How the page that was read last was found.
    [[nodiscard]] const joinly_explain& explain() const noexcept { return explain_; }

  private:
    friend class Lobbies;
    friend class detail::Rows<LobbySearch>;

    LobbySearch(const joinly_store* store, LobbyQuery query) : store_(store), query_(std::move(query)) {}

    [[nodiscard]] Result<Page> try_read(std::string_view cursor) const {
        joinly_lobby_query query = detail::to_c(query_);
        query.limit = page_size_;
        query.cursor = detail::bytes(cursor);
        query.cursor_len = cursor.size();
        explain_.struct_size = sizeof explain_;
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            return joinly_lobby_search(store_, &query, out, &explain_, error);
        });
    }

    const joinly_store* store_;
    LobbyQuery query_;
    mutable joinly_explain explain_{};
};

/// What a sweep has done.
using Swept = joinly_swept;

/// The lobbies of a store: `store.lobbies()`, or within a transaction `store.lobbies(transaction)`, committed and
/// undone with it. Usable from any thread, except within a transaction. Not to outlive the store or transaction.
class Lobbies {
  public:
    using milliseconds = std::chrono::milliseconds;

    /// A lobby by its number.
    [[nodiscard]] Lobby operator[](std::uint64_t number) const { return {caller_, number}; }

    /// The same for the request of this id: once a call has been answered, a repetition within an hour is answered the
    /// same and does nothing.
    [[nodiscard]] Lobbies request(std::string id) const {
        Lobbies lobbies = *this;
        lobbies.caller_.request = std::move(id);
        return lobbies;
    }

    /// Creates a lobby.
    Result<Lobby> try_create(const LobbyOptions& options = {}) {
        joinly_join owner{};
        const joinly_lobby_options given = detail::to_c(options, owner);
        const joinly_caller caller = caller_.to_c();
        const auto done = detail::done([&](joinly_done* out, joinly_error** error) {
            return joinly_lobby_create(caller_.store, &caller, &given, out, error);
        });
        if (!done) {
            return done.error();
        }
        return Lobby({caller_.store, caller_.txn}, done->lobby);
    }

    /// Players join the first lobby that a query finds and that admits them all, or else create one, which the first of
    /// them owns. The query's kind is that of `options`.
    Result<Joined> try_quick_join(const std::vector<Join>& party, const LobbyOptions& options = {},
                                  const LobbyQuery& query = {}) {
        joinly_join owner{};
        const auto joins = detail::to_c(party);
        const joinly_lobby_options given = detail::to_c(options, owner);
        const joinly_lobby_query wanted = detail::to_c(query);
        const joinly_caller caller = caller_.to_c();
        return detail::joined([&](joinly_value** snapshot, joinly_done* done, joinly_error** error) {
            return joinly_lobby_quick_join(caller_.store, &caller, &wanted, joins.data(), joins.size(), &given,
                                           snapshot, done, error);
        });
    }

    /// The live lobby that has a code, as people write it.
    Result<std::optional<Lobby>> try_by_code(std::string_view code) const {
        return found([&](const joinly_caller* caller, std::uint64_t* lobby, joinly_error** error) {
            return joinly_lobby_by_code(caller_.store, caller, code.data(), code.size(), lobby, error);
        });
    }

    /// In which exclusive lobby of a kind a player is.
    Result<std::optional<Lobby>> try_of_player(std::string_view kind, std::string_view player) const {
        return found([&](const joinly_caller* caller, std::uint64_t* lobby, joinly_error** error) {
            return joinly_lobby_of_player(caller_.store, caller, kind.data(), kind.size(), player.data(), player.size(),
                                          lobby, error);
        });
    }

    /// Where a player is invited, as JSON: [{"lobby", "by", "until"}].
    Result<Value> try_invitations(std::string_view player) const {
        const joinly_caller caller = caller_.to_c();
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_lobby_invitations(caller_.store, &caller, player.data(), player.size(), out, error);
        });
    }

    /// The lobbies that a query finds, as everybody may know them.
    [[nodiscard]] LobbySearch search(LobbyQuery query = {}) const { return {caller_.store, std::move(query)}; }

    /// What happened in all lobbies after commit `after` (a version of the store), in at most `max` commits (0: 256);
    /// waits for the first up to `timeout`; nothing when there is none. Go on after its `next`, also when it has no
    /// events, since only other keys were changed.
    Result<std::optional<LobbyEvents>> try_poll(std::uint64_t after, milliseconds timeout = {},
                                                std::uint32_t max = 0) const {
        return detail::find<LobbyEvents, joinly_events*, JOINLY_TIMEOUT>(
            [&](joinly_events** out, joinly_error** error) {
                return joinly_lobby_poll_all(caller_.store, after, max, detail::timeout(timeout), out, error);
            });
    }

    /// Deletes the closed lobbies that were created more than `keep` ago. Of use for the size of the file alone.
    Result<Swept> try_sweep(milliseconds keep) {
        const auto age = detail::lifetime(keep);
        if (!age) {
            return age.error();
        }
        Swept swept{};
        swept.struct_size = sizeof swept;
        const auto done =
            detail::run([&](joinly_error** error) { return joinly_lobby_sweep(caller_.store, *age, &swept, error); });
        if (!done) {
            return done.error();
        }
        return swept;
    }

#if JOINLY_EXCEPTIONS
    Lobby create(const LobbyOptions& options = {}) { return try_create(options).value(); }
    Joined quick_join(const std::vector<Join>& party, const LobbyOptions& options = {}, const LobbyQuery& query = {}) {
        return try_quick_join(party, options, query).value();
    }
    [[nodiscard]] std::optional<Lobby> by_code(std::string_view code) const { return try_by_code(code).value(); }
    [[nodiscard]] std::optional<Lobby> of_player(std::string_view kind, std::string_view player) const {
        return try_of_player(kind, player).value();
    }
    [[nodiscard]] Value invitations(std::string_view player) const { return try_invitations(player).value(); }
    [[nodiscard]] std::optional<LobbyEvents> poll(std::uint64_t after, milliseconds timeout = {},
                                                  std::uint32_t max = 0) const {
        return try_poll(after, timeout, max).value();
    }
    Swept sweep(milliseconds keep) { return try_sweep(keep).value(); }
#endif

  private:
    friend class Store;

    explicit Lobbies(joinly_store* store, joinly_txn* txn = nullptr) : caller_{store, txn} {}

    template <class Call>
    Result<std::optional<Lobby>> found(Call&& call) const {
        const joinly_caller caller = caller_.to_c();
        const auto number = detail::find<std::uint64_t, std::uint64_t, JOINLY_NOT_FOUND>(
            [&](std::uint64_t* lobby, joinly_error** error) {
                return std::forward<Call>(call)(&caller, lobby, error);
            });
        if (!number) {
            return number.error();
        }
        return *number ? std::optional<Lobby>(Lobby(caller_, **number)) : std::nullopt;
    }

    detail::Caller caller_;
};

}  // namespace joinly

#endif
