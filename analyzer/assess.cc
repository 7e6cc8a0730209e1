#include "analyzer/assess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "analyzer/quantity.h"
#include "hw/vary.h"
#include "ir/dtype.h"

namespace assay {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kJoulesPerKwh = 3.6e6;

constexpr absl::string_view kElementType = "element type ";

// A broken limit by this share is rounding.
constexpr double kSlack = 1e-9;

double PowerOf(const ModelEstimate& e) {
  const Target& target = *e.platform->target;
  if (e.power_w.has_value()) return *e.power_w;
  // (A share of it, where the target is shared out.)
  if (!target.design_power) return kNaN;
  return target.design_power.value * static_cast<double>(e.platform->share.instances);
}

// What is not known of it is no more than the design power draws.
double EnergyPerSample(const ModelEstimate& e, bool slow) {
  const Target& target = *e.platform->target;
  if (e.energy.complete && e.energy.joules.has_value()) {
    const double longer = slow ? e.latency_high_s - e.latency_s : 0;
    return (*e.energy.joules + target.idle_power.value_or(0) * longer) / e.batch;
  }
  if (!target.design_power) return kNaN;
  return target.design_power.value * (slow ? e.latency_high_s : e.latency_s) / e.batch;
}

double PricePerMillion(const ModelEstimate& e, const Limits& limits, bool slow) {
  if (!limits.dollars_per_kwh.has_value() && !limits.lifetime_s.has_value()) return kNaN;
  double dollars = 0;  // per sample
  if (limits.lifetime_s.has_value()) {
    const Datum& price = e.platform->target->price;
    if (!price) return kNaN;
    dollars += price.value / *limits.lifetime_s / AmountOf(LimitKind::kThroughput, e, limits, slow);
  }
  if (limits.dollars_per_kwh.has_value()) {
    dollars += EnergyPerSample(e, slow) / kJoulesPerKwh * *limits.dollars_per_kwh;
  }
  return 1e6 * dollars;
}

std::string NotKnown(LimitKind kind, const ModelEstimate& e, const Limits& limits) {
  const Target& target = *e.platform->target;
  switch (kind) {
    case LimitKind::kEnergy:
      return absl::StrCat("energy not known: ", target.name,
                          " lacks an energy per operation or byte, and a design_power");
    case LimitKind::kPower:
      return absl::StrCat("power not known: ", target.name, " states no design_power");
    case LimitKind::kPrice:
      if (limits.lifetime_s.has_value() && !target.price) {
        return absl::StrCat("price not known: ", target.name, " states none");
      }
      return absl::StrCat("price not known: the energy of ", target.name, " is not");
    default:
      return absl::StrCat(RowOf(kind).title, " not known");
  }
}

LimitResult Hold(const LimitRow& row, double allowed, const ModelEstimate& e,
                 const Limits& limits) {
  LimitResult r{.row = &row,
                .allowed = allowed,
                .value = AmountOf(row.kind, e, limits),
                .slow = AmountOf(row.kind, e, limits, /*slow=*/true)};
  const double sign = row.at_least ? -1 : 1;
  const auto broken = [&](double value) {
    return sign * (value - allowed) > kSlack * std::abs(allowed);
  };
  r.margin = sign * (allowed - r.value) / allowed;
  const std::string limit = absl::StrCat(", limit ", Shown(allowed, row.quantity));
  if (std::isnan(r.value)) {
    r.verdict = Verdict::kPartial;
    r.why = NotKnown(row.kind, e, limits);
    // What is known of an energy is the least that it can be.
    const double least = e.energy.joules.value_or(0) / e.batch;
    if (row.kind == LimitKind::kEnergy && broken(least)) {
      r.verdict = Verdict::kFail;
      r.why = absl::StrCat("energy at least ", Shown(least, row.quantity), limit);
    }
  } else if (broken(r.value)) {
    r.verdict = Verdict::kFail;
    r.why = absl::StrCat(row.title, " ", Shown(r.value, row.quantity), limit);
    const bool drawn = row.kind == LimitKind::kPower || row.kind == LimitKind::kEnergy;
    if (drawn && !e.power_w.has_value()) r.why += " (at its design power)";
  } else if (broken(r.slow)) {
    r.verdict = Verdict::kPartial;
    r.why = absl::StrCat(row.title, row.at_least ? " as low as " : " up to ",
                         Shown(r.slow, row.quantity), limit);
  }
  return r;
}

LimitResult HoldMemory(const ModelEstimate& e) {
  LimitResult r{.allowed = e.memory_bytes,
                .value = e.memory_needed_bytes,
                .slow = e.memory_needed_bytes,
                .margin = (e.memory_bytes - e.memory_needed_bytes) / e.memory_bytes};
  if (!*e.fits) {
    r.verdict = Verdict::kFail;
    r.why = absl::StrCat("needs ", Shown(r.value, Quantity::kBytes), " of ",
                         Shown(r.allowed, Quantity::kBytes), " on ", e.platform->target->name);
  }
  return r;
}

// Operators that fall back, then element types that the target does not list.
std::vector<Lacking> FindLacking(const ModelEstimate& e, const Partition& partition) {
  std::vector<Lacking> out;
  if (e.fallback.has_value()) {
    const Fallback& f = *e.fallback;
    // The host takes whole kernels, and under some runtimes all that follows.
    out.push_back({"on the host in all", f.ops, f.mac_share, f.time_share});
    for (const auto& [name, count] : f.lacking) {
      out.push_back({absl::StrCat("operator ", name), count, kNaN, kNaN});
    }
  }
  const std::vector<std::string>& listed = e.platform->target->dtypes;
  if (listed.empty()) return out;
  double macs = 0, seconds = 0;
  std::map<DType, Lacking> types;
  for (size_t i = 0; i < e.kernels.size(); ++i) {
    const double n = partition.kernels[i].multiplicity;
    macs += n * e.kernels[i].macs;
    seconds += n * e.results[i].seconds;
    if (e.results[i].fallback || e.results[i].seconds <= 0) continue;
    std::vector<DType> seen;
    for (const Kernel::Operand& operand : e.kernels[i].operands) {
      // Indices and sizes are no work; a compiler makes of them what it needs.
      const bool multiplied = e.kernels[i].loops && e.kernels[i].loops->multiply == operand.dtype;
      if (!IsFloat(operand.dtype) && !multiplied) continue;
      if (absl::c_linear_search(listed, Name(operand.dtype))) continue;
      if (absl::c_linear_search(seen, operand.dtype)) continue;
      seen.push_back(operand.dtype);
      Lacking& lacking = types[operand.dtype];
      lacking.what = absl::StrCat(kElementType, Name(operand.dtype));
      ++lacking.count;
      lacking.mac_share += n * e.kernels[i].macs;
      lacking.time_share += n * e.results[i].seconds;
    }
  }
  for (auto& [dtype, lacking] : types) {
    lacking.mac_share = macs > 0 ? lacking.mac_share / macs : 0;
    lacking.time_share = seconds > 0 ? lacking.time_share / seconds : 0;
    out.push_back(std::move(lacking));
  }
  return out;
}

// The format in which engines are busy longest; none: no engine works.
std::optional<Math> BusiestMath(const ModelEstimate& e) {
  std::map<Math, double> seconds;
  for (const ResourceUse& part : e.parts) {
    if (!part.is_memory && !part.outside) seconds[part.math] += part.seconds;
  }
  std::optional<Math> best;
  for (const auto& [math, s] : seconds) {
    if (!best.has_value() || s > seconds[*best]) best = math;
  }
  return best;
}

Quantity QuantityOf(Unit unit) {
  switch (unit) {
    case Unit::kHertz:
      return Quantity::kHertz;
    case Unit::kBytes:
      return Quantity::kBytes;
    case Unit::kBytesPerSecond:
      return Quantity::kBytesPerSecond;
    case Unit::kSeconds:
      return Quantity::kSeconds;
    case Unit::kWatts:
      return Quantity::kWatts;
    case Unit::kOpsPerSecond:
      return Quantity::kOpsPerSecond;
    case Unit::kDollars:
      return Quantity::kDollars;
    default:
      return Quantity::kRatio;
  }
}

// What the limit that binds comes to.
std::string Then(const Assessment& a) {
  const LimitResult* worst = a.binding();
  if (worst == nullptr) return "";
  return absl::StrCat(
      worst->title(), " ",
      Shown(worst->value, worst->row == nullptr ? Quantity::kBytes : worst->row->quantity));
}

class Search {
 public:
  Search(const Analysis& analysis, const ModelEstimate& estimate, const Limits& limits)
      : analysis_(analysis),
        base_(estimate),
        request_(analysis.estimate_requests[static_cast<size_t>(estimate.request)]),
        partition_(*analysis.partitions[static_cast<size_t>(estimate.partition)]),
        limits_(limits) {
    request_.fill = false;
  }

