// SPDX-License-Identifier: Apache-2.0
//
// Ports at which not etcd answers, or an etcd whose answers do not arrive whole: what is said of
// them, and in time.
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "etcd/curl_transport.hpp"
#include "etcd/gateway.hpp"
#include "etcd/requests.hpp"
#include "etcd/stranger.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "posix/real_kernel.hpp"
#include "support/etcd_server.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const EtcdOptions impatient = {.patience = 400ms};

struct Case {
  const char* name;
  Stranger::Manners manners;
  const char* says;
  Errc code = Errc::unavailable;
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

/// Whoever asks is answered with these bytes.
Stranger::Manners answers(std::string bytes) {
  return [bytes = std::move(bytes)](const Stranger::Connection& connection) {
    if (connection.receive()) static_cast<void>(connection.send(bytes));
  };
}

Stranger::Manners answers_ok(const std::string& body) {
  return answers("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
}

/// First `head`, and then `again` without end, one in each `pause`.
Stranger::Manners goes_on(std::string head, std::string again, std::chrono::milliseconds pause) {
  return [=](const Stranger::Connection& connection) {
    if (!connection.receive() || !connection.send(head)) return;
    while (connection.send(again) && (pause == 0ms || connection.stay(pause))) {
    }
  };
}

const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
constexpr auto no_answer_of_etcd = "not an answer of etcd, or half of one";

const Case cases[] = {
    {"ClosesAtOnce", [](const Stranger::Connection&) {}, "Empty reply from server"},
    {"SaysNothing", [](const Stranger::Connection& connection) { connection.stay(); },
     "no answer in time"},
    {"IsSsh",
     [](const Stranger::Connection& connection) {
       if (connection.send("SSH-2.0-OpenSSH_9.2p1\r\n")) connection.stay();
     },
     "what answers there is not HTTP"},
    {"IsOfTls",
     [](const Stranger::Connection& connection) {
       if (connection.receive() && connection.send("\x15\x03\x01\x00\x02\x02\x16"s)) return;
     },
     "what answers there is not HTTP"},
    {"WantsTls",
     answers("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"),
     "it wants TLS (--cacert)", Errc::io},
    {"HasNoSuchPage",
     answers("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
             "<html></html>"),
     "HTTP status 404 and no word of etcd: is that the client port", Errc::io},
    {"SendsElsewhere",
     answers("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
     "HTTP status 302", Errc::io},
    {"IsAProxyWhoseServersAreGone",
     answers("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "HTTP status 502"},
    {"TakesNoLargeRequests",
     answers("HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\n\r\n"),
     "HTTP status 413: what lies before etcd passes on no such document", Errc::too_large},
    {"IsAskedTooOften", answers("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"),
     "HTTP status 429"},
    {"AnswersAPage", answers_ok("<html>welcome</html>"), no_answer_of_etcd},
    {"AnswersNothing", answers_ok(""), no_answer_of_etcd},
    {"AnswersHalfOfJson", answers_ok(R"({"header":{"revision":"7"})"), no_answer_of_etcd},
    {"AnswersOtherJson", answers_ok(R"(["header",7])"), no_answer_of_etcd},
    {"AnswersNoRevision", answers_ok(R"({"header":{"revision":"-7"},"kvs":[]})"),
     no_answer_of_etcd},
    {"AnswersWhatIsNotBase64",
     answers_ok(R"({"header":{"revision":"7"},"kvs":[{"key":"?"}],"responses":[{"response_range":)"
                R"({"kvs":[{"key":"?"}]}}]})"),
     no_answer_of_etcd},
    {"AnswersDeeply", answers_ok(std::string(100000, '[')), no_answer_of_etcd},
    {"AnswersTextThatIsNotUtf8", answers_ok("{\"header\":{\"revision\":\"7\xff\"}}"),
     no_answer_of_etcd},
    {"BreaksOff", answers("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"header\":"),
     "transfer closed with"},
    {"BreaksOffInAChunk",
     answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{\"header\":"),
     "transfer closed with"},
    {"HasNoEnd", goes_on(ok_head, std::string(std::size_t{1} << 20, ' '), 0ms),
     "its answer has more than 33554432 bytes", Errc::too_large},
    {"Drips", goes_on(ok_head, " ", 100ms), "no answer in time"},
    {"DripsItsHead", goes_on("HTTP/1.1 200 OK\r\nX: ", "x", 100ms), "no answer in time"},
};

class EtcdStranger : public testing::TestWithParam<Case> {};

TEST_P(EtcdStranger, IsNamedAndNothingIsMadeOfWhatItSays) {
  const Stranger stranger(GetParam().manners);
  // What ends by its size must not be ended by the time before, however busy this machine is.
  const bool by_size = GetParam().code == Errc::too_large;
  const auto store =
      open_etcd("etcd://" + stranger.endpoint() + "/x", by_size ? EtcdOptions{} : impatient)
          .value();
  const auto web = id_of("web");
  const auto expect = [&](const auto& result, const std::string& operation) {
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error().code), to_string(GetParam().code));
    EXPECT_THAT(result.error().message(),
                AllOf(HasSubstr(operation + ": etcd at " + stranger.endpoint() + ": "),
                      HasSubstr(GetParam().says), Not(HasSubstr("\n"))));
  };
  expect(store.list(), "list");
  expect(store.load(web), "load web");
  expect(store.create(web, Wait::never(), numbered(1)), "create web");
  expect(store.watch(), "list");
}

INSTANTIATE_TEST_SUITE_P(Who, EtcdStranger, testing::ValuesIn(cases),
                         [](const auto& each) { return std::string(each.param.name); });

// A server of TLS that reads what is no TLS has closed the connection by the time of the answer, or
// already while the request is sent.
TEST(EtcdStrangers, ThatCloseBeforeTheRequestIsSentMayWantTls) {
  const Stranger closes([](const Stranger::Connection& connection) { connection.reset(); });
  CurlTransport transport(real_kernel(), {Endpoint{closes.endpoint(), {}}}, Tls{});
  const std::string large(std::size_t{8} << 20, ' ');
  const auto answer =
      transport.post(0, {"/v3/kv/txn", large, {}, 10s}, Transport::Clock::now() + 20s);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().context, HasSubstr("does it want TLS (--cacert)?"));
}

// libcurl bounds the head of an answer by itself, in its own words.
TEST(EtcdStrangers, WhoseHeadHasNoEndIsGivenUp) {
  const Stranger stranger(
      goes_on("HTTP/1.1 200 OK\r\n", "X: " + std::string(10000, 'x') + "\r\n", 0ms));
  const auto listed = open_etcd("etcd://" + stranger.endpoint() + "/x", impatient)->list();
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message(), HasSubstr("etcd at " + stranger.endpoint()));
}

TEST(EtcdStrangers, ThatSpeakNoTlsAreNamed) {
  const Certificates certificates;
  const Stranger stranger([](const Stranger::Connection& connection) {
    if (connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) connection.stay();
  });
  const auto listed = open_etcd("etcd://" + stranger.endpoint() + "/x",
                                {.patience = 400ms, .ca_file = certificates.authority()})
                          ->list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, Errc::unavailable);
  EXPECT_THAT(listed.error().message(), AllOf(HasSubstr("etcd at " + stranger.endpoint()),
                                              HasSubstr("does that port speak it?")));
}

