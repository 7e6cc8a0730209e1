#include "analyzer/explain_estimate.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/explain.h"
#include "analyzer/explain_steps.h"
#include "analyzer/units.h"
#include "hw/provenance.h"
#include "hw/tiling.h"
#include "hw/units.h"

namespace assay {
namespace {

class Explainer {
 public:
  Explainer(const Report& report, const ModelEstimate& estimate, int kernel, Document* out)
      : report_(report),
        estimate_(estimate),
        platform_(*estimate.platform),
        target_(*platform_.target),
        ops_(report.analysis.partitions[estimate.partition]->kernels[kernel]),
        kernel_(estimate.kernels[kernel]),
        e_(estimate.results[kernel]),
        cost_(CostOf(kernel_, platform_)),
        out_(*out) {}

  int Run() {
    Where();
    Operands();
    if (e_.fallback) {
      OnHost();
      return steps_.wrong();
    }
    if (!kernel_.in_place) {
      Mapped();
      Resources();
    }
    Time();
    out_.Add(
        EnergyTable("energy of one execution", target_, e_.energy, e_.parts, e_.seconds, &steps_));
    return steps_.wrong();
  }

 private:
  // In which format it is computed, and why.
  std::string FormatText() const {
    if (kernel_.in_place) return "";
    const Mapping& m = cost_.mapping;
    std::string why;
    if (kernel_.loops) {
      const DType from = kernel_.loops->multiply;
      const Math own = MathOf(from);
      if (IsFloat(from) && platform_.precision->contraction) {
        why = absl::StrCat("precision ", platform_.precision->name, " multiplies in ",
                           Name(*platform_.precision->contraction));
      } else if (const MathReplacement* r = ReplacementOf(own); r != nullptr) {
        why = absl::StrCat("the model multiplies ", Name(from), ", and runtime ",
                           platform_.runtime->name, " runs ", Name(own), " as ", Name(r->runs_as));
      } else {
        why = absl::StrCat("the model multiplies ", Name(from));
      }
    } else {
      why = "arithmetic of the largest operand's type";
    }
    if (cost_.replaced_math) {
      absl::StrAppend(&why, "; ", target_.name, " lacks a format of it, the next wider serves");
    }
    return absl::StrCat(Name(m.math), " on ", Name(m.engine), " engines: ", why);
  }
  const MathReplacement* ReplacementOf(Math math) const {
    for (const MathReplacement& r : platform_.runtime->replaces) {
      if (r.math == math && target_.BestRate(r.runs_as) > 0) return &r;
    }
    return nullptr;
  }

  void Where() {
    Facts facts = EstimateFacts(platform_);
    facts.Add("kernel_class", "class of kernel", Name(cost_.kernel_class));
    if (const std::string format = FormatText(); !format.empty()) {
      facts.Add("format", "format", format);
    }
    facts.Add("kernel_value", "seen as", ToString(kernel_));
    out_.Add(std::move(facts));
  }

  void Operands() {
    Table table{.key = "operands",
                .title = "what it moves, and where that is found",
                .columns = {{"what", "what"},
                            {"name", "tensor"},
                            {"dtype", "type"},
                            {"elements", "elements", Quantity::kExact},
                            {"bytes", "bytes", Quantity::kBytes},
                            {"reuse_distance_bytes", "last used", Quantity::kBytes, true},
                            {"reuse", "other bytes since"},
                            {"level", "found in"}}};
    for (size_t i = 0; i < kernel_.operands.size(); ++i) {
      const Kernel::Operand& o = kernel_.operands[i];
      const size_t reads = ops_.reads.size();
      std::string name;
      if (i < reads) {
        name = std::string(report_.graph->name(ops_.reads[i]));
      } else if (i - reads < ops_.writes.size()) {
        name = std::string(report_.graph->name(ops_.writes[i - reads]));
      }
      const bool never = o.reuse_distance == Kernel::Operand::kNever;
      const MemoryLevel& level =
          target_.memory[static_cast<size_t>(ResidentLevel(target_, o.bytes, o.reuse_distance))];
      table.rows.push_back({{Name(o.what), name, Name(o.dtype), o.elements, o.bytes,
                             std::isinf(o.reuse_distance) ? Cell() : Cell(o.reuse_distance),
                             never                  ? "not on the chip before"
                             : o.reuse_distance < 0 ? "stays there"
                                                    : Bytes(o.reuse_distance),
                             level.name}});
    }
    out_.Add(std::move(table));
  }

