// One lobby.
#ifndef JOINLY_LOBBY_HPP
#define JOINLY_LOBBY_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/call.hpp"
#include "lobby_events.hpp"
#include "lobby_options.hpp"
#include "value.hpp"

namespace joinly {

namespace detail {

/// Who calls, and how.
struct Caller {
    joinly_store* store;
    joinly_txn* txn = nullptr;
    std::optional<std::string> player{};
    std::uint64_t epoch = 0;
    std::optional<std::string> request{};

    /// The same for C, borrowing its texts.
    [[nodiscard]] joinly_caller to_c() const noexcept {
        joinly_caller out{};
        out.struct_size = sizeof out;
        if (player) {
            out.player = player->data();
            out.player_len = player->size();
        }
        out.epoch = epoch;
        if (request) {
            out.request = request->data();
            out.request_len = request->size();
        }
        out.txn = txn;
        return out;
    }
};

}  // namespace detail

/// A lobby by its number: `store.lobbies()[7].join({"ada"})`. It costs nothing to make one, and it holds nothing of the
/// lobby. Usable from any thread, except within a transaction. Not to outlive the store or transaction.
class Lobby {
  public:
    using milliseconds = std::chrono::milliseconds;

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    /// The same, asked by a player who became its owner in this epoch; else by the host, which may do all.
    [[nodiscard]] Lobby as(std::string owner, std::uint64_t epoch) const {
        Lobby lobby = *this;
        lobby.caller_.player = std::move(owner);
        lobby.caller_.epoch = epoch;
        return lobby;
    }

    /// The same for the request of this id: once a call has been answered, a repetition within an hour is answered the
    /// same and does nothing.
    [[nodiscard]] Lobby request(std::string id) const {
        Lobby lobby = *this;
        lobby.caller_.request = std::move(id);
        return lobby;
    }

