// SPDX-License-Identifier: Apache-2.0
//
// Endpoints whose names nobody looks up: a network of its own, in which a name server says nothing.
#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "etcd/curl_transport.hpp"
#include "etcd/network.hpp"
#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;

/// In a network of this process alone; false if that cannot be made.
bool ask_a_name_server_that_is_silent(const std::string& resolv_conf) {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (mount(resolv_conf.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) return false;
  if (run({"ip", "link", "set", "lo", "up"}).exit_code != 0) return false;
  const int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

TEST(EtcdName, ThatNobodyLooksUpIsGivenUpInTime) {
  if (const auto why_not = Network::why_not(); !why_not.empty()) GTEST_SKIP() << why_not;
  const TempDir dir;
  const auto given_up = dir / "given-up";
  const auto resolv_conf = dir / "resolv.conf";
  // Longer than `eventually` waits.
  std::ofstream(resolv_conf) << "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n";
  const Child child([&] {
    if (!ask_a_name_server_that_is_silent(resolv_conf)) return 1;
    CurlTransport transport(real_kernel(), {Endpoint{"etcd.example:2379", {}}}, Tls{});
    const auto answer =
        transport.post(0, {"/v3/kv/range", "{}", {}, 100ms}, Transport::Clock::now() + 60s);
    std::ofstream(given_up) << (answer ? "answered" : to_string(answer.error().code));
    return 0;
  });
  ASSERT_TRUE(eventually(
      [&] { return std::filesystem::exists(given_up) && !read_text(given_up).empty(); }));
  EXPECT_EQ(read_text(given_up), "unavailable");
}

}  // namespace
}  // namespace latchfile::test