  void Mapped() {
    const Mapping& m = cost_.mapping;
    Facts facts{.key = "mapping", .title = "how it lands on the units"};
    std::string loops;
    if (kernel_.loops) {
      const Product p = ProductOf(*kernel_.loops);
      loops = absl::StrCat("of ", StepText(p.batch), " x M ", StepText(p.m), " x N ", StepText(p.n),
                           " x K ", StepText(p.k),
                           p.steps > 1 ? absl::StrCat(", ", StepText(p.steps), " steps") : "");
    }
    if (m.tile_m > 0) {
      facts.Add("block", "block",
                absl::StrCat(m.tile_m, " x ", m.tile_n, ", sum in steps of ", m.tile_k),
                Quantity::kText, loops);
      facts.Add("split_k", "parts of the sum", m.split_k > 1 ? Cell(m.split_k) : Cell(),
                Quantity::kExact);
    }
    if (m.tasks > 0) {
      facts.Add("blocks", "blocks", m.tasks, Quantity::kExact,
                absl::StrCat("in ", StepText(m.waves), " rounds over ", StepText(m.slots)));
    }
    facts.Add("units_used", "units in use", m.units_used, Quantity::kRatio,
              absl::StrCat("of ", StepText(target_.unit_count())));
    if (m.occupancy.blocks > 0) {
      facts.Add("resident_blocks", "held by a unit", m.occupancy.blocks, Quantity::kExact,
                absl::StrCat("blocks, ", Percent(m.occupancy.share), " of its threads, by ",
                             m.occupancy.limit));
    }
    out_.Add(std::move(facts));

    Table table = NumbersTable("utilization", "share of the peak that the mapping leaves");
    double product = 1;
    std::vector<std::string> parts;
    for (const Factor& f : m.factors) {
      product *= f.value;
      parts.push_back(StepText(f.value));
      const auto [again, filled] = FactorAgain(f.name);
      ExplainedNumber n{
          .name = std::string(f.name),
          .value = f.value,
          .quantity = Quantity::kRatio,
          .formula = std::string(FactorFormula(target_.kind, f.name, kernel_.loops.has_value()))};
      if (SameNumber(again, f.value)) n.filled = filled;
      AddNumber(n, &table);
    }
    steps_.Add({.name = "all",
                .value = m.utilization,
                .quantity = Quantity::kRatio,
                .formula = m.factors.empty() ? "nothing takes from it" : "product of these",
                .filled = absl::StrJoin(parts, " * ")},
               product, &table);
    out_.Add(std::move(table));
  }

  // Two factors can be had from the mapping alone; NaN for others.
  std::pair<double, std::string> FactorAgain(absl::string_view name) const {
    const Mapping& m = cost_.mapping;
    if (name == "wave" && m.slots > 0 && m.waves > 0) {
      return {m.tasks / (m.waves * m.slots),
              absl::StrCat(StepText(m.tasks), " / (", StepText(m.waves), " * ", StepText(m.slots),
                           ")")};
    }
    if (name == "tile" && kernel_.loops && m.tile_m > 0 && m.tile_k > 0) {
      const Product p = ProductOf(*kernel_.loops);
      const double k =
          RoundUp(CeilDiv(p.k, static_cast<double>(m.split_k)), static_cast<double>(m.tile_k));
      const auto tm = static_cast<double>(m.tile_m), tn = static_cast<double>(m.tile_n);
      return {p.batch * p.m * p.n * p.k / (m.tasks * tm * tn * k),
              absl::StrCat(StepText(p.batch), "*", StepText(p.m), "*", StepText(p.n), "*",
                           StepText(p.k), " / (", StepText(m.tasks), "*", m.tile_m, "*", m.tile_n,
                           "*", StepText(k), ")")};
    }
    return {NAN, ""};
  }

