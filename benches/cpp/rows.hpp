// The rows that workloads read and write, and the orders in which they do.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// "k" and 15 digits. Stored keys have even numbers, so that absent ones lie between them.
class Key {
  public:
    Key() = default;
    static Key stored(std::uint64_t row) { return Key(2 * row); }
    static Key absent(std::uint64_t row) { return Key(2 * row + 1); }
    operator std::string_view() const { return {text_.data(), text_.size()}; }

  private:
    explicit Key(std::uint64_t number);
    std::array<char, 16> text_;
};

// SplitMix64: the same rows and orders in every run and for every system.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>(uniform() * static_cast<double>(bound));
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  private:
    std::uint64_t state_;
};

// The ranks of Zipf's law with exponent 0.99, by the method of Gray et al. that YCSB uses.
class Zipf {
  public:
    explicit Zipf(std::uint64_t count);
    // 0 is the most frequent.
    std::uint64_t rank(Random& random) const;
    // A row: hot ones are spread over the key space.
    std::uint64_t row(Random& random) const;

  private:
    std::uint64_t count_;
    double zeta_, eta_;
};

// Random bytes, which no compressor shrinks. Consecutive values lie side by side.
class Values {
  public:
    Values();
    std::string_view at(std::uint64_t index, std::size_t length) const {
        return std::string_view(pool_).substr(index * length % (pool_.size() - length), length);
    }

  private:
    std::string pool_;
};

// How many keys an order has; positions in it wrap around.
inline constexpr std::size_t kOrder = std::size_t{1} << 20;

std::vector<Key> uniform_order(std::uint64_t rows, std::uint64_t seed);
std::vector<Key> zipf_order(std::uint64_t rows, std::uint64_t seed);
std::vector<Key> absent_order(std::uint64_t rows, std::uint64_t seed);

}  // namespace bench
