// The queues of a store, and the matches that they make.
#ifndef JOINLY_QUEUES_HPP
#define JOINLY_QUEUES_HPP

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
#include "lobby.hpp"
#include "lobby_options.hpp"
#include "rating.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// A player who waits: `{"ada", leaderboards.rating("ada", "duel")}`.
struct Seeker {
    std::string player{};
    /// Its `mu` and `sigma` count.
    Rating rating{};
    /// The role wanted, one of the queue's; empty: any.
    std::string role{};
};

/// A party that wants to play; it is never split. Texts are JSON; empty: nothing.
struct Ticket {
    std::vector<Seeker> party{};
    /// Until when it waits; nothing: for ever.
    std::optional<TimePoint> deadline{};
    /// What must be equal in all tickets of a match: {"mode": "ranked"}.
    std::string keys{};
    /// What the filters of other tickets look at: {"level": 7}.
    std::string attributes{};
    /// What every other ticket of the match must have: [{"key": "level", "test": {"at_least": 5}}].
    std::string filters{};
    /// The latency to each region in milliseconds, {"eu": 30}; empty: any region will do.
    std::string latencies{};
    /// Players whom this party never meets: ["eve"].
    std::string blocked{};
};

/// A ticket that waits.
struct Enqueued {
    /// Its number in the queue.
    std::uint64_t ticket;
    /// As of `Queues::try_ticket`.
    Value document;
};

/// The queues of a store: `store.queues()`, or within a transaction `store.queues(transaction)`, committed
/// and undone with it; but `tick` and `report` are never part of one. Documents are JSON. Usable from any thread,
/// except within a transaction. Not to outlive the store or transaction.
class Queues {
  public:
    using milliseconds = std::chrono::milliseconds;

    /// Makes a queue, or gives it a new document: {"rules", "seed", "lobby"}, as `joinly_queue_configure` describes it.
    /// What is left out is the default.
    Result<void> try_configure(std::string_view queue, std::string_view document = {}) {
        return change(joinly_queue_configure, queue.data(), queue.size(), document.data(), document.size());
    }

    /// A queue's document, complete.
    Result<std::optional<Value>> try_queue(std::string_view queue) const {
        return find(joinly_queue_get, queue.data(), queue.size());
    }

    /// A party begins to wait.
    Result<Enqueued> try_enqueue(std::string_view queue, const Ticket& ticket) {
        const auto party = to_c(ticket.party);
        const joinly_ticket asked = to_c(ticket, party);
        std::uint64_t number = 0;
        auto stored = document(joinly_ticket_enqueue, queue.data(), queue.size(), &asked, &number);
        if (!stored) {
            return stored.error();
        }
        return Enqueued{number, *std::move(stored)};
    }

    /// A ticket, for ten minutes also after its end: {"id", "party", "created", "deadline", "state", "match",
    /// "attempts", ...}.
    Result<std::optional<Value>> try_ticket(std::string_view queue, std::uint64_t ticket) const {
        return find(joinly_ticket_get, queue.data(), queue.size(), ticket);
    }

    /// Withdraws a ticket; `Status::already_matched` when it is too late for that.
    Result<void> try_cancel(std::string_view queue, std::uint64_t ticket) {
        return change(joinly_ticket_cancel, queue.data(), queue.size(), ticket);
    }

    /// Asks for players for a match under way, or changes what was asked for: {"lobby", "teams", ...}, as
    /// `joinly_queue_backfill` describes it. The request as it is stored.
    Result<Value> try_backfill(std::string_view queue, std::string_view backfill) {
        return document(joinly_queue_backfill, queue.data(), queue.size(), backfill.data(), backfill.size());
    }

    /// What was asked for a match under way, with the players that were found.
    Result<std::optional<Value>> try_backfilled(std::string_view queue, std::uint64_t lobby) const {
        return find(joinly_queue_backfill_get, queue.data(), queue.size(), lobby);
    }

    /// Asks for no more players for a match under way: whether any were asked for.
    Result<bool> try_stop_backfill(std::string_view queue, std::uint64_t lobby) {
        const joinly_caller caller = caller_.to_c();
        return detail::existed([&](joinly_error** error) {
            return joinly_queue_backfill_stop(caller_.store, &caller, queue.data(), queue.size(), lobby, error);
        });
    }