  // What a part is asked for, in words and numbers.
  std::pair<std::string, std::string> AmountText(const KernelCost::Part& part) const {
    const ResourceUse& use = part.use;
    if (use.unit == "J") return {"joules of its operations and bytes", ""};
    if (use.is_memory) {
      std::vector<std::string> bytes;
      for (const Kernel::Operand& o : kernel_.operands) {
        if (ResidentLevel(target_, o.bytes, o.reuse_distance) >= use.level && o.bytes > 0) {
          bytes.push_back(StepText(o.bytes));
        }
      }
      std::string words = "bytes of operands found there or further out";
      if (cost_.mapping.extra_bytes > 0) absl::StrAppend(&words, ", and of partial sums");
      const UnitClass* unit = target_.unit(target_.memory[static_cast<size_t>(use.level)].scope);
      if (unit != nullptr && unit->count.value < target_.unit_count()) {
        absl::StrAppend(&words, ", share of ", unit->name);
        return {words, ""};
      }
      return {words, bytes.size() > 1 && bytes.size() <= 8 && cost_.mapping.extra_bytes <= 0
                         ? absl::StrJoin(bytes, " + ")
                         : ""};
    }
    if (part.scale == KernelCost::Scale::kContraction) {
      if (use.amount < 2 * kernel_.macs) {
        return {"2 * MACs * 16/36, as Winograd's transform multiplies less",
                absl::StrCat("2 * ", StepText(kernel_.macs), " * 16/36")};
      }
      return {"2 * MACs", absl::StrCat("2 * ", StepText(kernel_.macs))};
    }
    if (use.engine == EngineClass::kSpecial) return {"transcendentals", ""};
    const double rest = std::max(0.0, kernel_.flops - (kernel_.loops ? 2 * kernel_.macs : 0));
    std::string words = "FLOPs beyond the contraction + integer operations + comparisons";
    std::string filled = absl::StrCat(StepText(rest), " + ", StepText(kernel_.int_ops), " + ",
                                      StepText(kernel_.comparisons));
    double again = rest + kernel_.int_ops + kernel_.comparisons;
    if (!SameNumber(again, use.amount) && kernel_.transcendentals > 0) {
      again += kernel_.transcendentals;
      absl::StrAppend(&words, " + transcendentals, for want of an engine of their own");
      absl::StrAppend(&filled, " + ", StepText(kernel_.transcendentals));
    }
    if (!SameNumber(again, use.amount)) {
      absl::StrAppend(&words, " + Winograd's transforms");
      absl::StrAppend(&filled, " + ", StepText(use.amount - again));
    }
    return {words, filled};
  }

