// Events of lobbies, pulled in batches.
#ifndef JOINLY_LOBBY_EVENTS_HPP
#define JOINLY_LOBBY_EVENTS_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// What happened in a lobby.
enum class LobbyEventKind : std::uint32_t {
    created = JOINLY_EVENT_CREATED,
    joined = JOINLY_EVENT_JOINED,
    reserved = JOINLY_EVENT_RESERVED,
    left = JOINLY_EVENT_LEFT,
    banned = JOINLY_EVENT_BANNED,
    unbanned = JOINLY_EVENT_UNBANNED,
    owner = JOINLY_EVENT_OWNER,
    moved = JOINLY_EVENT_MOVED,
    ready = JOINLY_EVENT_READY,
    patched = JOINLY_EVENT_PATCHED,
    member_patched = JOINLY_EVENT_MEMBER_PATCHED,
    said = JOINLY_EVENT_SAID,
    invited = JOINLY_EVENT_INVITED,
    uninvited = JOINLY_EVENT_UNINVITED,
};

/// One event. Its views borrow from the batch.
struct LobbyEvent {
    std::uint64_t lobby;
    /// Its number in the lobby: from 1, without a gap.
    std::uint64_t version;
    /// The version of the commit that made it; 0 when one lobby was polled.
    std::uint64_t sequence;
    TimePoint time;
    LobbyEventKind kind;
    /// The player who made it; nothing: the host, or time.
    std::optional<std::string_view> actor;
    /// All of it, as JSON.
    std::string_view json;
};

/// A batch of events in order: `for (auto& event : events)`. Immutable; usable from any thread.
class LobbyEvents {
  public:
    /// Takes ownership of C events.
    explicit LobbyEvents(joinly_events* owned) : batch_(owned) {
        std::size_t count = 0;
        const joinly_event* rows = joinly_events_rows(owned, &count);
        events_.reserve(count);
        std::for_each(rows, rows + count, [this](const joinly_event& row) {
            std::optional<std::string_view> actor;
            if (row.actor != nullptr) {
                actor = detail::text(row.actor, row.actor_len);
            }
            events_.push_back({row.lobby, row.version, row.sequence, TimePoint(std::chrono::milliseconds(row.time)),
                               static_cast<LobbyEventKind>(row.kind), actor, detail::text(row.json, row.json_len)});
        });
    }

    /// The number after which the next poll goes on.
    [[nodiscard]] std::uint64_t next() const noexcept { return joinly_events_next(batch_.get()); }

    /// Whether events were missing: what is known must be read anew, from `snapshot` where there is one.
    [[nodiscard]] bool is_resync() const noexcept { return joinly_events_is_resync(batch_.get()) != 0; }

    /// The lobby as it is, as JSON, where its events were missing; else empty.
    [[nodiscard]] std::string_view snapshot() const noexcept {
        std::size_t size = 0;
        const std::uint8_t* data = joinly_events_snapshot(batch_.get(), &size);
        return detail::text(data, size);
    }

    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
    [[nodiscard]] const LobbyEvent& operator[](std::size_t index) const noexcept { return events_[index]; }
    [[nodiscard]] std::vector<LobbyEvent>::const_iterator begin() const noexcept { return events_.begin(); }
    [[nodiscard]] std::vector<LobbyEvent>::const_iterator end() const noexcept { return events_.end(); }

  private:
    detail::Owned<joinly_events, joinly_events_free> batch_;
    std::vector<LobbyEvent> events_;
};

}  // namespace joinly

#endif
