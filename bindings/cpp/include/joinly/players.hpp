// The players of a store.
#ifndef JOINLY_PLAYERS_HPP
#define JOINLY_PLAYERS_HPP

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
#include "player_types.hpp"
#include "scan.hpp"
#include "transaction.hpp"
#include "value.hpp"

namespace joinly {

/// A player's objects in a collection, by name, read while iterating; the keys end with the name, after the last colon.
/// Belongs to one thread at a time.
class Objects : public detail::Rows<Objects> {
  private:
    friend class Players;
    friend class detail::Rows<Objects>;

    Objects(const joinly_store* store, joinly_txn* txn, std::string_view player, std::string_view collection)
        : store_(store), txn_(txn), player_(player), collection_(collection) {}

    [[nodiscard]] Result<Page> try_read(std::string_view cursor) const {
        joinly_scan_options options{};
        options.struct_size = sizeof options;
        options.limit = page_size_;
        options.cursor = detail::bytes(cursor);
        options.cursor_len = cursor.size();
        return detail::make<Page, joinly_page*>([&](joinly_page** out, joinly_error** error) {
            return joinly_object_list(store_, txn_, player_.data(), player_.size(), collection_.data(),
                                      collection_.size(), &options, out, error);
        });
    }

    const joinly_store* store_;
    joinly_txn* txn_;
    std::string player_;
    std::string collection_;
};

/// The players of a store: `store.players()`, or within a transaction `store.players(transaction)`, committed and
/// undone with it. Documents are JSON. Usable from any thread, except within a transaction. Not to outlive the store or
/// transaction.
class Players {
  public:
    using milliseconds = std::chrono::milliseconds;

    /// Makes a profile, which `patch` fills as in `try_patch`: {"id", "name", "accounts", "properties", "created",
    /// "version"}.
    Result<Value> try_create(std::string_view player, std::string_view patch = {}) {
        return document(joinly_player_create, player.data(), player.size(), patch.data(), patch.size());
    }

    /// A player's profile.
    Result<std::optional<Value>> try_get(std::string_view player) const {
        return find(joinly_player_get, player.data(), player.size());
    }

    /// The profile of the player who has an account elsewhere.
    Result<std::optional<Value>> try_by_account(std::string_view platform, std::string_view account) const {
        return find(joinly_player_by_account, platform.data(), platform.size(), account.data(), account.size());
    }

    /// Changes what a JSON object names, any of "name", "properties" and "accounts" (null removes one), of the expected
    /// version (0: of any): else `Status::conflict`, whose `Error::present_version` tells the present one. The profile
    /// now.
    Result<Value> try_patch(std::string_view player, std::string_view patch, std::uint64_t expected = 0) {
        return document(joinly_player_patch, player.data(), player.size(), patch.data(), patch.size(), expected);
    }

    /// Says that a player is there, for `lease` from now on: {"status", "since", "until"}. Needs no profile.
    Result<Value> try_heartbeat(std::string_view player, milliseconds lease, std::string_view status = {}) {
        constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
        const auto length = static_cast<std::uint32_t>(std::clamp<std::int64_t>(lease.count(), 0, most));
        return document(joinly_player_heartbeat, player.data(), player.size(), status.data(), status.size(), length);
    }

    /// A player's presence, unless its lease has lapsed.
    Result<std::optional<Value>> try_presence(std::string_view player) const {
        return find(joinly_player_presence, player.data(), player.size());
    }

    /// Says that a player is gone: whether it was there.
    Result<bool> try_leave(std::string_view player) {
        return detail::existed([&](joinly_error** error) {
            return joinly_player_leave(store_, txn_, player.data(), player.size(), error);
        });
    }

