// SPDX-License-Identifier: Apache-2.0
//
// Transport: the seam between the backend and the network, one attempt at one endpoint at a time.
//
// Nothing is tried again and nothing is decided here: rotation, deadlines and what an answer means
// are the Gateway's. CurlTransport speaks HTTP; the tests put others here, which lose answers, cut
// them off, and deliver requests twice.
//
// Threads: a Transport may be called from any at once, a Stream by one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "latchfile/error.hpp"

namespace latchfile {

class Transport {
 public:
  using Clock = std::chrono::steady_clock;

  struct Request {
    std::string_view path;
    std::string_view body;
    std::string_view token;  ///< of a user that has logged in; empty: none
    /// After so long without a byte, or with next to none (see Pace), it is given up. Before the
    /// first line of a stream, and between its lines, there may be any time.
    std::chrono::milliseconds silence;
  };
  struct Answer {
    long status = 0;
    std::string body;
  };

  /// Answers are read no further than that. A document of the greatest size fits with its base64.
  static constexpr std::size_t max_answer_bytes = std::size_t{32} << 20;

  /// An answer that comes line by line and does not end by itself.
  class Stream {
   public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Sends a request in place of the one before. How it went shows in next_line.
    virtual void start(std::size_t endpoint, const Request& request) = 0;
    virtual void stop() = 0;

    /// The next line, or nothing if none came until `deadline`. Errors, of which each ends the
    /// stream: as post; the end of the answer is one too, and a status other than 200.
    [[nodiscard]] virtual Result<std::optional<std::string>> next_line(
        Clock::time_point deadline) = 0;

    /// The status of the answer; 0 while there is none.
    [[nodiscard]] virtual long status() const = 0;

    /// Readable for poll(2) once next_line may have something new. The same for the life of the
    /// stream; -1 if there is no such thing.
    [[nodiscard]] virtual int descriptor() const = 0;
  };

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Sends `request` to the endpoint of that number; any status is an answer.
  ///
  /// Errors: unavailable: there is no whole answer, and nothing is known of what became of the
  /// request; io: the endpoint is not who it must be, or a file of a key or a certificate cannot be
  /// used; too_large: the answer. Of the last two a second try would come to the same.
  [[nodiscard]] virtual Result<Answer> post(std::size_t endpoint, const Request& request,
                                            Clock::time_point deadline) = 0;

  /// Errors: io.
  [[nodiscard]] virtual Result<std::unique_ptr<Stream>> new_stream() = 0;
};

}  // namespace latchfile
