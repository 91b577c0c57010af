// SPDX-License-Identifier: Apache-2.0
//
// The checker itself: histories that it must accept and, above all, that it must reject. A last
// test compares it with the definition, tried out order by order.
#include "linearizability/checker.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

/// An operation between two moments.
struct During {
  Time begin;
  Time end;

  [[nodiscard]] Operation create(State state) const { return change(absent, state); }
  [[nodiscard]] Operation refused_create() const { return see(any_document); }
  [[nodiscard]] Operation save(State read, State written) const { return change(read, written); }
  [[nodiscard]] Operation destroy(State read) const { return change(read, absent); }
  [[nodiscard]] Operation load(State state) const { return see(state); }
  [[nodiscard]] Operation miss() const { return see(absent); }
  [[nodiscard]] Operation list() const { return see(any_document); }

  [[nodiscard]] Operation see(State state) const { return {begin, end, state, unchanged, true, 0}; }
  [[nodiscard]] Operation change(State before, State after) const {
    return {begin, end, before, after, true, 0};
  }
};

Operation killed(Operation operation) {
  operation.certain = false;
  return operation;
}

testing::AssertionResult linearizable(const History& history) {
  const auto violation = find_violation(history);
  if (!violation) return testing::AssertionSuccess();
  return testing::AssertionFailure() << *violation;
}

TEST(Accepts, NothingAtAll) { EXPECT_TRUE(linearizable({})); }

TEST(Accepts, OneProcessThatDoesItAll) {
  EXPECT_TRUE(linearizable({
      During{1, 2}.miss(),
      During{3, 4}.create(1),
      During{5, 6}.refused_create(),
      During{7, 8}.save(1, 2),
      During{9, 10}.load(2),
      During{11, 12}.list(),
      During{13, 14}.destroy(2),
      During{15, 16}.miss(),
      During{17, 18}.create(3),
  }));
}

TEST(Accepts, EitherOutcomeBesideAChange) {
  for (const auto seen : {During{2, 9}.load(1), During{2, 9}.miss(), During{2, 9}.list()}) {
    EXPECT_TRUE(linearizable({During{1, 10}.create(1), seen}));
  }
}

TEST(Accepts, ReadersInOneOrderOnly) {
  const History history{During{1, 2}.create(1), During{3, 10}.save(1, 2), During{4, 5}.load(1),
                        During{6, 7}.load(2)};
  EXPECT_TRUE(linearizable(history));
}

TEST(Accepts, AReadThatIsOldWhenItReturns) {
  EXPECT_TRUE(linearizable({During{1, 2}.create(1), During{3, 20}.load(1), During{4, 5}.save(1, 2),
                            During{6, 7}.destroy(2)}));
}

TEST(Accepts, AChainOfChangesThatAllOverlap) {
  EXPECT_TRUE(
      linearizable({During{1, 10}.save(2, 3), During{1, 10}.destroy(3), During{1, 10}.save(1, 2),
                    During{1, 10}.create(1), During{11, 12}.miss()}));
}

TEST(Accepts, AnAbsenceBetweenTwoLives) {
  EXPECT_TRUE(linearizable({During{1, 2}.create(1), During{3, 10}.destroy(1), During{3, 10}.miss(),
                            During{3, 10}.create(2), During{11, 12}.load(2)}));
}

TEST(Accepts, AKilledChangeThatHappenedOrDidNot) {
  for (const Time gone : {Time{5}, never}) {
    const History begun{During{1, 2}.create(1), killed(During{3, gone}.save(1, 2))};
    for (const State seen : {State{1}, State{2}}) {
      auto history = begun;
      history.push_back(During{6, 7}.load(seen));
      EXPECT_TRUE(linearizable(history)) << seen << " after " << gone;
    }
  }
}

TEST(Accepts, AKilledUpdateThatDidNotSayWhatItRead) {
  EXPECT_TRUE(linearizable({During{1, 2}.create(1), killed(During{3, 5}.save(any_document, 2)),
                            During{6, 7}.save(2, 3)}));
}

