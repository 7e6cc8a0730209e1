#include "hw/tiling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay {

double CeilDiv(double a, double b) { return std::ceil(a / b); }
double RoundUp(double a, double step) { return CeilDiv(a, step) * step; }
int64_t WholeSize(double x) { return static_cast<int64_t>(std::min(x, 1e18)); }

Crew CrewOf(absl::Span<const Workers> workers) {
  Crew crew;
  for (const Workers& w : workers) {
    crew.units += w.count;
    crew.speed += w.count * w.speed;
  }
  return crew;
}

Product ProductOf(const Kernel::Loops& loops) {
  auto at_least_one = [](int64_t x) { return static_cast<double>(std::max<int64_t>(x, 1)); };
  Product p{.batch = at_least_one(loops.batch) * at_least_one(loops.groups),
            .m = at_least_one(loops.m),
            .n = at_least_one(loops.n),
            .k = at_least_one(loops.k),
            .steps = at_least_one(loops.steps)};
  bool conv = loops.kind == Nest::Kind::kConv || loops.kind == Nest::Kind::kConvTranspose;
  if (conv || loops.shared_b) {
    p.m *= at_least_one(loops.batch);
    p.batch = at_least_one(loops.groups);
  }
  return p;
}

TileLimits LimitsOf(const Engine& engine, double lanes) {
  TileLimits limits;
  limits.min_m = std::max(1.0, engine.min_tile_m.value_or(1));
  limits.min_n = std::max({1.0, engine.min_tile_n.value_or(1), lanes});
  limits.tile_m = std::max(limits.min_m, engine.tile_m.value_or(limits.min_m));
  limits.tile_n = std::max(limits.min_n, engine.tile_n.value_or(limits.min_n));
  limits.step_k = std::max(1.0, engine.min_tile_k.value_or(1));
  return limits;
}

