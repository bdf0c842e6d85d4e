// Pauses between the attempts of a transaction.
#ifndef JOINLY_DETAIL_BACKOFF_HPP
#define JOINLY_DETAIL_BACKOFF_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>

namespace joinly {

/// How often a transaction that lost is repeated, and how long it pauses in between: up to `first_pause`, then twice
/// that and so on up to `longest_pause`, at random so that rivals do not meet again.
struct Retry {
    int attempts = 32;
    std::chrono::milliseconds first_pause{1};
    std::chrono::milliseconds longest_pause{64};
};

namespace detail {

class Backoff {
  public:
    explicit Backoff(const Retry& retry)
        : left_(retry.attempts), pause_(retry.first_pause), longest_(retry.longest_pause) {}

    /// Pauses before the next attempt; false when there is none left.
    bool again() {
        if (--left_ <= 0) {
            return false;
        }
        thread_local std::minstd_rand random{std::random_device{}()};
        std::uniform_int_distribution<std::int64_t> upto(0, std::max<std::int64_t>(0, pause_.count()));
        std::this_thread::sleep_for(std::chrono::microseconds(upto(random)));
        pause_ = std::min(pause_ * 2, longest_);
        return true;
    }

  private:
    int left_;
    std::chrono::microseconds pause_;
    std::chrono::microseconds longest_;
};

}  // namespace detail
}  // namespace joinly

#endif