    /// Makes all changes of what players own or none: the new balances in their order. `Status::insufficient` when one
    /// would go below zero.
    Result<std::vector<std::int64_t>> try_adjust(const std::vector<Delta>& deltas) {
        std::vector<joinly_delta> list;
        list.reserve(deltas.size());
        for (const Delta& delta : deltas) {
            list.push_back({sizeof(joinly_delta), delta.holding.kind, delta.player.data(), delta.player.size(),
                            delta.holding.name.data(), delta.holding.name.size(), delta.amount});
        }
        std::vector<std::int64_t> balances(deltas.size());
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_holdings_adjust(store_, txn_, list.data(), list.size(), balances.data(), error);
        });
        if (!done) {
            return done.error();
        }
        return balances;
    }

    /// Moves an amount from one player to another.
    Result<void> try_transfer(std::string_view from, std::string_view to, const Holding& holding, std::int64_t amount) {
        return detail::run([&](joinly_error** error) {
            return joinly_holdings_transfer(store_, txn_, from.data(), from.size(), to.data(), to.size(), holding.kind,
                                            holding.name.data(), holding.name.size(), amount, error);
        });
    }

    /// All that a player owns: {"currencies", "items"}, each of names and balances above zero.
    Result<Value> try_balances(std::string_view player) const {
        return document(joinly_holdings_balances, player.data(), player.size());
    }

    /// An object of a player's; its `version()` is what a write may expect.
    Result<std::optional<Value>> try_object(std::string_view player, std::string_view collection,
                                            std::string_view name) const {
        return find(joinly_object_get, player.data(), player.size(), collection.data(), collection.size(), name.data(),
                    name.size());
    }

    /// The objects of a player's in a collection.
    [[nodiscard]] Objects objects(std::string_view player, std::string_view collection) const {
        return {store_, txn_, player, collection};
    }

    /// Makes all writes of objects or none; a condition that does not hold is no failure but told by `Written`.
    Result<Written> try_write_objects(const std::vector<ObjectWrite>& writes) {
        std::vector<joinly_object_change> list;
        list.reserve(writes.size());
        for (const ObjectWrite& write : writes) {
            list.push_back(to_c(write));
        }
        joinly_written written{};
        written.struct_size = sizeof written;
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_object_write(store_, txn_, list.data(), list.size(), &written, error);
        });
        if (!done && written.conflict == 0) {
            return done.error();
        }
        return Written(written);
    }

    /// Saves a game in a player's slot; that another device has saved meanwhile is no failure but told by `Saved`.
    Result<Saved> try_save(std::string_view player, std::string_view slot, std::string_view game,
                           const SaveOptions& options = {}) {
        joinly_save_options given{};
        given.struct_size = sizeof given;
        given.keep = options.keep;
        given.parent = options.parent;
        given.device = options.device.data();
        given.device_len = options.device.size();
        joinly_value* info = nullptr;
        joinly_value* stored = nullptr;
        const auto done = detail::run([&](joinly_error** error) {
            return joinly_save_put(store_, txn_, player.data(), player.size(), slot.data(), slot.size(),
                                   detail::bytes(game), game.size(), &given, &info, &stored, error);
        });
        if (!done && stored == nullptr) {
            return done.error();
        }
        return Saved(info, stored);
    }

    /// A version of a player's slot; 0: the latest.
    Result<std::optional<Save>> try_load(std::string_view player, std::string_view slot,
                                         std::uint64_t version = 0) const {
        joinly_value* info = nullptr;
        auto game = find([&](const joinly_store* store, joinly_txn* txn, joinly_value** out, joinly_error** error) {
            return joinly_save_load(store, txn, player.data(), player.size(), slot.data(), slot.size(), version, out,
                                    &info, error);
        });
        if (!game) {
            return game.error();
        }
        if (!*game) {
            return std::optional<Save>();
        }
        return std::optional<Save>(Save{**std::move(game), Value(info)});
    }

    /// The versions that a player's slot keeps, a JSON array from the oldest to the latest.
    Result<Value> try_save_history(std::string_view player, std::string_view slot) const {
        return document(joinly_save_history, player.data(), player.size(), slot.data(), slot.size());
    }

    /// Empties a player's slot: whether it held anything.
    Result<bool> try_clear_save(std::string_view player, std::string_view slot) {
        return detail::existed([&](joinly_error** error) {
            return joinly_save_clear(store_, txn_, player.data(), player.size(), slot.data(), slot.size(), error);
        });
    }