TEST(Accepts, AKilledChangeThatHappensLateWhereItsEndIsNotKnown) {
  EXPECT_TRUE(linearizable({During{1, 2}.create(1), killed(During{3, never}.save(1, 2)),
                            During{4, 5}.load(1), During{6, 7}.load(2)}));
}

TEST(Accepts, AKilledReadWhateverItWouldHaveSeen) {
  EXPECT_TRUE(linearizable({killed(During{1, 2}.load(7)), During{3, 4}.create(1)}));
}

TEST(Rejects, AReadOfWhatNobodyWrote) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{1, 9}.load(2)}));
}

TEST(Rejects, AReadBeforeTheWrite) {
  EXPECT_FALSE(linearizable({During{1, 2}.load(1), During{3, 4}.create(1)}));
}

TEST(Rejects, AStaleReadAfterASaveReturned) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 4}.save(1, 2), During{5, 6}.load(1)}));
}

TEST(Rejects, AnAbsenceAfterACreateReturned) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{3, 4}.miss()}));
}

TEST(Rejects, AnAbsenceInTheMiddleOfASave) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 10}.save(1, 2), During{4, 5}.miss()}));
}

TEST(Rejects, ALostUpdate) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 10}.save(1, 2), During{3, 10}.save(1, 3)}));
}

TEST(Rejects, AReadModifyWriteWithAChangeInBetween) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{3, 10}.save(1, 3),
                             During{4, 5}.save(1, 2), During{6, 7}.load(2)}));
}

TEST(Rejects, TwoCreatesThatBothSucceed) {
  EXPECT_FALSE(linearizable({During{1, 10}.create(1), During{1, 10}.create(2)}));
}

TEST(Rejects, ACreateThatIsRefusedWhereNothingWas) {
  EXPECT_FALSE(linearizable({During{1, 2}.refused_create(), During{3, 4}.create(1)}));
}

TEST(Rejects, TwoDestroysOfOneLife) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 10}.destroy(1), During{3, 10}.destroy(1)}));
}

TEST(Rejects, AStateThatComesBackAfterItsDestroy) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 4}.destroy(1), During{5, 6}.load(1)}));
}

TEST(Rejects, ASaveThatBringsBackWhatWasDestroyed) {
  EXPECT_FALSE(
      linearizable({During{1, 2}.create(1), During{3, 12}.save(1, 2), During{4, 5}.destroy(1),
                    During{6, 7}.miss(), During{13, 14}.load(2)}));
}

TEST(Rejects, AListThatShowsWhatWasDestroyed) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{3, 4}.destroy(1), During{5, 6}.list(),
                             During{7, 8}.create(2)}));
}

TEST(Rejects, AListThatMissesWhatIsThere) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{3, 10}.save(1, 2),
                             During{4, 9}.see(absent), During{11, 12}.destroy(2)}));
}

TEST(Rejects, ReadersThatDisagreeAboutTheOrder) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), During{3, 20}.save(1, 2), During{4, 5}.load(2),
                             During{6, 7}.load(1)}));
}

TEST(Rejects, AKilledChangeThatHappensAfterItsProcessWasGone) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), killed(During{3, 5}.save(1, 2)),
                             During{6, 7}.load(1), During{8, 9}.load(2)}));
}

TEST(Rejects, AKilledChangeThatComesLateAndGoesAgain) {
  EXPECT_FALSE(linearizable({During{1, 2}.create(1), killed(During{3, never}.save(1, 2)),
                             During{4, 5}.load(1), During{6, 7}.load(2), During{8, 9}.load(1)}));
}

TEST(Rejects, AKilledChangeThatHappensTwice) {
  EXPECT_FALSE(linearizable({killed(During{1, never}.create(1)), During{2, 3}.load(1),
                             During{4, 5}.destroy(1), During{6, 7}.load(1)}));
}