TEST(EtcdStrangers, AtAClosedPortAreNamed) {
  const ClosedPort closed;
  const auto listed = open_etcd("etcd://" + closed.endpoint() + "/x", impatient)->list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, Errc::unavailable);
  EXPECT_THAT(listed.error().message(),
              AllOf(HasSubstr("list: etcd at " + closed.endpoint()), HasSubstr("connect")));
}

TEST(EtcdStrangers, AmongMembersArePassedOver) {
  auto& server = EtcdServer::shared();
  const ClosedPort closed;
  const Stranger page(answers_ok("<html></html>"));
  const Stranger mute([](const Stranger::Connection& connection) { connection.stay(); });
  auto url = server.url("/among");
  url.insert(etcd_scheme.size(),
             closed.endpoint() + "," + page.endpoint() + "," + mute.endpoint() + ",");
  const auto store = open_etcd(url).value();
  const auto created = store.create(id_of("web"), Wait::never(), numbered(1));
  ASSERT_TRUE(created) << created.error().message();
  auto state = store.lock(id_of("web"), Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_TRUE(std::move(*state).destroy());
  EXPECT_THAT(server.keys("/among"), testing::IsEmpty());
}

/// Says of each kind of request what a good etcd might, and of a watch nothing that ends.
Stranger::Manners watched(const std::string& line) {
  return [line](const Stranger::Connection& connection) {
    if (!connection.receive() || !connection.send(ok_head)) return;
    while (connection.send(line)) {
    }
  };
}

TEST(EtcdStrangers, WhoseWatchHasALineWithoutEndAreGivenUp) {
  const Stranger stranger(watched(std::string(std::size_t{1} << 20, ' ')));
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 1s});
  const auto line = stream->next_line(Transport::Clock::now() + 60s);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::too_large);
}

