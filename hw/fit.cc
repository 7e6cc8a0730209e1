#include "hw/fit.h"

#include <algorithm>
#include <cmath>
#include <functional>

// Eigen's LevenbergMarquardt is MINPACK's, in C++.
#include <Eigen/Dense>
#include <unsupported/Eigen/NonLinearOptimization>

#include "absl/container/flat_hash_set.h"

namespace assay {
namespace {

constexpr int kPerClass = 3;
constexpr int kParameters = kPerClass * static_cast<int>(kNumKernelClasses) + 2;

Eigen::VectorXd ToLogs(const Achieved& a) {
  Eigen::VectorXd x(kParameters);
  int i = 0;
  for (const Achieved::OfClass& c : a.classes) {
    x[i++] = std::log(c.compute);
    x[i++] = std::log(c.bandwidth);
    x[i++] = std::log(std::max(c.half_saturation, 1.0));
  }
  x[i++] = std::log(std::max(a.launch, 1e-9));
  x[i++] = std::log(std::max(a.dispatch, 1e-9));
  return x;
}

// Shares end at 1: nothing beats the roofline.
Achieved FromLogs(const Eigen::VectorXd& x, const Achieved& like) {
  Achieved a = like;
  int i = 0;
  for (Achieved::OfClass& c : a.classes) {
    c.compute = std::min(1.0, std::exp(x[i++]));
    c.bandwidth = std::min(1.0, std::exp(x[i++]));
    // Where the prior knows none, there is none.
    const double half = std::exp(x[i++]);
    if (c.half_saturation > 0) c.half_saturation = half;
  }
  a.launch = std::exp(x[i++]);
  a.dispatch = std::exp(x[i++]);
  return a;
}

struct Problem {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  std::vector<const MeasuredRun*> runs;
  const Achieved* like = nullptr;
  Eigen::VectorXd mean, spread, weight;
  double noise = 0.1;

  int inputs() const { return kParameters; }
  int values() const { return static_cast<int>(runs.size()) + kParameters; }

  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& out) const {
    const Achieved a = FromLogs(x, *like);
    const int n = static_cast<int>(runs.size());
    for (int i = 0; i < n; ++i) {
      out[i] = weight[i] * std::log(SecondsOf(*runs[i], a) / runs[i]->seconds) / noise;
    }
    out.tail(kParameters) = (x - mean).cwiseQuotient(spread);
    return 0;
  }

  // Forward differences, a kernel at a time: it depends on its own class, on the class that prices
  // arithmetic outside contractions, and on the launch.
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& out) const {
    constexpr double kStep = 1e-6;
    const Achieved a = FromLogs(x, *like);
    std::vector<Achieved> stepped;
    for (int p = 0; p < kParameters; ++p) {
      Eigen::VectorXd moved = x;
      moved[p] += kStep;
      stepped.push_back(FromLogs(moved, *like));
    }
    out.setZero();
    const int n = static_cast<int>(runs.size());
    for (int i = 0; i < n; ++i) {
      const MeasuredRun& run = *runs[i];
      double device = run.fallback, kernels = 0;
      Eigen::VectorXd slope = Eigen::VectorXd::Zero(kParameters);
      for (const auto& kernel : run.kernels) {
        const KernelCost& cost = kernel.first;
        const double times = kernel.second;
        const double busy = BusySeconds(cost, a);
        device += times * (a.launch + busy);
        kernels += times;
        const int own = kPerClass * static_cast<int>(cost.kernel_class);
        const int rest = kPerClass * static_cast<int>(KernelClass::kOther);
        auto step = [&](int p) {
          slope[p] += times * (BusySeconds(cost, stepped[static_cast<size_t>(p)]) - busy) / kStep;
        };
        for (int p = own; p < own + kPerClass; ++p) step(p);
        if (own != rest) step(rest);
      }
      const double per_run = run.graph_capture ? 0 : run.host_per_run;
      const double host = run.graph_capture ? 0 : kernels * a.dispatch;
      if (host > device) {
        slope.setZero();
        slope[kParameters - 1] = host;  // by the logarithm
      } else {
        slope[kParameters - 2] = kernels * a.launch;
      }
      const double seconds = per_run + std::max(device, host);
      out.row(i) = weight[i] * slope.transpose() / (seconds * noise);
    }
    for (int p = 0; p < kParameters; ++p) out(n + p, p) = 1 / spread[p];
    return 0;
  }
};

Eigen::VectorXd Spreads(const FitPrior& prior, double times) {
  Eigen::VectorXd s(kParameters);
  int i = 0;
  for (size_t c = 0; c < kNumKernelClasses; ++c) {
    s[i++] = prior.compute_spread * times;
    s[i++] = prior.bandwidth_spread * times;
    s[i++] = prior.half_saturation_spread * times;
  }
  s[i++] = prior.launch_spread * times;
  s[i++] = prior.dispatch_spread * times;
  return s;
}

