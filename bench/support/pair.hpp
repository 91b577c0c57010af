// SPDX-License-Identifier: Apache-2.0
//
// How every benchmark here measures: two sides in one process, in turn, in batches of milliseconds.
//
// A machine speeds up, slows down and is shared; a time in microseconds says as much about it as
// about the code. What survives is the ratio of two times taken right beside each other. So one
// repetition of a benchmark is one pair, its counter `ratio` the pair's, and the figure is the
// median over the repetitions, which Google Benchmark computes.
#pragma once

#include <benchmark/benchmark.h>
#include <functional>

namespace latchfile::bench {

/// What a ratio is of, and where it should be.
struct Goal {
  enum class Kind {
    cost,    ///< ours / floor, at most `ratio`
    speedup  ///< peer / ours, at least `ratio`
  };
  Kind kind;
  double ratio;
};

constexpr Goal cost_at_most(double ratio) { return {Goal::Kind::cost, ratio}; }
constexpr Goal speedup_at_least(double ratio) { return {Goal::Kind::speedup, ratio}; }

/// Whose seconds count. Work in memory never sleeps, so that there the CPU's are all, and those
/// that other programs took from it in between do not count.
enum class Time { cpu, wall };

/// A batch does what is measured `calls` times.
struct Side {
  std::function<void()> batch;
  int calls = 1;
};

/// Runs `ours` and `other` in turn, `rounds` times, and sets the counters of `state`: ours_us and
/// other_us for one call, ratio, goal.
void measure_pair(benchmark::State& state, const Side& ours, const Side& other, int rounds,
                  Time time, Goal goal);

/// The same for two sides that have taken their time themselves, in seconds for one call.
void report_pair(benchmark::State& state, double ours_seconds, double other_seconds, Goal goal);

/// One iteration for each repetition, timed by measure_pair.
void as_pair(benchmark::internal::Benchmark* benchmark);

}  // namespace latchfile::bench