  // Each part of the cost: amount, peak, mapped and achieved rate, seconds.
  void Resources() {
    Table table =
        NumbersTable("resources", "what each resource is asked for, and how long it takes", true);
    const Achieved& achieved = platform_.achieved;
    const ClassEfficiency* own = EfficiencyOf(platform_, cost_.kernel_class);
    const auto& mine = achieved.classes[static_cast<size_t>(cost_.kernel_class)];
    const auto& other = achieved.classes[static_cast<size_t>(KernelClass::kOther)];
    size_t result = 0;
    for (size_t i = 0; i < cost_.parts.size(); ++i) {
      const KernelCost::Part& part = cost_.parts[i];
      const ResourceUse& use = part.use;
      const std::string unit(use.unit);
      const auto [words, amount] = AmountText(part);
      AddNumber({.name = std::string(use.name),
                 .value = use.amount,
                 .unit = unit,
                 .quantity = use.is_memory ? Quantity::kBytes
                             : unit == "J" ? Quantity::kJoules
                                           : Quantity::kCount,
                 .formula = words,
                 .filled = amount},
                &table);
      const Quantity rate = use.is_memory ? Quantity::kBytesPerSecond
                            : unit == "J" ? Quantity::kWatts
                                          : Quantity::kOpsPerSecond;
      const std::vector<Cited> data = DataOfPeak(target_, use);
      AddNumber({.name = "  peak",
                 .value = use.peak,
                 .unit = absl::StrCat(unit, "/s"),
                 .quantity = rate,
                 .formula = TimesText(data),
                 .source = Citations(data)},
                &table);
      // To the mapped rate, then to the achieved one.
      std::string formula = "amount / peak",
                  filled = absl::StrCat(StepText(use.amount), " / ", StepText(use.peak));
      double again = use.amount / use.peak;
      const double mapped = use.rate / use.peak;
      if (!SameNumber(mapped, 1)) {
        const bool half =
            part.scale == KernelCost::Scale::kRest && use.engine != EngineClass::kSpecial;
        const double left = half ? mapped * 2 : mapped;
        if (half) {
          absl::StrAppend(&formula, " / (1/2: peaks count a fused multiply-add as two)");
          absl::StrAppend(&filled, " / 0.5");
          again /= 0.5;
        }
        if (!SameNumber(left, 1)) {
          absl::StrAppend(&formula, use.is_memory ? " / share of units in use" : " / mapping");
          absl::StrAppend(&filled, " / ", StepText(left));
          again /= left;
        }
      }
      std::string source;
      auto slow = [&](const char* what, double efficiency, const Datum* datum,
                      absl::string_view of) {
        if (SameNumber(efficiency, 1)) return;
        absl::StrAppend(&formula, " / ", what);
        absl::StrAppend(&filled, " / ", StepText(efficiency));
        again /= efficiency;
        if (datum != nullptr) {
          source = absl::StrCat(platform_.calibration_label, ", class ", of, ": ",
                                Citation({"", datum, Unit::kRatio}));
        }
      };
      switch (part.scale) {
        case KernelCost::Scale::kContraction:
          slow("efficiency", mine.compute, own != nullptr ? &own->compute : nullptr,
               Name(cost_.kernel_class));
          if (mine.half_saturation > 0 && use.amount > 0) {
            absl::StrAppend(&formula, " * (1 + operations of half efficiency / amount)");
            absl::StrAppend(&filled, " * (1 + ", StepText(mine.half_saturation), " / ",
                            StepText(use.amount), ")");
            again *= 1 + mine.half_saturation / use.amount;
          }
          break;
        case KernelCost::Scale::kRest: {
          const ClassEfficiency* rest = EfficiencyOf(platform_, KernelClass::kOther);
          slow("efficiency", other.compute, rest != nullptr ? &rest->compute : nullptr,
               Name(KernelClass::kOther));
          break;
        }
        case KernelCost::Scale::kBandwidth:
          slow("efficiency", mine.bandwidth, own != nullptr ? &own->bandwidth : nullptr,
               Name(cost_.kernel_class));
          break;
        case KernelCost::Scale::kNone:
          break;
      }
      // Parts on the same lanes follow each other: the estimate has their sum.
      const bool grouped =
          part.same_lanes || (i + 1 < cost_.parts.size() && cost_.parts[i + 1].same_lanes);
      const ExplainedNumber seconds{.name = "  time",
                                    .value = grouped ? again : e_.parts[result].seconds,
                                    .unit = "s",
                                    .quantity = Quantity::kSeconds,
                                    .formula = formula,
                                    .filled = filled,
                                    .source = source};
      steps_.Add(seconds, again, &table);
      lane_seconds_ = part.same_lanes ? lane_seconds_ + again : again;
      if (i + 1 < cost_.parts.size() && cost_.parts[i + 1].same_lanes) continue;
      if (part.same_lanes) {
        steps_.Add({.name = "  both",
                    .value = e_.parts[result].seconds,
                    .unit = "s",
                    .quantity = Quantity::kSeconds,
                    .formula = "on the same lanes: one after the other"},
                   lane_seconds_, &table);
      }
      ++result;
    }
    out_.Add(std::move(table));
  }

  static std::string TimesText(const std::vector<Cited>& data) {
    std::vector<std::string> parts;
    for (const Cited& c : data) parts.push_back(c.what);
    if (parts.size() < 2) return "";
    return absl::StrJoin(parts, data[0].unit == Unit::kWatts ? " - " : " * ");
  }