  std::vector<Change> Run() {
    const Assessment now = Assess(base_, partition_, limits_);
    bool fits = true;
    bool draws = false;  // a power or an energy is broken, which less may mend
    for (const LimitResult& limit : now.limits) {
      if (limit.verdict != Verdict::kFail) continue;
      if (limit.row == nullptr) {
        fits = false;
        continue;
      }
      const LimitKind kind = limit.row->kind;
      draws |= kind == LimitKind::kPower || kind == LimitKind::kEnergy || kind == LimitKind::kPrice;
    }
    std::vector<std::string> paths = {"dram.bandwidth", "cache.size"};
    if (!fits) paths.emplace_back("dram.size");
    if (const std::optional<Math> math = BusiestMath(base_)) {
      paths.push_back(absl::StrCat("peak.", Name(*math)));
    }
    paths.insert(paths.end(), {"clock", "units", "launch"});
    // (Where the draw is not known, the design power stands for it: less of it would be no change.)
    if (base_.power_w.has_value()) paths.emplace_back("power");
    if (base_.fallback.has_value()) paths.emplace_back("link.bandwidth");
    for (const std::string& path : paths) {
      const absl::StatusOr<Variable> variable = FindVariable(*request_.target, path);
      if (variable.ok()) TryNumber(*variable, draws);
    }
    TryPrecisions();
    TryModes();
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const Change& a, const Change& b) { return Rank(a) < Rank(b); });
    return std::move(changes_);
  }

 private:
  static std::pair<int, double> Rank(const Change& c) {
    if (c.verdict == Verdict::kFail) return {2, 0};
    return c.factor > 0 ? std::pair(0, std::abs(std::log(c.factor))) : std::pair(1, 0.0);
  }

  std::optional<Assessment> Try(const EstimateRequest& request) const {
    const absl::StatusOr<ModelEstimate> e =
        EstimateModel(*analysis_.graph, *analysis_.shapes, *analysis_.execution, *analysis_.works,
                      *analysis_.numbers, *analysis_.flow, partition_, *analysis_.memory, request);
    if (!e.ok()) return std::nullopt;
    return Assess(*e, partition_, limits_);
  }
  std::optional<Assessment> TryFactor(const std::string& path, double factor) const {
    EstimateRequest request = request_;
    absl::StatusOr<std::shared_ptr<const Target>> varied = Varied(*request_.target, path, factor);
    if (!varied.ok()) return std::nullopt;
    request.target = *std::move(varied);
    return Try(request);
  }
  static bool Passes(const std::optional<Assessment>& a) {
    return a.has_value() && a->verdict != Verdict::kFail;
  }

  // The least power of two that suffices in one direction; 0: none.
  double Coarse(const std::string& path, double step, bool rises) const {
    // More of what only helps helps most at the end.
    const double end = std::pow(step, 10);
    if (rises && !Passes(TryFactor(path, end))) return 0;
    for (int i = 1; i <= 10; ++i) {
      if (Passes(TryFactor(path, std::pow(step, i)))) return std::pow(step, i);
    }
    return 0;
  }

  void TryNumber(const Variable& variable, bool draws) {
    const std::string& path = variable.path;
    const double up = path == "launch" ? 0.5 : 2;
    double found = Coarse(path, up, /*rises=*/!draws);
    if (draws) {
      const double other = Coarse(path, 1 / up, false);
      if (other > 0 && (found == 0 || std::abs(std::log(other)) < std::abs(std::log(found)))) {
        found = other;
      }
    }
    Change change{.what = path, .from = variable.value, .quantity = QuantityOf(variable.unit)};
    double at = found;
    if (found == 0) {
      at = std::pow(up, 10);
      change.verdict = Verdict::kFail;
    } else {
      // Between half of it and itself, in ratios.
      double bad = found > 1 ? found / 2 : found * 2;
      for (int i = 0; i < 7; ++i) {
        const double middle = std::sqrt(bad * at);
        (Passes(TryFactor(path, middle)) ? at : bad) = middle;
      }
    }
    const std::optional<Assessment> then = TryFactor(path, at);
    if (!then.has_value()) return;
    change.verdict = then->verdict;
    change.then = Then(*then);
    const auto varied = Varied(*request_.target, path, at);
    change.to = FindVariable(**varied, path)->value;
    change.factor = change.to / change.from;
    changes_.push_back(std::move(change));
  }

  void TryPrecisions() {
    for (absl::string_view name : PrecisionsOf(*request_.target)) {
      if (name == base_.platform->precision->name || name == "model") continue;
      EstimateRequest request = request_;
      request.precision = std::string(name);
      const std::optional<Assessment> then = Try(request);
      if (Passes(then)) Add(absl::StrCat("--precision ", name), *then);
    }
  }
  void TryModes() {
    const std::string whole = absl::StrCat(
        absl::string_view(request_.target->name).substr(0, request_.target->name.find('@')));
    for (const std::string& mode : request_.target->modes) {
      const std::string name = absl::StrCat(whole, "@", mode);
      const auto target = FindTarget(name);  // not of a file of the user's own
      if (!target.ok() || name == request_.target->name) continue;
      EstimateRequest request = request_;
      request.target = *target;
      const std::optional<Assessment> then = Try(request);
      if (Passes(then)) Add(absl::StrCat("--target ", name), *then);
    }
  }
  void Add(std::string what, const Assessment& then) {
    changes_.push_back({.what = std::move(what),
                        .from = kNaN,
                        .to = kNaN,
                        .verdict = then.verdict,
                        .then = Then(then)});
  }

  const Analysis& analysis_;
  const ModelEstimate& base_;
  EstimateRequest request_;
  const Partition& partition_;
  const Limits& limits_;
  std::vector<Change> changes_;
};

}  // namespace