Achieved FitOnce(std::vector<const MeasuredRun*> runs, const Achieved& mean,
                 const Eigen::VectorXd& spread, double noise) {
  if (runs.empty()) return mean;
  Problem problem;
  problem.runs = std::move(runs);
  problem.like = &mean;
  problem.mean = ToLogs(mean);
  problem.spread = spread;
  problem.noise = noise;
  problem.weight = Eigen::VectorXd::Ones(static_cast<int>(problem.runs.size()));
  // The cost that the rounds make smaller: the data's pull is bounded, the prior's is not.
  auto cost = [&](const Eigen::VectorXd& x) {
    const Achieved a = FromLogs(x, mean);
    double sum = (x - problem.mean).cwiseQuotient(spread).squaredNorm();
    for (const MeasuredRun* run : problem.runs) {
      const double e = std::log(SecondsOf(*run, a) / run->seconds) / noise;
      sum += 2 * (std::sqrt(1 + e * e) - 1);
    }
    return sum;
  };
  // Where the device hides the host, nothing says how long the host takes: a second start has a
  // slow host.
  Eigen::VectorXd best = problem.mean;
  for (const double slower : {0.0, std::log(8)}) {
    Eigen::VectorXd x = problem.mean;
    x[kParameters - 1] += slower;
    problem.weight.setOnes();
    for (int round = 0; round < 4; ++round) {
      Eigen::LevenbergMarquardt<Problem> solver(problem);
      solver.parameters.maxfev = 100;
      solver.parameters.xtol = solver.parameters.ftol = 1e-6;
      solver.minimize(x);
      const Achieved a = FromLogs(x, mean);
      for (size_t i = 0; i < problem.runs.size(); ++i) {
        const double e =
            std::log(SecondsOf(*problem.runs[i], a) / problem.runs[i]->seconds) / noise;
        problem.weight[static_cast<int>(i)] = std::pow(1 + e * e, -0.25);
      }
    }
    if (cost(x) < cost(best)) best = x;
  }
  return FromLogs(best, mean);
}

// From the runs that are seen: all together, and each machine that has a run which is wanted.
Fitted FitRuns(absl::Span<const MeasuredRun> runs, const std::function<bool(size_t)>& seen,
               const std::function<bool(size_t)>& wanted, const FitPrior& prior) {
  Fitted out;
  std::vector<const MeasuredRun*> all;
  std::vector<std::pair<std::string, std::vector<const MeasuredRun*>>> by_machine;
  absl::flat_hash_set<std::string> machines;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (wanted(i)) machines.insert(runs[i].machine);
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!seen(i)) continue;
    all.push_back(&runs[i]);
    if (!machines.contains(runs[i].machine)) continue;
    auto of = std::find_if(by_machine.begin(), by_machine.end(),
                           [&](const auto& m) { return m.first == runs[i].machine; });
    if (of == by_machine.end()) {
      by_machine.emplace_back(runs[i].machine, std::vector<const MeasuredRun*>{});
      of = by_machine.end() - 1;
    }
    of->second.push_back(&runs[i]);
  }
  out.all = FitOnce(all, prior.mean, Spreads(prior, 1), prior.noise);
  for (auto& [machine, own] : by_machine) {
    out.machines.emplace_back(machine,
                              FitOnce(own, out.all, Spreads(prior, prior.kin_spread), prior.noise));
  }
  return out;
}

}  // namespace

double SecondsOf(const MeasuredRun& run, const Achieved& achieved) {
  double device = run.fallback, host = 0;
  for (const auto& [cost, times] : run.kernels) {
    device += times * (achieved.launch + BusySeconds(cost, achieved));
    host += times * achieved.dispatch;
  }
  return (run.graph_capture ? 0 : run.host_per_run) +
         std::max(device, run.graph_capture ? 0 : host);
}

const Achieved& Fitted::of(absl::string_view machine) const {
  for (const auto& [name, achieved] : machines) {
    if (name == machine) return achieved;
  }
  return all;
}

FitPrior PriorOf(const Prior& prior, const Runtime& runtime) {
  FitPrior out;
  out.mean.Set(prior.classes);
  out.mean.launch = prior.launch.value;
  out.mean.dispatch = runtime.host_per_op.value;
  out.mean.overlap = runtime.residency == Residency::kContexts ? 1 : prior.overlap.value;
  out.compute_spread = prior.compute_spread.value;
  out.bandwidth_spread = prior.bandwidth_spread.value;
  out.half_saturation_spread = prior.half_saturation_spread.value_or(1);
  out.launch_spread = prior.launch_spread.value;
  out.dispatch_spread = prior.dispatch_spread.value;
  out.kin_spread = prior.kin_spread.value;
  out.noise = prior.noise.value;
  return out;
}

Fitted Fit(absl::Span<const MeasuredRun> runs, const FitPrior& prior,
           const std::vector<bool>& wanted) {
  return FitRuns(
      runs, [](size_t) { return true; }, [&](size_t i) { return wanted.empty() || wanted[i]; },
      prior);
}

std::vector<double> HeldOutErrors(absl::Span<const MeasuredRun> runs, const FitPrior& prior,
                                  LeaveOut what, const std::vector<bool>& wanted) {
  std::vector<double> errors(runs.size(), 0);
  std::vector<bool> done(runs.size());
  auto group = [&](size_t i) -> const std::string& {
    return what == LeaveOut::kFamily ? runs[i].family : runs[i].machine;
  };
  auto is_wanted = [&](size_t i) { return wanted.empty() || wanted[i]; };
  for (size_t first = 0; first < runs.size(); ++first) {
    if (done[first] || !is_wanted(first)) continue;
    auto left_out = [&](size_t i) { return group(i) == group(first); };
    const Fitted fitted = FitRuns(
        runs, [&](size_t i) { return !left_out(i); },
        [&](size_t i) { return left_out(i) && is_wanted(i); }, prior);
    for (size_t i = first; i < runs.size(); ++i) {
      if (!left_out(i) || !is_wanted(i)) continue;
      done[i] = true;
      errors[i] = std::log(SecondsOf(runs[i], fitted.of(runs[i].machine)) / runs[i].seconds);
    }
  }
  return errors;
}

}  // namespace assay
