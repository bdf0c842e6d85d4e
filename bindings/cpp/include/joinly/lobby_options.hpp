// What lobbies are asked for, and what a call on one did.
#ifndef JOINLY_LOBBY_OPTIONS_HPP
#define JOINLY_LOBBY_OPTIONS_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// Who finds a lobby and may join it without a reservation.
enum class Visibility : std::uint32_t {
    public_ = JOINLY_VISIBILITY_PUBLIC,
    /// Whom the game vouches for as a friend, and who has the code.
    friends = JOINLY_VISIBILITY_FRIENDS,
    /// Who has the code.
    private_ = JOINLY_VISIBILITY_PRIVATE,
};

/// What becomes of the ownership when the owner goes.
enum class Migration : std::uint32_t {
    /// The member who joined first has it.
    oldest = JOINLY_MIGRATION_OLDEST,
    /// Nobody, until the host gives it to a member.
    manual = JOINLY_MIGRATION_MANUAL,
    /// Nobody any more.
    never = JOINLY_MIGRATION_NEVER,
    /// The lobby closes.
    close = JOINLY_MIGRATION_CLOSE,
};

/// Who looks at a lobby.
enum class Viewer : std::uint32_t {
    public_ = JOINLY_VIEWER_PUBLIC,
    member = JOINLY_VIEWER_MEMBER,
    /// The owner, or the host.
    owner = JOINLY_VIEWER_OWNER,
};

/// A player who joins.
struct Join {
    std::string player{};
    std::string password{};
    /// The lobby's code, as people write it.
    std::optional<std::string> code{};
    std::string build{};
    /// The wanted team, from 0; nothing: the one with the most free seats.
    std::optional<std::uint32_t> team{};
    std::string role{};
    /// Attributes for members, a JSON object; empty: none.
    std::string attributes{};
    /// Whether the game vouches that the player is a friend of the members.
    bool is_friend = false;
};

/// A seat to keep for a player.
struct SeatRequest {
    std::string player{};
    /// The wanted team, from 0; nothing: the one with the most free seats.
    std::optional<std::uint32_t> team{};
    std::string role{};
    /// For how long; 0: as the lobby has it.
    std::chrono::milliseconds lasts{};
};