  // Resources to busy time, overhead, the interval, the run.
  void Time() {
    Table table = NumbersTable("time", "time", true);
    const Achieved& achieved = platform_.achieved;
    double busy = 0;
    if (kernel_.in_place) {
      AddNumber(SecondsRow("seconds", e_.seconds,
                           absl::StrCat("runtime ", platform_.runtime->name,
                                        " makes no kernel of it: its neighbours write and read at "
                                        "the right place")),
                &table);
    } else {
      double slowest = 0, sum = 0;
      std::vector<std::string> parts;
      for (const ResourceUse& part : e_.parts) {
        slowest = std::max(slowest, part.seconds);
        if (part.seconds <= 0) continue;
        sum += std::pow(part.seconds, achieved.overlap);
        parts.push_back(absl::StrCat(
            StepText(part.seconds),
            achieved.overlap > 0 ? absl::StrCat("^", StepText(achieved.overlap)) : ""));
      }
      const bool norm = achieved.overlap > 0 && sum > 0;
      const double again = norm ? std::max(slowest, std::pow(sum, 1 / achieved.overlap)) : slowest;
      busy = BusySeconds(cost_, achieved);
      ExplainedNumber n = SecondsRow("busy", busy, "the slowest resource: all work side by side",
                                     absl::StrCat("max(", absl::StrJoin(parts, ", "), ")"));
      if (norm) {
        n.formula = "resources get in each other's way: norm of their times";
        n.filled = absl::StrCat("(", absl::StrJoin(parts, " + "), ")^(1/",
                                StepText(achieved.overlap), ")");
        n.source = Citation({"exponent", &platform_.calibration->overlap, Unit::kCount});
      }
      steps_.Add(n, again, &table);
      const std::vector<Cited> launch = DataOfLaunch(platform_);
      double overhead = 0;
      for (const Cited& c : launch) overhead += c.datum->value;
      steps_.Add(SecondsRow("overhead", e_.overhead, launch.size() > 1 ? "their sum" : "", "",
                            launch.empty() ? "no datum: counts as nothing" : Citations(launch)),
                 overhead, &table);
      steps_.Add(SecondsRow("seconds", e_.seconds, "overhead + busy",
                            absl::StrCat(StepText(e_.overhead), " + ", StepText(busy))),
                 e_.overhead + busy, &table);
      table.rows.back().ink = Ink::kHeading;
      AddNumber(SecondsRow("limited by", e_.seconds, std::string(e_.limit)), &table);
      table.rows.back().cells[1] = std::string(Name(e_.bound));
      double roofline = 0;
      for (const ResourceUse& part : e_.parts) {
        if (part.peak > 0 && !part.outside) roofline = std::max(roofline, part.amount / part.peak);
      }
      steps_.Add(SecondsRow("roofline", e_.roofline, "the slowest resource at stated peaks"),
                 roofline, &table);
      Interval(busy, &table);
      if (e_.host_seconds > 0) {
        const Datum* dispatch = platform_.calibration != nullptr && platform_.calibration->dispatch
                                    ? &platform_.calibration->dispatch
                                    : &platform_.runtime->host_per_op;
        AddNumber(SecondsRow("host", e_.host_seconds, "dispatch by the host, beside the device", "",
                             Citation({"dispatch", dispatch, Unit::kSeconds})),
                  &table);
      }
    }
    const double run = e_.seconds * ops_.multiplicity;
    if (ops_.multiplicity != 1) {
      AddNumber(SecondsRow("of a run", run, "executions * seconds",
                           absl::StrCat(StepText(ops_.multiplicity), " * ", StepText(e_.seconds))),
                &table);
    }
    if (estimate_.latency_s > 0) {
      AddNumber({.name = "share",
                 .value = ShareOfLatency(estimate_, run),
                 .quantity = Quantity::kShare,
                 .formula = "of the model's latency",
                 .filled = absl::StrCat(StepText(run), " / ", StepText(estimate_.latency_s))},
                &table);
    }
    const double peak = target_.Rate(e_.mapping.engine, e_.mapping.math);
    const double useful =
        kernel_.flops + kernel_.int_ops + kernel_.comparisons + kernel_.transcendentals;
    if (!kernel_.in_place && peak > 0 && e_.seconds > 0) {
      steps_.Add({.name = "utilization",
                  .value = e_.utilization,
                  .quantity = Quantity::kShare,
                  .formula = absl::StrCat("useful operations / (seconds * peak of ",
                                          Name(e_.mapping.engine), " ", Name(e_.mapping.math), ")"),
                  .filled = absl::StrCat(StepText(useful), " / (", StepText(e_.seconds), " * ",
                                         StepText(peak), ")")},
                 std::min(1.0, useful / (e_.seconds * peak)), &table);
    }
    out_.Add(std::move(table));
  }

