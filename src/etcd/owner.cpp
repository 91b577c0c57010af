// SPDX-License-Identifier: Apache-2.0
#include "etcd/owner.hpp"

#include <map>
#include <mutex>

#include "base/quote.hpp"
#include "etcd/answers.hpp"
#include "etcd/per_process.hpp"
#include "etcd/requests.hpp"
#include "posix/lock_holder.hpp"
#include "posix/proc_file.hpp"

namespace latchfile::owner {
namespace {

constexpr std::size_t most_shown = 256;

struct Taken {
  struct By {
    pid_t thread;
    std::shared_ptr<Lease> lease;
  };
  std::mutex mutex;
  std::map<std::string, By> by_nonce;
};

Taken& taken(Kernel& kernel) {
  static auto* const all = new PerProcess<Taken>(kernel);  // outlives guards in static variables
  return all->get();
}

}  // namespace

std::string describe(Kernel& kernel, std::string_view nonce) {
  const auto pid = kernel.getpid();
  // Not every byte of a command line is UTF-8.
  const auto shown = [](const std::string& text) {
    return request::in_json(printable(text, most_shown));
  };
  return "{\"host\":" + shown(host_name(kernel)) + ",\"pid\":" + std::to_string(pid) +
         ",\"command\":" + shown(command_of(kernel, pid)) +
         ",\"since\":" + std::to_string(kernel.utc().time_since_epoch().count()) + ",\"nonce\":\"" +
         std::string(nonce) + "\"}";
}

std::string holder_of(std::string value) {
  const auto owner = answer::read_owner(value);
  if (!owner) return "held by somebody who does not say who it is";
  return "held by pid " + std::to_string(owner->pid) + " (" + one_line(owner->command) + ") on " +
         one_line(owner->host);
}

std::string nonce_of(std::string value) {
  auto owner = answer::read_owner(value);
  return owner ? std::move(owner->nonce) : std::string();
}

std::string host_name(Kernel& kernel) {
  constexpr std::size_t longest_name = 64;  // of Linux, uname(2)
  auto name = read_proc(kernel, "/proc/sys/kernel/hostname", longest_name);
  if (!name) return "an unknown host";
  while (name->ends_with('\n'))
    name->pop_back();
  return std::move(*name);
}

void note_taken(Kernel& kernel, const std::string& nonce, std::shared_ptr<Lease> lease) {
  auto& all = taken(kernel);
  const std::scoped_lock guard(all.mutex);
  all.by_nonce[nonce] = {kernel.gettid(), std::move(lease)};
}

void note_released(Kernel& kernel, const std::string& nonce) {
  auto& all = taken(kernel);
  const std::scoped_lock guard(all.mutex);
  all.by_nonce.erase(nonce);
}

bool is_held_by_this_thread(Kernel& kernel, const std::string& nonce) {
  auto& all = taken(kernel);
  const std::scoped_lock guard(all.mutex);
  const auto found = all.by_nonce.find(nonce);
  return found != all.by_nonce.end() && found->second.thread == kernel.gettid() &&
         !found->second.lease->is_lost(kernel.now());
}

}  // namespace latchfile::owner