/// A lobby to create. Attributes are JSON objects; empty: none.
struct LobbyOptions {
    /// What sort of lobby: a word of the game's.
    std::string kind{};
    /// Its name, for people.
    std::string name{};
    std::uint32_t max_members = 8;
    /// The sizes of its teams, if it has any; they add up to `max_members`.
    std::vector<std::uint32_t> teams{};
    /// The first member and owner; nothing: the host made it.
    std::optional<Join> owner{};
    Visibility visibility = Visibility::public_;
    std::string password{};
    /// The build that joining players need; empty: any.
    std::string build{};
    Migration migration = Migration::oldest;
    /// Whether a member can be in no other exclusive lobby of its kind.
    bool exclusive = true;
    /// Whether players may join while it is in game.
    bool backfill = false;
    /// Whether it stays when the last one leaves.
    bool keep_empty = false;
    /// How long a member is believed after a heartbeat, and a reservation kept.
    std::chrono::milliseconds member_lease{30'000};
    std::chrono::milliseconds reservation{15'000};
    /// How long the lobby is believed after a heartbeat of its owner or host, and then stays, stale, until it closes.
    std::chrono::milliseconds stale_after{30'000};
    std::chrono::milliseconds close_after{3'600'000};
    /// How many things a member may say at once (0: as many as they like), and how long it is then until one more;
    /// counted anew for who has left and joined again.
    std::uint32_t chat_burst = 0;
    std::chrono::milliseconds chat_every{};
    /// At least so many of its last events are kept.
    std::uint64_t keep_events = 1000;
    std::string attributes{};
    std::string member_attributes{};
    std::string owner_attributes{};
};

/// What a call did.
struct Done {
    std::uint64_t lobby = 0;
    /// The number of the last event that it made: events after it are news.
    std::uint64_t sequence = 0;
    /// Whether the request had been answered before, and nothing was done again.
    bool repeated = false;
};

/// What players who join are told: the lobby as members see it as of `sequence`, as JSON.
struct Joined : Done {
    Joined(const Done& done, joinly_value* owned) noexcept : Done(done), snapshot(owned) {}
    Value snapshot;
};

namespace detail {

/// A text as two fields of a struct. NULL for an empty one: to C, what is not given.
inline void set(std::string_view text, const char*& data, std::size_t& size) noexcept {
    data = text.empty() ? nullptr : text.data();
    size = text.size();
}

/// A duration that a lobby has. What cannot be is handed on as the longest, which the library refuses.
inline std::uint32_t lease(std::chrono::milliseconds duration) noexcept {
    constexpr std::int64_t longest = std::numeric_limits<std::uint32_t>::max();
    const std::int64_t count = duration.count();
    return static_cast<std::uint32_t>(count < 0 ? longest : std::min(count, longest));
}

inline std::uint32_t team(const std::optional<std::uint32_t>& team) noexcept { return team ? *team + 1 : 0; }

/// The same for C, borrowing its texts.
inline joinly_join to_c(const Join& join) noexcept {
    joinly_join out{};
    out.struct_size = sizeof out;
    out.team = team(join.team);
    set(join.player, out.player, out.player_len);
    set(join.password, out.password, out.password_len);
    if (join.code) {
        out.code = join.code->data();
        out.code_len = join.code->size();
    }
    set(join.build, out.build, out.build_len);
    set(join.role, out.role, out.role_len);
    set(join.attributes, out.attributes, out.attributes_len);
    out.is_friend = join.is_friend ? 1 : 0;
    return out;
}

inline joinly_seat_request to_c(const SeatRequest& seat) noexcept {
    joinly_seat_request out{};
    out.struct_size = sizeof out;
    out.team = team(seat.team);
    set(seat.player, out.player, out.player_len);
    set(seat.role, out.role, out.role_len);
    out.for_ms = lease(seat.lasts);
    return out;
}

template <class T>
auto to_c(const std::vector<T>& list) {
    std::vector<decltype(to_c(list.front()))> out;
    out.reserve(list.size());
    for (const T& item : list) {
        out.push_back(to_c(item));
    }
    return out;
}

/// The same for C, borrowing its texts and `owner`, which is filled.
inline joinly_lobby_options to_c(const LobbyOptions& options, joinly_join& owner) noexcept {
    joinly_lobby_options out{};
    out.struct_size = sizeof out;
    out.max_members = options.max_members;
    set(options.kind, out.kind, out.kind_len);
    set(options.name, out.name, out.name_len);
    set(options.password, out.password, out.password_len);
    set(options.build, out.build, out.build_len);
    if (options.owner) {
        owner = to_c(*options.owner);
        out.owner = &owner;
    }
    out.teams = options.teams.data();
    out.team_count = options.teams.size();
    out.visibility = static_cast<std::uint32_t>(options.visibility);
    out.migration = static_cast<std::uint32_t>(options.migration);
    out.member_ms = lease(options.member_lease);
    out.reservation_ms = lease(options.reservation);
    out.stale_ms = lease(options.stale_after);
    out.close_ms = lease(options.close_after);
    out.chat_burst = options.chat_burst;
    out.chat_every_ms = lease(options.chat_every);
    out.keep_events = options.keep_events;
    set(options.attributes, out.attributes, out.attributes_len);
    set(options.member_attributes, out.member_attributes, out.member_attributes_len);
    set(options.owner_attributes, out.owner_attributes, out.owner_attributes_len);
    out.not_exclusive = options.exclusive ? 0 : 1;
    out.backfill = options.backfill ? 1 : 0;
    out.keep_empty = options.keep_empty ? 1 : 0;
    return out;
}

/// Runs `call(done, error)`.
template <class Call>
Result<Done> done(Call&& call) {
    joinly_done out{};
    out.struct_size = sizeof out;
    const auto result = run([&](joinly_error** error) { return std::forward<Call>(call)(&out, error); });
    if (!result) {
        return result.error();
    }
    return Done{out.lobby, out.sequence, out.repeated != 0};
}

/// Runs `call(snapshot, done, error)`.
template <class Call>
Result<Joined> joined(Call&& call) {
    joinly_value* snapshot = nullptr;
    const auto result =
        done([&](joinly_done* out, joinly_error** error) { return std::forward<Call>(call)(&snapshot, out, error); });
    if (!result) {
        return result.error();
    }
    return Joined(*result, snapshot);
}

}  // namespace detail
}  // namespace joinly

#endif
