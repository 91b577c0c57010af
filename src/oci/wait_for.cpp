// SPDX-License-Identifier: Apache-2.0
#include "oci/wait_for.hpp"

#include <algorithm>
#include <array>

#include "latchfile/watch.hpp"
#include "oci/liveness.hpp"
#include "posix/deadline.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::oci {
namespace {

/// How often is looked for what the kernel does not tell of.
constexpr auto time_to_look_again = std::chrono::milliseconds(20);

class Waiter {
 public:
  Waiter(Kernel& kernel, const Store& store, Watch watch)
      : kernel_(kernel), store_(store), watch_(std::move(watch)) {}

  /// P1. Whether there was something.
  [[nodiscard]] Result<bool> take_events() {
    auto events = watch_.next(Wait::never());
    if (!events) return std::unexpected(std::move(events.error()));
    for (auto& event : *events) {
      if (event.kind == Event::Kind::listed) {
        listed_ = true;
      } else {
        take(std::move(event.state));
      }
    }
    return !events->empty();
  }

  /// Whether it is known if there is such a container.
  [[nodiscard]] bool is_listed() const { return listed_; }

  /// P2 and P3, but for the condition.
  [[nodiscard]] Seen& look() {
    const bool lives = summary_.process && follow(*summary_.process);
    seen_.status = status_of(Observer(kernel_, store_), summary_);
    const bool is_readable = !seen_.state || *seen_.state;
    untold_ = (lives && !pidfd_) || !is_readable;
    return seen_;
  }

  /// P4.
  [[nodiscard]] Result<> sleep(Kernel::Clock::time_point deadline) {
    if (untold_) deadline = std::min(deadline, kernel_.now() + time_to_look_again);
    std::array<pollfd, 2> polled = {
        {{watch_.descriptor(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};  // poll passes over -1
    const auto ready = retry_eintr([&] { return kernel_.poll(polled, deadline); });
    if (!ready) {
      return std::unexpected(Error{Errc::io, ready.error().value, "wait for a container"});
    }
    if (polled[1].revents != 0) {
      pidfd_ = UniqueFd();
      ended_ = true;
    }
    return {};
  }

 private:
  void take(std::optional<Result<Snapshot>> state) {
    seen_.state = std::move(state);
    const bool has_document = seen_.state && *seen_.state;
    auto summary = has_document ? summarize((*seen_.state)->document) : Summary();
    if (summary.process != summary_.process) {
      pidfd_ = UniqueFd();
      ended_ = false;
    }
    summary_ = std::move(summary);
  }

  /// P2. Whether the process lives, with a pidfd to tell of its end if one can be had.
  [[nodiscard]] bool follow(const Process& process) {
    if (pidfd_) return true;
    const bool lives = Observer(kernel_, store_).look(process).verdict == Liveness::Verdict::alive;
    if (!lives || ended_) return lives;
    if (auto opened = open_process(kernel_, process)) pidfd_ = std::move(*opened);
    return true;
  }

  Kernel& kernel_;
  const Store& store_;
  Watch watch_;
  Seen seen_;
  Summary summary_;
  bool listed_ = false;
  UniqueFd pidfd_;       ///< of the process of `summary_`
  bool ended_ = false;   ///< a pidfd of that process has told of its end
  bool untold_ = false;  ///< there is something that no descriptor tells of
};

}  // namespace

Result<Seen> wait_for(Kernel& kernel, const Store& store, const ContainerId& id, Wait wait,
                      const std::function<Result<bool>(const Seen&)>& condition) {
  const auto deadline = deadline_of(kernel, wait);
  auto watch = store.watch({id});
  if (!watch) return std::unexpected(std::move(watch.error()));
  Waiter waiter(kernel, store, std::move(*watch));
  for (;;) {
    const auto news = waiter.take_events();
    if (!news) return std::unexpected(news.error());
    if (waiter.is_listed()) {
      auto& seen = waiter.look();
      const auto holds = condition(seen);
      if (!holds) return std::unexpected(holds.error());
      if (*holds) return std::move(seen);
    }
    if (kernel.now() >= deadline) {
      return std::unexpected(Error{
          Errc::timed_out, 0,
          "wait for " + std::string(id.text()) + ": what was waited for did not come in time"});
    }
    if (*news) continue;
    if (auto slept = waiter.sleep(deadline); !slept) {
      return std::unexpected(std::move(slept.error()));
    }
  }
}

Result<Seen> wait_for(const Store& store, const ContainerId& id, Wait wait,
                      const std::function<Result<bool>(const Seen&)>& condition) {
  return wait_for(real_kernel(), store, id, wait, condition);
}

}  // namespace latchfile::oci
