// SPDX-License-Identifier: Apache-2.0
#include "support/bare_etcd.hpp"

#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

std::size_t count_and_forget(const char*, std::size_t size, std::size_t count, void* bytes) {
  *static_cast<std::size_t*>(bytes) += size * count;
  return size * count;
}

}  // namespace

BareEtcd::BareEtcd(const std::string& socket, std::string_view path)
    : headers_(curl_slist_append(nullptr, "Content-Type: application/json")),
      easy_(curl_easy_init()) {
  require(easy_ && headers_, "curl_easy_init");
  curl_easy_setopt(easy_.get(), CURLOPT_URL, ("http://localhost" + std::string(path)).c_str());
  curl_easy_setopt(easy_.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy_.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, &count_and_forget);
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, bytes_.get());
}

bool BareEtcd::post(std::string_view body, std::chrono::milliseconds limit) {
  *bytes_ = 0;
  curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, body.data());
  long status = 0;
  return curl_easy_perform(easy_.get()) == CURLE_OK &&
         curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
         status == 200;
}

}  // namespace latchfile::bench