    /// Makes what matches can be made now: {"held_by", "matches", "expired", "stale"}. `holder` has the queue for
    /// itself for `lease`, a millisecond or more, which only saves work: any number of processes may tick.
    Result<Value> try_tick(std::string_view queue, std::string_view holder,
                           milliseconds lease = std::chrono::seconds(10)) {
        const auto length = detail::lifetime(lease);
        if (!length) {
            return length.error();
        }
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_queue_tick(caller_.store, queue.data(), queue.size(), holder.data(), holder.size(), *length,
                                     out, error);
        });
    }

    /// Sums up the queue's matches that are kept, at most `most` of them, and the tickets that wait: {"deciles",
    /// "matches", "mean", "worst"}.
    Result<Value> try_report(std::string_view queue, std::size_t most = 10'000) const {
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return joinly_queue_report(caller_.store, queue.data(), queue.size(), most, out, error);
        });
    }

    /// A match: {"id", "queue", "state", "teams", "lobby", "quality", ...}.
    Result<std::optional<Value>> try_match(std::string_view match) const {
        return find(joinly_match_get, match.data(), match.size());
    }

    /// A player of a match is ready: the match as it is then. When all have said so it is on.
    Result<Value> try_accept(std::string_view match, std::string_view player) {
        return document(joinly_match_accept, match.data(), match.size(), player.data(), player.size());
    }

    /// A player of a match is not ready: it is dissolved, and the others wait on.
    Result<void> try_decline(std::string_view match, std::string_view player) {
        return change(joinly_match_decline, match.data(), match.size(), player.data(), player.size());
    }

#if JOINLY_EXCEPTIONS
    void configure(std::string_view queue, std::string_view document = {}) { try_configure(queue, document).value(); }
    [[nodiscard]] std::optional<Value> queue(std::string_view queue) const { return try_queue(queue).value(); }
    Enqueued enqueue(std::string_view queue, const Ticket& ticket) { return try_enqueue(queue, ticket).value(); }
    [[nodiscard]] std::optional<Value> ticket(std::string_view queue, std::uint64_t ticket) const {
        return try_ticket(queue, ticket).value();
    }
    void cancel(std::string_view queue, std::uint64_t ticket) { try_cancel(queue, ticket).value(); }
    Value backfill(std::string_view queue, std::string_view backfill) { return try_backfill(queue, backfill).value(); }
    [[nodiscard]] std::optional<Value> backfilled(std::string_view queue, std::uint64_t lobby) const {
        return try_backfilled(queue, lobby).value();
    }
    bool stop_backfill(std::string_view queue, std::uint64_t lobby) { return try_stop_backfill(queue, lobby).value(); }
    Value tick(std::string_view queue, std::string_view holder, milliseconds lease = std::chrono::seconds(10)) {
        return try_tick(queue, holder, lease).value();
    }
    [[nodiscard]] Value report(std::string_view queue, std::size_t most = 10'000) const {
        return try_report(queue, most).value();
    }
    [[nodiscard]] std::optional<Value> match(std::string_view match) const { return try_match(match).value(); }
    Value accept(std::string_view match, std::string_view player) { return try_accept(match, player).value(); }
    void decline(std::string_view match, std::string_view player) { try_decline(match, player).value(); }
#endif

  private:
    friend class Store;

    explicit Queues(joinly_store* store, joinly_txn* txn = nullptr) : caller_{store, txn} {}

    /// Calls a function that answers nothing.
    template <class Function, class... Arguments>
    Result<void> change(Function function, Arguments... arguments) {
        const joinly_caller caller = caller_.to_c();
        return detail::run([&](joinly_error** error) { return function(caller_.store, &caller, arguments..., error); });
    }

    /// Calls a function that answers a document.
    template <class Function, class... Arguments>
    Result<Value> document(Function function, Arguments... arguments) {
        const joinly_caller caller = caller_.to_c();
        return detail::make<Value, joinly_value*>([&](joinly_value** out, joinly_error** error) {
            return function(caller_.store, &caller, arguments..., out, error);
        });
    }

    /// The same for what may not be there.
    template <class Function, class... Arguments>
    Result<std::optional<Value>> find(Function function, Arguments... arguments) const {
        const joinly_caller caller = caller_.to_c();
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>([&](joinly_value** out, joinly_error** error) {
            return function(caller_.store, &caller, arguments..., out, error);
        });
    }

    /// The same for C, borrowing its texts.
    static std::vector<joinly_seeker> to_c(const std::vector<Seeker>& party) {
        std::vector<joinly_seeker> out;
        out.reserve(party.size());
        for (const Seeker& seeker : party) {
            joinly_seeker& last = out.emplace_back();
            last.struct_size = sizeof last;
            last.mu = seeker.rating.mu;
            last.sigma = seeker.rating.sigma;
            detail::set(seeker.player, last.player, last.player_len);
            detail::set(seeker.role, last.role, last.role_len);
        }
        return out;
    }

    /// The same for C, borrowing its texts and `party`.
    static joinly_ticket to_c(const Ticket& ticket, const std::vector<joinly_seeker>& party) noexcept {
        joinly_ticket out{};
        out.struct_size = sizeof out;
        out.party = party.data();
        out.party_count = party.size();
        if (ticket.deadline) {
            // 0 would be for ever.
            out.deadline = std::max<std::int64_t>(1, ticket.deadline->time_since_epoch().count());
        }
        detail::set(ticket.keys, out.keys, out.keys_len);
        detail::set(ticket.attributes, out.attributes, out.attributes_len);
        detail::set(ticket.filters, out.filters, out.filters_len);
        detail::set(ticket.latencies, out.latencies, out.latencies_len);
        detail::set(ticket.blocked, out.blocked, out.blocked_len);
        return out;
    }

    detail::Caller caller_;
};

}  // namespace joinly

#endif
