// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace latchfile {
namespace {

/// What one thread takes at a time, so that one that is slow holds up little.
constexpr std::size_t batch_items = 16;
constexpr std::size_t batches_ahead = most_ahead / batch_items;

/// Who does which batch, and which are done: a monitor.
class Batches {
 public:
  Batches(std::size_t count, const std::function<void(std::size_t)>& work)
      : count_(count), work_(work) {}

  [[nodiscard]] std::size_t end_of(std::size_t begin) const {
    return std::min(begin + batch_items, count_);
  }

  /// Does batches as long as there are any.
  void help() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return next_ >= count_ || may_begin(); });
      if (next_ >= count_) return;
      do_next(lock);
    }
  }

  /// Does other batches until the one that begins there is done.
  void do_until_done(std::size_t begin) {
    std::unique_lock lock(mutex_);
    while (!done(begin)) {
      if (may_begin()) {
        do_next(lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

  void taken(std::size_t begin) {
    {
      const std::scoped_lock lock(mutex_);
      done(begin) = false;
      taken_ = begin + batch_items;
    }
    changed_.notify_all();
  }

  void abandon() {
    {
      const std::scoped_lock lock(mutex_);
      next_ = count_;
    }
    changed_.notify_all();
  }

 private:
  [[nodiscard]] bool& done(std::size_t begin) { return done_[begin / batch_items % batches_ahead]; }
  [[nodiscard]] bool may_begin() const { return next_ < count_ && next_ < taken_ + most_ahead; }

  void do_next(std::unique_lock<std::mutex>& lock) {
    const auto begin = next_;
    next_ += batch_items;
    lock.unlock();
    for (auto i = begin; i < end_of(begin); ++i)
      work_(i);
    lock.lock();
    done(begin) = true;
    changed_.notify_all();
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;   ///< the first item that nobody has begun
  std::size_t taken_ = 0;  ///< all before it were taken
  std::array<bool, batches_ahead> done_{};
};

std::size_t threads_for(std::size_t count) {
  // Starting a thread costs as much as a few loads.
  constexpr std::size_t items_per_thread = 32;
  constexpr std::size_t max_threads = 8;
  // glibc reads that from a file at each call.
  static const auto processors = std::thread::hardware_concurrency();
  return std::clamp<std::size_t>(count / items_per_thread, 1,
                                 std::clamp<std::size_t>(processors, 1, max_threads));
}

}  // namespace

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                 const std::function<void(std::size_t)>& take) {
  Batches batches(count, work);
  std::vector<std::jthread> helpers;
  // Ends the helpers, also if `take` throws, before their own ends wait for them.
  struct Abandon {
    Batches& batches;
    ~Abandon() { batches.abandon(); }
  } const at_the_end{batches};

  for (std::size_t i = 1; i < threads_for(count); ++i) {
    try {
      helpers.emplace_back([&] { batches.help(); });
    } catch (const std::system_error&) {
      break;  // no more threads to be had: those that run do all the work
    }
  }
  for (std::size_t begin = 0; begin < count; begin += batch_items) {
    batches.do_until_done(begin);
    for (auto i = begin; i < batches.end_of(begin); ++i)
      take(i);
    batches.taken(begin);
  }
}

}  // namespace latchfile