double Makespan(double tasks, absl::Span<const Workers> workers) {
  double speed = 0, slowest = std::numeric_limits<double>::infinity();
  for (const Workers& w : workers) {
    if (w.count <= 0 || w.speed <= 0) continue;
    speed += w.count * w.speed;
    slowest = std::min(slowest, w.speed);
  }
  if (tasks <= 0 || speed <= 0) return 0;
  if (workers.size() == 1) return std::ceil(tasks / workers[0].count) / workers[0].speed;
  double floor = tasks / speed;
  // So many that a double cannot count them one by one: what is left over does not matter.
  if (tasks > 1e15) return floor;
  // Rounding must not lose a task that is done exactly at t.
  auto done_by = [&](double t) {
    double done = 0;
    for (const Workers& w : workers) {
      if (w.count > 0 && w.speed > 0) done += w.count * std::floor(t * w.speed * (1 + 1e-12));
    }
    return done;
  };
  // Some worker finishes a task at the answer, which lies within one task of the slowest from the
  // floor.
  double best = floor + 1 / slowest;
  for (const Workers& w : workers) {
    if (w.count <= 0 || w.speed <= 0) continue;
    double low = std::ceil(floor * w.speed * (1 - 1e-12));
    double high = std::ceil(best * w.speed);
    while (low < high) {  // least number of tasks of one such worker by which all are done
      double middle = std::floor((low + high) / 2);
      if (done_by(middle / w.speed) >= tasks) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    double t = low / w.speed;
    if (done_by(t) >= tasks) best = std::min(best, t);
  }
  return std::max(best, floor);
}

Tiling ChooseTiling(const Product& p, const TileLimits& limits, absl::Span<const Workers> workers,
                    absl::FunctionRef<double(double, double)> feed, double split_rate) {
  const auto [units, speed] = CrewOf(workers);
  Tiling best;
  best.seconds = std::numeric_limits<double>::infinity();
  double useful = p.batch * p.m * p.n * p.k;
  for (double tm = limits.tile_m;; tm = std::max(limits.min_m, std::floor(tm / 2))) {
    for (double tn = limits.tile_n;; tn = std::max(limits.min_n, std::floor(tn / 2))) {
      double tiles = p.batch * CeilDiv(p.m, tm) * CeilDiv(p.n, tn);
      double fed = feed(tm, tn);
      for (int64_t split = 1; split <= limits.max_split; split *= 2) {
        double parts = static_cast<double>(split);
        double k = RoundUp(CeilDiv(p.k, parts), limits.step_k);
        double tasks = tiles * parts;
        double macs = tm * tn * k;  // of one task
        bool last = tiles * parts >= units || k <= limits.step_k;
        // Even if no unit ever waited, this would not win.
        if (speed > 0 && p.steps * tasks * macs / speed / fed >= best.seconds) {
          if (last) break;
          continue;
        }
        double t = Makespan(tasks, workers) * macs / fed;
        // Each part's sums are written once and read once, in fp32.
        double extra = split == 1 ? 0 : 2 * 4 * parts * p.batch * p.m * p.n;
        double adding = split_rate > 0 ? extra / split_rate : 0;
        double seconds = p.steps * (t + adding);
        if (seconds < best.seconds * (1 - 1e-9)) {
          best = {.tile_m = tm,
                  .tile_n = tn,
                  .split_k = split,
                  .tasks = tasks,
                  .seconds = seconds,
                  .edge = useful / (tasks * macs),
                  .wave = speed > 0 && t > 0 ? tasks * macs / speed / fed / t : 1,
                  .feed = fed,
                  .split = t > 0 ? t / (t + adding) : 1,
                  .extra_bytes = p.steps * extra};
        }
        if (last) break;
      }
      if (tn <= limits.min_n) break;
    }
    if (tm <= limits.min_m) break;
  }
  return best;
}

std::vector<Workers> WorkersOf(const Target& target, EngineClass engine, Math math) {
  std::vector<Workers> workers;
  for (const UnitClass& unit : target.units) {
    double rate = target.RateOfUnits(engine, math, unit.name);
    if (rate > 0) workers.push_back({unit.count.value, rate / 2 / unit.count.value});
  }
  return workers;
}

Mapping MappingOf(const Tiling& tiling, const TileLimits& limits, absl::Span<const Workers> workers,
                  EngineClass engine, Math math) {
  const double units = CrewOf(workers).units;
  Mapping mapping;
  mapping.engine = engine;
  mapping.math = math;
  mapping.tasks = tiling.tasks;
  mapping.slots = units;
  mapping.units_used = std::min(tiling.tasks, units);
  mapping.waves = units > 0 ? std::ceil(tiling.tasks / units) : 0;
  mapping.tile_m = static_cast<int64_t>(tiling.tile_m);
  mapping.tile_n = static_cast<int64_t>(tiling.tile_n);
  mapping.tile_k = static_cast<int64_t>(limits.step_k);
  mapping.split_k = tiling.split_k;
  mapping.extra_bytes = tiling.extra_bytes;
  mapping.Multiply("tile", tiling.edge);
  mapping.Multiply("wave", tiling.wave);
  if (tiling.feed < 1) mapping.Multiply("feed", tiling.feed);
  if (tiling.split < 1) mapping.Multiply("split", tiling.split);
  return mapping;
}

Mapping MapElements(double elements, double per_task, absl::Span<const Workers> workers,
                    EngineClass engine, Math math) {
  Mapping mapping;
  mapping.engine = engine;
  mapping.math = math;
  const auto [units, speed] = CrewOf(workers);
  mapping.units_used = units;
  if (elements <= 0 || units <= 0) return mapping;
  mapping.tasks = std::ceil(elements / per_task);
  mapping.slots = units;
  mapping.units_used = std::min(mapping.tasks, units);
  mapping.waves = std::ceil(mapping.tasks / units);
  // Tasks count as full: time then grows with the number of elements, never falls.
  mapping.Multiply("tile", elements / (mapping.tasks * per_task));
  mapping.Multiply("wave", mapping.tasks / speed / Makespan(mapping.tasks, workers));
  return mapping;
}

}  // namespace assay