TEST(EtcdStrangers, WhoseWatchHasLinesWithoutEndAreReadLineByLine) {
  const Stranger stranger(watched(std::string(1000, ' ') + "\n"));
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 1s});
  // More than is held at any time.
  constexpr auto lines = Transport::max_answer_bytes / 1000 + 1000;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto line = stream->next_line(Transport::Clock::now() + 60s);
    ASSERT_TRUE(line && *line && (*line)->size() == 1000U) << i;
  }
}

TEST(EtcdStrangers, WhoseWatchDripsDoNotHoldALookUp) {
  const Stranger stranger(goes_on(ok_head, " ", 20ms));
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 1s});
  const auto line = stream->next_line(Transport::Clock::now() + 100ms);
  ASSERT_TRUE(line);
  EXPECT_FALSE(*line);
}

TEST(EtcdStrangers, WhoseWatchDripsALineAreGivenUp) {
  const Stranger stranger(goes_on(ok_head + "{}\n{", " ", 20ms));
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 100ms});
  const auto whole = stream->next_line(Transport::Clock::now() + 60s);
  ASSERT_TRUE(whole && *whole);
  const auto half = stream->next_line(Transport::Clock::now() + 60s);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code, Errc::unavailable);
  EXPECT_THAT(half.error().context, HasSubstr("does not end it"));
}

TEST(EtcdStrangers, WhoseWatchStopsInALineWakeWhoeverPolls) {
  const Stranger stranger([](const Stranger::Connection& connection) {
    if (connection.receive() && connection.send(ok_head + "{}\n{")) connection.stay();
  });
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  // Longer than all that libcurl wakes anybody for.
  stream->start(0, {"/v3/watch", "{}", {}, 1s});
  ASSERT_TRUE(stream->next_line(Transport::Clock::now() + 60s));
  Result<std::optional<std::string>> half;
  while ((half = stream->next_line(Transport::Clock::time_point::min()))) {
    ASSERT_FALSE(*half);
    pollfd polled{stream->descriptor(), POLLIN, 0};
    ASSERT_EQ(poll(&polled, 1, 60'000), 1);
  }
  EXPECT_THAT(half.error().context, HasSubstr("does not end it"));
}

// Lines that come one after the other are no half line, however long there is nothing between them.
TEST(EtcdStrangers, WhoseWatchIsQuietAreKept) {
  const Stranger stranger([](const Stranger::Connection& connection) {
    if (!connection.receive() || !connection.send(ok_head)) return;
    while (connection.send("{}\n") && connection.stay(100ms)) {
    }
  });
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 20ms});
  for (int i = 0; i < 5; ++i) {
    const auto line = stream->next_line(Transport::Clock::now() + 60s);
    ASSERT_TRUE(line && *line) << i;
  }
}

