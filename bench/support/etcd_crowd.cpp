// SPDX-License-Identifier: Apache-2.0
#include "support/etcd_crowd.hpp"

#include <algorithm>
#include <map>

#include "etcd/envelope.hpp"
#include "etcd/keys.hpp"
#include "etcd/pages.hpp"
#include "etcd/requests.hpp"
#include "peer.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

const Keys keys_of_store("/crowd");

}  // namespace

EtcdCrowd::EtcdCrowd(int containers)
    : containers_(containers),
      store_(test::or_throw(open_etcd(server_.url(keys_of_store.prefix())))) {
  // A lock and a save for each would take minutes.
  constexpr int puts = 100;
  const auto gateway = server_.connect();
  for (int begin = 0; begin < containers; begin += puts) {
    request::Txn some;
    for (int i = begin; i < std::min(begin + puts, containers); ++i) {
      const auto id =
          test::id_of("sandbox" + std::to_string(i / 10) + "/container" + std::to_string(i));
      some.then_put(keys_of_store.state(id),
                    envelope::seal(envelope::new_id(), container_document(id, Size::kb2).bytes()));
    }
    require(gateway->transact(some.body()).has_value(), "put a hundred containers");
  }
}

std::vector<std::string> EtcdCrowd::pages() const {
  const auto folder = keys_of_store.states();
  const auto keys = server_.keys(folder.substr(0, folder.size() - 1));
  std::vector<std::string> bodies;
  std::string from = folder;
  for (std::size_t next = keys_of_a_page;; next += keys_of_a_page) {
    bodies.push_back(request::range(
        {.key = from, .end = Keys::end_of(folder), .limit = keys_of_a_page, .keys_only = true}));
    if (next >= keys.size()) return bodies;
    from = keys[next];
  }
}

void EtcdCrowd::list(int others) const {
  const auto ids = store_.list();
  require(ids && static_cast<int>(ids->size()) == containers_ + others, "list");
}

const EtcdCrowd& crowd_of(int containers) {
  static std::map<int, EtcdCrowd> crowds;
  return crowds.try_emplace(containers, containers).first->second;
}

}  // namespace latchfile::bench