    /// The lobby as a viewer may know it, as JSON: "lobby", "seats", "member_attributes", "owner_attributes",
    /// "bans", "invites".
    Result<Value> try_get(Viewer viewer = Viewer::owner) const {
        const joinly_caller caller = caller_.to_c();
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_lobby_get(caller_.store, &caller, number_, static_cast<std::uint32_t>(viewer), out, error);
        });
    }

    /// The same as of the moment when an event had just happened.
    Result<Value> try_as_of(std::uint64_t version, Viewer viewer = Viewer::owner) const {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_lobby_as_of(caller_.store, number_, version, static_cast<std::uint32_t>(viewer), out, error);
        });
    }

    /// A player joins.
    Result<Joined> try_join(const Join& join) { return try_join_party({join}); }

    /// Players join, all or none.
    Result<Joined> try_join_party(const std::vector<Join>& party) {
        const auto joins = detail::to_c(party);
        const joinly_caller caller = caller_.to_c();
        return detail::joined([&](joinly_value** snapshot, joinly_done* done, joinly_error** error) {
            return joinly_lobby_join(caller_.store, &caller, number_, joins.data(), joins.size(), snapshot, done,
                                     error);
        });
    }

    /// The same without a look around: it costs as much in a crowd as in an empty lobby.
    Result<Done> try_enter(const std::vector<Join>& party) {
        const auto joins = detail::to_c(party);
        return change(joinly_lobby_join, joins.data(), joins.size(), nullptr);
    }

    /// Keeps seats for players, all or none.
    Result<Done> try_reserve(const std::vector<SeatRequest>& requests) {
        const auto seats = detail::to_c(requests);
        return change(joinly_lobby_reserve, seats.data(), seats.size());
    }

    Result<Done> try_leave(std::string_view player) { return change(joinly_lobby_leave, player.data(), player.size()); }
    Result<Done> try_kick(std::string_view player) { return change(joinly_lobby_kick, player.data(), player.size()); }

    /// Takes a player's seat away and keeps the player from joining: until a time, or for ever.
    Result<Done> try_ban(std::string_view player, std::optional<TimePoint> until = {}) {
        const std::int64_t end = until ? std::max<std::int64_t>(1, until->time_since_epoch().count()) : 0;
        return change(joinly_lobby_ban, player.data(), player.size(), end);
    }
    Result<Done> try_unban(std::string_view player) { return change(joinly_lobby_unban, player.data(), player.size()); }

    /// Gives the ownership to another member, in a new epoch.
    Result<Done> try_transfer(std::string_view player) {
        return change(joinly_lobby_transfer, player.data(), player.size());
    }

    Result<Done> try_lock() { return move(JOINLY_MOVE_LOCK); }
    Result<Done> try_unlock() { return move(JOINLY_MOVE_UNLOCK); }

    /// Starts the game: once all members have said within this time that they are ready; 0: at once.
    Result<Done> try_start(milliseconds ready_within = {}) { return move(JOINLY_MOVE_START, ready_within); }
    Result<Done> try_cancel() { return move(JOINLY_MOVE_CANCEL); }
    Result<Done> try_reopen() { return move(JOINLY_MOVE_REOPEN); }
    Result<Done> try_close() { return move(JOINLY_MOVE_CLOSE); }

    /// A member of a starting lobby is ready, or not any more.
    Result<Done> try_ready(std::string_view player, bool ready = true) {
        return change(joinly_lobby_ready, player.data(), player.size(), std::uint8_t{ready});
    }

    /// Changes the fields that a JSON object names, of the expected version (0: of any): else `Status::conflict`, whose
    /// `Error::present_version` tells the present one.
    Result<Done> try_patch(std::string_view patch, std::uint64_t expected = 0) {
        return change(joinly_lobby_patch, patch.data(), patch.size(), expected);
    }

    /// Changes the attributes of a member that a JSON object names; null removes one.
    Result<Done> try_patch_member(std::string_view player, std::string_view attributes, std::uint64_t expected = 0) {
        return change(joinly_lobby_patch_member, player.data(), player.size(), attributes.data(), attributes.size(),
                      expected);
    }

    /// A member says something to the others.
    Result<Done> try_say(std::string_view player, std::string_view text) {
        return change(joinly_lobby_say, player.data(), player.size(), text.data(), text.size());
    }

    /// A member, or the host, invites a player: for this time (0: five minutes) the player may join, once, without a
    /// code or a password.
    Result<Done> try_invite(std::string_view player, std::optional<std::string_view> from = {},
                            milliseconds lasts = {}) {
        const auto [by, size] = detail::optional(from);
        return change(joinly_lobby_invite, by, size, player.data(), player.size(), detail::lease(lasts));
    }

    /// The host, the owner, who made it, or who was invited takes an invitation back.
    Result<Done> try_uninvite(std::string_view player, std::optional<std::string_view> from = {}) {
        const auto [by, size] = detail::optional(from);
        return change(joinly_lobby_uninvite, by, size, player.data(), player.size());
    }

    /// Renews the leases of members, and that of the lobby if its owner is among them: whether each is a member still.
    Result<std::vector<bool>> try_heartbeat(const std::vector<std::string_view>& players) {
        std::vector<joinly_bytes> list;
        list.reserve(players.size());
        for (const std::string_view player : players) {
            list.push_back({detail::bytes(player), player.size()});
        }
        std::vector<std::uint8_t> alive(players.size());
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_lobby_heartbeat(caller_.store, number_, list.data(), list.size(), alive.data(), error);
        });
        if (!done) {
            return done.error();
        }
        return std::vector<bool>(alive.begin(), alive.end());
    }

    /// Renews the lease of a lobby that its host keeps alive.
    Result<void> try_heartbeat_host() {
        return detail::run(
            [&](joinly_error** error) { return joinly_lobby_heartbeat_host(caller_.store, number_, error); });
    }

    /// The events after a number, at most `max` (0: 256); waits for the first up to `timeout`; nothing when there is
    /// none.
    Result<std::optional<LobbyEvents>> try_poll(std::uint64_t after, milliseconds timeout = {},
                                                Viewer viewer = Viewer::owner, std::uint32_t max = 0) const {
        return detail::find<LobbyEvents, joinly_events*, JOINLY_TIMEOUT>(
            [&](joinly_events** out, joinly_error** error) {
                return joinly_lobby_poll(caller_.store, number_, after, static_cast<std::uint32_t>(viewer), max,
                                         detail::timeout(timeout), out, error);
            });
    }

    /// The last of what members said, oldest first, at most `max` (0: 256).
    Result<LobbyEvents> try_said(std::uint32_t max = 0) const {
        return detail::make<LobbyEvents, joinly_events*>([&](joinly_events** out, joinly_error** error) {
            return joinly_lobby_said(caller_.store, number_, max, out, error);
        });
    }

