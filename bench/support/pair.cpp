// SPDX-License-Identifier: Apache-2.0
#include "support/pair.hpp"

#include <ctime>

namespace latchfile::bench {
namespace {

double now_seconds(Time time) {
  timespec now{};
  clock_gettime(time == Time::cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double seconds_of(const Side& side, Time time) {
  const double begin = now_seconds(time);
  side.batch();
  return now_seconds(time) - begin;
}

}  // namespace

void measure_pair(benchmark::State& state, const Side& ours, const Side& other, int rounds,
                  Time time, Goal goal) {
  double our_seconds = 0;
  double other_seconds = 0;
  for (int round = 0; round < rounds; ++round) {
    // Whoever comes second finds warmer caches, so that each side does so half of the time.
    if (round % 2 == 0) {
      our_seconds += seconds_of(ours, time);
      other_seconds += seconds_of(other, time);
    } else {
      other_seconds += seconds_of(other, time);
      our_seconds += seconds_of(ours, time);
    }
  }
  report_pair(state, our_seconds / rounds / ours.calls, other_seconds / rounds / other.calls, goal);
}

void report_pair(benchmark::State& state, double ours_seconds, double other_seconds, Goal goal) {
  state.SetIterationTime(ours_seconds);
  state.counters["ours_us"] = ours_seconds * 1e6;
  state.counters["other_us"] = other_seconds * 1e6;
  const bool is_cost = goal.kind == Goal::Kind::cost;
  state.counters["ratio"] = is_cost ? ours_seconds / other_seconds : other_seconds / ours_seconds;
  state.counters["goal"] = goal.ratio;
  state.SetLabel(is_cost ? "at most" : "at least");
}

void as_pair(benchmark::internal::Benchmark* benchmark) {
  benchmark->Iterations(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace latchfile::bench
