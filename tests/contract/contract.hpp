// SPDX-License-Identifier: Apache-2.0
//
// The suites of this folder are the specification of Backend (src/store/backend.hpp) as it shows
// through Store: each of their tests runs against every backend that is plugged in. One file for
// each concern:
//
//   reading_contract_test.cpp    list, load, load_all, resolve
//   guards_contract_test.cpp     create, save, destroy, update, and what each failure leaves
//   locking_contract_test.cpp    who excludes whom, for how long, and what does not wait
//   watching_contract_test.cpp   what is there, and every change
//
// What needs other processes, killed ones above all, is in tests/process/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/code_of.hpp"
#include "support/numbered_document.hpp"
#include "contract/store_fixture.hpp"

namespace latchfile::test {

class Contract : public testing::TestWithParam<BackendUnderTest> {
 protected:
  std::unique_ptr<StoreFixture> fixture = GetParam().make();
  Store store = fixture->open();
  const ContainerId web = id_of("web");
  const ContainerId in_pod = id_of("pod1/web");

  void create(const ContainerId& id, Document document = numbered(0)) {
    const auto created = store.create(id, Wait::never(), std::move(document));
    ASSERT_TRUE(created) << created.error().message();
  }

  /// The bytes that are stored, or the name of the error.
  [[nodiscard]] std::string stored(const ContainerId& id) const {
    const auto found = store.load(id);
    return found ? found->document.bytes() : std::string(to_string(found.error().code));
  }

  [[nodiscard]] static std::vector<std::string> texts(const Result<std::vector<ContainerId>>& ids) {
    std::vector<std::string> out;
    for (const auto& id : ids.value())
      out.emplace_back(id.text());
    return out;
  }
};

[[nodiscard]] inline std::string backend_name(
    const testing::TestParamInfo<BackendUnderTest>& parameter) {
  return parameter.param.name;
}

}  // namespace latchfile::test

#define LATCHFILE_CONTRACT(Suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(Backend, Suite,                                            \
                           testing::ValuesIn(latchfile::test::plugged_in_backends()), \
                           latchfile::test::backend_name)