absl::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kPartial:
      return "PARTIAL";
    case Verdict::kFail:
      return "FAIL";
  }
  return "?";
}

double AmountOf(LimitKind kind, const ModelEstimate& e, const Limits& limits, bool slow) {
  switch (kind) {
    case LimitKind::kLatency:
      return slow ? e.latency_high_s : e.latency_s;
    case LimitKind::kThroughput:
      return !slow                  ? e.throughput_per_s
             : e.latency_high_s > 0 ? e.throughput_per_s * e.latency_s / e.latency_high_s
                                    : 0;
    case LimitKind::kMemory:
      return e.memory_needed_bytes;
    case LimitKind::kEnergy:
      return EnergyPerSample(e, slow);
    case LimitKind::kPower:
      return PowerOf(e);
    case LimitKind::kPrice:
      return PricePerMillion(e, limits, slow);
  }
  return kNaN;
}

const LimitResult* Assessment::binding() const {
  const LimitResult* least = nullptr;
  for (const LimitResult& limit : limits) {
    if (std::isnan(limit.margin)) continue;
    if (least == nullptr || limit.margin < least->margin) least = &limit;
  }
  return least;
}

Assessment Assess(const ModelEstimate& e, const Partition& partition, const Limits& limits) {
  Assessment out;
  for (const LimitRow& row : LimitRows()) {
    if (const std::optional<double>& allowed = limits.of(row.kind)) {
      out.limits.push_back(Hold(row, *allowed, e, limits));
    }
  }
  if (e.fits.has_value()) out.limits.push_back(HoldMemory(e));
  for (Verdict verdict : {Verdict::kFail, Verdict::kPartial}) {
    for (const LimitResult& limit : out.limits) {
      if (limit.verdict == verdict) out.why.push_back(limit.why);
    }
  }
  for (const LimitResult& limit : out.limits) out.verdict = std::max(out.verdict, limit.verdict);
  out.lacking = FindLacking(e, partition);
  if (e.fallback.has_value()) {
    const bool required = limits.require_operators.value_or(false);
    out.verdict = std::max(out.verdict, required ? Verdict::kFail : Verdict::kPartial);
    const auto& lacking = e.fallback->lacking;
    out.why.push_back(absl::StrCat(
        lacking.size() == 1 ? lacking[0].first : absl::StrCat(lacking.size(), " operators"),
        " on the host, with ", Shown(e.fallback->time_share, Quantity::kShare), " of the time"));
  }
  std::vector<absl::string_view> types;
  for (const Lacking& lacking : out.lacking) {
    absl::string_view type = lacking.what;
    if (absl::ConsumePrefix(&type, kElementType)) types.push_back(type);
  }
  if (!types.empty()) {
    out.verdict = std::max(out.verdict, Verdict::kPartial);
    out.why.push_back(absl::StrCat("computes with ", absl::StrJoin(types, ", "), ", which ",
                                   e.platform->target->name, " does not list"));
  }
  if (e.unknown_kernels > 0) {
    out.verdict = std::max(out.verdict, Verdict::kPartial);
    out.why.push_back(absl::StrCat("the work of ", e.unknown_kernels, " kernels is not known"));
  }
  return out;
}

std::vector<Change> FindChanges(const Analysis& analysis, const ModelEstimate& estimate,
                                const Limits& limits) {
  return Search(analysis, estimate, limits).Run();
}

}  // namespace assay