#if JOINLY_EXCEPTIONS
    Value create(std::string_view player, std::string_view patch = {}) { return try_create(player, patch).value(); }
    [[nodiscard]] std::optional<Value> get(std::string_view player) const { return try_get(player).value(); }
    [[nodiscard]] std::optional<Value> by_account(std::string_view platform, std::string_view account) const {
        return try_by_account(platform, account).value();
    }
    Value patch(std::string_view player, std::string_view patch, std::uint64_t expected = 0) {
        return try_patch(player, patch, expected).value();
    }
    Value heartbeat(std::string_view player, milliseconds lease, std::string_view status = {}) {
        return try_heartbeat(player, lease, status).value();
    }
    [[nodiscard]] std::optional<Value> presence(std::string_view player) const { return try_presence(player).value(); }
    bool leave(std::string_view player) { return try_leave(player).value(); }
    std::vector<std::int64_t> adjust(const std::vector<Delta>& deltas) { return try_adjust(deltas).value(); }
    void transfer(std::string_view from, std::string_view to, const Holding& holding, std::int64_t amount) {
        try_transfer(from, to, holding, amount).value();
    }
    [[nodiscard]] Value balances(std::string_view player) const { return try_balances(player).value(); }
    [[nodiscard]] std::optional<Value> object(std::string_view player, std::string_view collection,
                                              std::string_view name) const {
        return try_object(player, collection, name).value();
    }
    Written write_objects(const std::vector<ObjectWrite>& writes) { return try_write_objects(writes).value(); }
    Saved save(std::string_view player, std::string_view slot, std::string_view game, const SaveOptions& options = {}) {
        return try_save(player, slot, game, options).value();
    }
    [[nodiscard]] std::optional<Save> load(std::string_view player, std::string_view slot,
                                           std::uint64_t version = 0) const {
        return try_load(player, slot, version).value();
    }
    [[nodiscard]] Value save_history(std::string_view player, std::string_view slot) const {
        return try_save_history(player, slot).value();
    }
    bool clear_save(std::string_view player, std::string_view slot) { return try_clear_save(player, slot).value(); }
#endif

  private:
    friend class Store;

    explicit Players(joinly_store* store, joinly_txn* txn = nullptr) noexcept : store_(store), txn_(txn) {}

    /// Calls a function that answers a document.
    template <class Function, class... Arguments>
    Result<Value> document(Function function, Arguments... arguments) const {
        return detail::make<Value, joinly_value*>(
            [&](joinly_value** out, joinly_error** error) { return function(store_, txn_, arguments..., out, error); });
    }

    /// The same for what may not be there.
    template <class Function, class... Arguments>
    Result<std::optional<Value>> find(Function function, Arguments... arguments) const {
        return detail::find<Value, joinly_value*, JOINLY_NOT_FOUND>(
            [&](joinly_value** out, joinly_error** error) { return function(store_, txn_, arguments..., out, error); });
    }

    static joinly_object_change to_c(const ObjectWrite& write) noexcept {
        joinly_object_change out{};
        out.struct_size = sizeof out;
        out.expected = write.expected.kind_;
        out.version = write.expected.version_;
        out.player = write.player.data();
        out.player_len = write.player.size();
        out.collection = write.collection.data();
        out.collection_len = write.collection.size();
        out.name = write.name.data();
        out.name_len = write.name.size();
        if (write.document) {
            out.document = write.document->data();
            out.document_len = write.document->size();
        }
        return out;
    }

    joinly_store* store_;
    joinly_txn* txn_;
};

}  // namespace joinly

#endif