TEST(Rejects, AViolationLateInALongHistory) {
  History history{During{1, 2}.create(1)};
  for (State state = 1; state < 100'000; ++state) {
    // Seven readers around every save: there is no quiescent moment but in their order.
    for (Time reader = 0; reader < 7; ++reader) {
      history.push_back(During{state * 10 + reader - 5, state * 10 + reader + 4}.load(state));
    }
    history.push_back(During{state * 10 + 6, state * 10 + 15}.save(state, state + 1));
  }
  EXPECT_TRUE(linearizable(history));
  history.push_back(During{2'000'000, 2'000'001}.load(99'999));
  EXPECT_FALSE(linearizable(history));
}

TEST(Checker, NamesTheOperationThatCannotBe) {
  const auto violation =
      find_violation({During{1, 2}.create(1), During{3, 8}.save(1, 2), During{4, 5}.load(7)});
  EXPECT_EQ(violation,
            "cannot be explained: process 0 from 4 to 5: document 7\n"
            "possible before it: [document 1]\n"
            "open beside it:\n"
            "  process 0 from 3 to 8: document 1 -> document 2");
}

TEST(Checker, RefusesMoreOpenOperationsThanItHasBitsFor) {
  History history;
  for (State state = 1; state <= max_open; ++state) {
    history.push_back(killed(During{1, never}.create(state)));
  }
  EXPECT_TRUE(linearizable(history));
  history.push_back(During{2, 3}.create(max_open + 1));
  EXPECT_THROW(static_cast<void>(find_violation(history)), std::length_error);
}

/// The definition: some choice of the uncertain operations and some order of all.
bool linearizable_by_definition(const History& history) {
  const auto in_order = [](const std::vector<Operation>& order) {
    State state = absent;
    for (auto now = order.begin(); now != order.end(); ++now) {
      if (!now->possible_in(state)) return false;
      if (now->changes()) state = now->after;
      if (std::any_of(now, order.end(), [&](const auto& later) { return later.end < now->begin; }))
        return false;
    }
    return true;
  };
  for (unsigned choice = 0; choice < 1U << history.size(); ++choice) {
    std::vector<Operation> chosen;
    bool allowed = true;
    for (std::size_t i = 0; i < history.size(); ++i) {
      if ((choice >> i & 1) != 0) {
        chosen.push_back(history[i]);
      } else {
        allowed = allowed && !history[i].certain;
      }
    }
    if (!allowed) continue;
    std::vector<std::size_t> places(chosen.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    do {
      std::vector<Operation> order;
      for (const auto place : places)
        order.push_back(chosen[place]);
      if (in_order(order)) return true;
    } while (std::ranges::next_permutation(places).found);
  }
  return false;
}

/// Few states and moments, so that about as many histories are linearizable as are not.
Operation any_operation(std::minstd_rand& random) {
  const auto below = [&](unsigned long limit) { return random() / 7 % limit; };
  const Time begin = below(8);
  const During during{begin, begin + below(6)};
  auto operation = below(2) == 0 ? during.see(below(4)) : during.change(below(4), below(4));
  if (below(6) == 0) operation.before = any_document;
  if (below(4) == 0) operation = killed(operation);
  if (!operation.certain && below(2) == 0) operation.end = never;
  return operation;
}

TEST(Checker, AgreesWithTheDefinition) {
  std::minstd_rand random(20240229);
  int accepted = 0;
  constexpr int histories = 20'000;
  for (int i = 0; i < histories; ++i) {
    History history;
    for (auto length = 1 + random() % 5; length > 0; --length) {
      history.push_back(any_operation(random));
    }
    const bool expected = linearizable_by_definition(history);
    accepted += expected ? 1 : 0;
    ASSERT_EQ(!find_violation(history), expected) << "history " << i;
  }
  EXPECT_GT(accepted, histories / 10);
  EXPECT_LT(accepted, histories * 9 / 10);
}

}  // namespace
}  // namespace latchfile::test
