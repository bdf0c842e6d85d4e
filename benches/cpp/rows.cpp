#include "rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bench {
namespace {

constexpr double kExponent = 0.99;

template <class Next>
std::vector<Key> order(Next next) {
    std::vector<Key> keys(kOrder);
    std::generate(keys.begin(), keys.end(), next);
    return keys;
}

}  // namespace

Key::Key(std::uint64_t number) {
    text_[0] = 'k';
    for (std::size_t at = text_.size() - 1; at > 0; --at, number /= 10)
        text_[at] = static_cast<char>('0' + number % 10);
}

std::uint64_t Random::next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

Zipf::Zipf(std::uint64_t count) : count_(count), zeta_(0) {
    for (std::uint64_t rank = 1; rank <= count; ++rank)
        zeta_ += std::pow(static_cast<double>(rank), -kExponent);
    const double first_two = 1 + std::pow(2, -kExponent);
    eta_ = (1 - std::pow(2.0 / static_cast<double>(count), 1 - kExponent)) / (1 - first_two / zeta_);
}

std::uint64_t Zipf::rank(Random& random) const {
    const double uniform = random.uniform();
    if (uniform * zeta_ < 1)
        return 0;
    if (uniform * zeta_ < 1 + std::pow(2, -kExponent))
        return 1;
    const double rank = static_cast<double>(count_) * std::pow(eta_ * uniform - eta_ + 1, 1 / (1 - kExponent));
    return std::min(static_cast<std::uint64_t>(rank), count_ - 1);
}

std::uint64_t Zipf::row(Random& random) const { return Random(rank(random)).next() % count_; }

Values::Values() : pool_((8 << 20) + (64 << 10), '\0') {
    Random random(1);
    for (std::size_t at = 0; at < pool_.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = random.next();
        std::memcpy(pool_.data() + at, &word, sizeof word);
    }
}

std::vector<Key> uniform_order(std::uint64_t rows, std::uint64_t seed) {
    return order([rows, random = Random(seed)]() mutable { return Key::stored(random.below(rows)); });
}

std::vector<Key> zipf_order(std::uint64_t rows, std::uint64_t seed) {
    return order([zipf = Zipf(rows), random = Random(seed)]() mutable { return Key::stored(zipf.row(random)); });
}

std::vector<Key> absent_order(std::uint64_t rows, std::uint64_t seed) {
    return order([rows, random = Random(seed)]() mutable { return Key::absent(random.below(rows)); });
}

}  // namespace bench
