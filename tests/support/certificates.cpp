// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"

#include <stdexcept>

#include "support/child.hpp"

namespace latchfile::test {
namespace {

// Without a common name, which etcd would take for a user; and for clients as well, since its
// gateway shows the server's certificate to the server.
constexpr auto script = R"(
set -e
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
new_key ca.key
openssl req -x509 -new -key ca.key -subj /O=authority -days 2 -out ca.pem
new_key server.key
openssl req -new -key server.key -subj /O=server -out server.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >extensions
sign() { openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions "$@"; }
sign -days 2 -out server.pem
sign -days -1 -out expired.pem
printf 'subjectAltName=DNS:elsewhere.example\n' >extensions
sign -days 2 -out elsewhere.pem
openssl pkey -in server.key -aes256 -passout pass:secret -out encrypted.key
)";

}  // namespace

Certificates::Certificates() {
  const auto made = run({"sh", "-c", script}, {.working_directory = dir_.path().string()});
  if (made.exit_code != 0) throw std::runtime_error("openssl: " + made.err);
}

}  // namespace latchfile::test