  void Interval(double busy, Table* table) {
    if (const Calibration* c = platform_.calibration.get(); c != nullptr) {
      steps_.Add(
          SecondsRow("low", e_.low, "seconds * factor",
                     absl::StrCat(StepText(e_.seconds), " * ", StepText(platform_.low_factor)),
                     Citation({"factor", &c->low, Unit::kCount})),
          e_.seconds * platform_.low_factor, table);
      steps_.Add(
          SecondsRow("high", e_.high, "seconds * factor",
                     absl::StrCat(StepText(e_.seconds), " * ", StepText(platform_.high_factor)),
                     Citation({"factor", &c->high, Unit::kCount})),
          e_.seconds * platform_.high_factor, table);
      return;
    }
    const UncalibratedInterval interval =
        UncalibratedFor(target_.kind, std::max<int64_t>(static_cast<int64_t>(estimate_.batch), 1));
    steps_.Add(
        SecondsRow("low", e_.low, "roofline * factor",
                   absl::StrCat(StepText(e_.roofline), " * ", StepText(platform_.low_factor)),
                   Citation({"uncalibrated factor", &interval.low, Unit::kCount})),
        e_.roofline * platform_.low_factor, table);
    steps_.Add(SecondsRow("high", e_.high, "overhead + busy * factor",
                          absl::StrCat(StepText(e_.overhead), " + ", StepText(busy), " * ",
                                       StepText(platform_.high_factor)),
                          Citation({"uncalibrated factor", &interval.high, Unit::kCount})),
               e_.overhead + busy * platform_.high_factor, table);
  }

  // On the host: what crosses, and its own time.
  void OnHost() {
    Table table = NumbersTable("time", "time on the host", true);
    double sum = 0;
    for (const ResourceUse& part : e_.parts) {
      sum += part.seconds;
      const std::vector<Cited> data = DataOfPeak(target_, part);
      AddNumber({.name = std::string(part.name),
                 .value = part.seconds,
                 .unit = "s",
                 .quantity = Quantity::kSeconds,
                 .formula = part.name == "host"
                                ? estimate_.fallback->host.assumption
                                : absl::StrCat(StepText(part.amount),
                                               " bytes that cross, and the latency of each tensor"),
                 .source = Citations(data)},
                &table);
    }
    steps_.Add({.name = "seconds",
                .value = e_.seconds,
                .unit = "s",
                .quantity = Quantity::kSeconds,
                .formula = absl::StrCat("their sum: ", target_.name,
                                        " lacks an operator of it, or it "
                                        "needs the result of one that it lacks")},
               sum, &table);
    out_.Add(std::move(table));
  }

  const Report& report_;
  const ModelEstimate& estimate_;
  const Platform& platform_;
  const Target& target_;
  const Partition::KernelOps& ops_;
  const Kernel& kernel_;
  const KernelEstimate& e_;
  const KernelCost cost_;
  Document& out_;
  double lane_seconds_ = 0;
  CheckedSteps steps_;
};

}  // namespace

int ExplainEstimate(const Report& report, const ModelEstimate& estimate, int kernel,
                    Document* out) {
  return Explainer(report, estimate, kernel, out).Run();
}

}  // namespace assay