#if JOINLY_EXCEPTIONS
    [[nodiscard]] Value get(Viewer viewer = Viewer::owner) const { return try_get(viewer).value(); }
    [[nodiscard]] Value as_of(std::uint64_t version, Viewer viewer = Viewer::owner) const {
        return try_as_of(version, viewer).value();
    }
    Joined join(const Join& join) { return try_join(join).value(); }
    Joined join_party(const std::vector<Join>& party) { return try_join_party(party).value(); }
    Done enter(const std::vector<Join>& party) { return try_enter(party).value(); }
    Done reserve(const std::vector<SeatRequest>& requests) { return try_reserve(requests).value(); }
    Done leave(std::string_view player) { return try_leave(player).value(); }
    Done kick(std::string_view player) { return try_kick(player).value(); }
    Done ban(std::string_view player, std::optional<TimePoint> until = {}) { return try_ban(player, until).value(); }
    Done unban(std::string_view player) { return try_unban(player).value(); }
    Done transfer(std::string_view player) { return try_transfer(player).value(); }
    Done lock() { return try_lock().value(); }
    Done unlock() { return try_unlock().value(); }
    Done start(milliseconds ready_within = {}) { return try_start(ready_within).value(); }
    Done cancel() { return try_cancel().value(); }
    Done reopen() { return try_reopen().value(); }
    Done close() { return try_close().value(); }
    Done ready(std::string_view player, bool ready = true) { return try_ready(player, ready).value(); }
    Done patch(std::string_view patch, std::uint64_t expected = 0) { return try_patch(patch, expected).value(); }
    Done patch_member(std::string_view player, std::string_view attributes, std::uint64_t expected = 0) {
        return try_patch_member(player, attributes, expected).value();
    }
    Done say(std::string_view player, std::string_view text) { return try_say(player, text).value(); }
    Done invite(std::string_view player, std::optional<std::string_view> from = {}, milliseconds lasts = {}) {
        return try_invite(player, from, lasts).value();
    }
    Done uninvite(std::string_view player, std::optional<std::string_view> from = {}) {
        return try_uninvite(player, from).value();
    }
    std::vector<bool> heartbeat(const std::vector<std::string_view>& players) { return try_heartbeat(players).value(); }
    void heartbeat_host() { try_heartbeat_host().value(); }
    [[nodiscard]] std::optional<LobbyEvents> poll(std::uint64_t after, milliseconds timeout = {},
                                                  Viewer viewer = Viewer::owner, std::uint32_t max = 0) const {
        return try_poll(after, timeout, viewer, max).value();
    }
    [[nodiscard]] LobbyEvents said(std::uint32_t max = 0) const { return try_said(max).value(); }
#endif

  private:
    friend class Lobbies;

    Lobby(detail::Caller caller, std::uint64_t number) : caller_(std::move(caller)), number_(number) {}

    /// Calls a function that changes this lobby.
    template <class Function, class... Arguments>
    Result<Done> change(Function function, Arguments... arguments) {
        const joinly_caller caller = caller_.to_c();
        return detail::done([&](joinly_done* done, joinly_error** error) {
            return function(caller_.store, &caller, number_, arguments..., done, error);
        });
    }

    Result<Done> move(std::uint32_t move, milliseconds ready_within = {}) {
        return change(joinly_lobby_move, move, detail::lease(ready_within));
    }

    detail::Caller caller_;
    std::uint64_t number_;
};

}  // namespace joinly

#endif
