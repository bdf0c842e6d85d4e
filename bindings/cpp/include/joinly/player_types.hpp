// What players own and keep, and what became of writing it.
#ifndef JOINLY_PLAYER_TYPES_HPP
#define JOINLY_PLAYER_TYPES_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "detail/call.hpp"
#include "value.hpp"

namespace joinly {

/// A kind of thing that is owned: `Holding::currency("gold")`, `Holding::item("sword")`.
struct Holding {
    std::uint32_t kind;
    std::string name;

    /// A currency in the wallet.
    [[nodiscard]] static Holding currency(std::string name) { return {JOINLY_HOLDING_CURRENCY, std::move(name)}; }
    /// An item in the inventory.
    [[nodiscard]] static Holding item(std::string name) { return {JOINLY_HOLDING_ITEM, std::move(name)}; }
};

/// A change of what a player owns.
struct Delta {
    std::string player;
    Holding holding;
    /// How much more; negative: less.
    std::int64_t amount;
};

/// A condition on what a write replaces: anything unless given.
class Expected {
  public:
    Expected() noexcept = default;

    /// Nothing is there.
    [[nodiscard]] static Expected absent() noexcept { return {JOINLY_EXPECT_ABSENT, 0}; }
    /// What is there has this version.
    [[nodiscard]] static Expected version(std::uint64_t version) noexcept { return {JOINLY_EXPECT_VERSION, version}; }

  private:
    friend class Players;

    Expected(std::uint32_t kind, std::uint64_t version) noexcept : kind_(kind), version_(version) {}

    std::uint32_t kind_ = JOINLY_EXPECT_ANY;
    std::uint64_t version_ = 0;
};

/// A write of an object of a player's.
struct ObjectWrite {
    std::string player;
    std::string collection;
    std::string name;
    /// The JSON document; nothing deletes the object.
    std::optional<std::string> document;
    Expected expected{};
};

/// What became of writes of objects. True when all were made; else none was.
class [[nodiscard]] Written {
  public:
    explicit Written(const joinly_written& written) noexcept : written_(written) {}

    explicit operator bool() const noexcept { return written_.conflict == 0; }

    /// The version of all that was written; 0 within a transaction, which has none yet.
    [[nodiscard]] std::uint64_t version() const noexcept { return written_.version; }

    /// Only for one that is false: which write found something else than it expected, from 0.
    [[nodiscard]] std::size_t conflict() const noexcept { return std::size_t{written_.conflict} - 1; }
    /// The version of what is there; 0 when nothing is, or the transaction wrote it itself.
    [[nodiscard]] std::uint64_t present() const noexcept { return written_.present; }

  private:
    joinly_written written_;
};

/// How to save a game.
struct SaveOptions {
    /// The version that it was played on from; 0: none.
    std::uint64_t parent = 0;
    /// Which device writes it, for the player to choose by.
    std::string device{};
    /// How many versions the slot keeps, up to 32.
    std::uint32_t keep = 5;
};

/// What became of saving a game. True when it is the slot's latest version; else nothing was changed, since the slot is
/// no longer at the version that it was played on from.
class [[nodiscard]] Saved {
  public:
    /// Takes ownership of C values; `stored` is NULL unless there is a conflict.
    Saved(joinly_value* info, joinly_value* stored) : info_(info) {
        if (stored != nullptr) {
            stored_.emplace(stored);
        }
    }

    explicit operator bool() const noexcept { return !stored_; }

    /// What is known of what the slot holds now, as JSON: "version", "parent", "device", "bytes", "checksum", "time".
    [[nodiscard]] const Value& info() const noexcept { return info_; }

    /// Only for one that is false: the game that the slot holds. Save with its version as parent once the player has
    /// chosen or merged.
    [[nodiscard]] const Value& stored() const noexcept { return *stored_; }

  private:
    Value info_;
    std::optional<Value> stored_;
};

/// A saved game.
struct Save {
    /// The game.
    Value game;
    /// What is known of it, as of `Saved::info`.
    Value info;
};

}  // namespace joinly

#endif