TEST(EtcdStrangers, WhoseLinesComeInHalvesAreKept) {
  const Stranger stranger([](const Stranger::Connection& connection) {
    if (!connection.receive() || !connection.send(ok_head)) return;
    while (connection.send("{") && connection.stay(100ms) && connection.send("}\n")) {
    }
  });
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 2s});
  // Altogether for longer than one may take.
  for (int i = 0; i < 25; ++i) {
    const auto line = stream->next_line(Transport::Clock::now() + 60s);
    ASSERT_TRUE(line && *line) << i;
  }
}

TEST(EtcdStrangers, WhoseLineCameWhileNobodyLookedAreKept) {
  std::promise<void> looked;
  std::promise<void> sent;
  const Stranger stranger([&](const Stranger::Connection& connection) {
    if (!connection.receive() || !connection.send(ok_head + "{}\n{")) return;
    looked.get_future().wait();
    if (connection.send(" ")) sent.set_value();
    connection.stay();
  });
  CurlTransport transport(real_kernel(), {Endpoint{stranger.endpoint(), {}}}, Tls{});
  const auto stream = transport.new_stream().value();
  stream->start(0, {"/v3/watch", "{}", {}, 50ms});
  ASSERT_TRUE(stream->next_line(Transport::Clock::now() + 60s));
  ASSERT_TRUE(stream->next_line(Transport::Clock::time_point::min()));
  const auto away_until = Transport::Clock::now() + 100ms;
  looked.set_value();
  sent.get_future().wait();
  ASSERT_TRUE(eventually([&] { return Transport::Clock::now() > away_until; }));
  EXPECT_TRUE(stream->next_line(Transport::Clock::time_point::min()));
}

/// A gateway to `first`, and then to `server`.
Gateway through(const Stranger& first, const EtcdServer& server, Gateway::Timing timing) {
  return {real_kernel(),
          std::make_unique<CurlTransport>(
              real_kernel(),
              std::vector{Endpoint{first.endpoint(), {}}, Endpoint{"localhost", server.socket()}},
              Tls{}),
          {"stranger", "etcd"},
          {},
          timing};
}

// libcurl by itself would look once a second, when the time is up. This machine may be busy, so
// that one time must do.
TEST(EtcdStrangers, ThatAreSilentAreGivenUpInTime) {
  const Stranger mute([](const Stranger::Connection& connection) { connection.stay(); });
  EXPECT_TRUE(eventually([&] {
    auto gateway = through(mute, EtcdServer::shared(), {.attempt = 50ms, .overall = 900ms});
    return gateway.call(request::path::range, request::range({.key = "/"}), answer::read_range)
        .has_value();
  }));
}

TEST(EtcdStrangers, ThatDripAfterALargeRequestLeaveTimeAsWell) {
  const Stranger drips(goes_on(ok_head, " ", 20ms));
  auto gateway = through(drips, EtcdServer::shared(), {.attempt = 200ms, .overall = 15s});
  const auto large = request::range({.key = "/"}) + std::string(std::size_t{1} << 20, ' ');
  const auto range = gateway.call(request::path::range, large, answer::read_range);
  EXPECT_TRUE(range) << range.error().error.message();
}

TEST(EtcdStrangers, ThatDripLeaveTimeForTheNextEndpoint) {
  auto& server = EtcdServer::shared();
  const Stranger drips(goes_on(ok_head, " ", 20ms));
  auto url = server.url("/drips");
  url.insert(etcd_scheme.size(), drips.endpoint() + ",");
  const auto listed = open_etcd(url, {.patience = 10s})->list();
  EXPECT_TRUE(listed) << listed.error().message();
}

}  // namespace
}  // namespace latchfile::test
