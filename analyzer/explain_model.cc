// The totals of a model, traced: `explain MODEL` without a node.
//
//   latency  129.3 us  a run's own work on the host + the slower of device and host
//                      = 0 + max(0.000129305, 0)
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/digest.h"
#include "analyzer/explain.h"
#include "analyzer/explain_steps.h"
#include "analyzer/groups.h"
#include "analyzer/report_blocks.h"
#include "analyzer/units.h"
#include "hw/provenance.h"
#include "passes/streams.h"

namespace assay {
namespace {

constexpr size_t kDearest = 10;       // kernels by themselves; the rest is one row
constexpr size_t kLongFormula = 200;  // columns; `analyze --format json` has longer ones

// What the model asks for on any machine.
void AddWork(const Report& report, Document* out) {
  const Analysis& a = report.analysis;
  const OpNumbers& total = a.numbers->total;
  Table table = NumbersTable("numbers", "numbers of a run");
  const std::string counted =
      absl::StrCat("sum over ", Plural(a.numbers->running_ops - a.numbers->unknown_ops, "operator"),
                   ", each as often as it runs");
  const auto add = [&](const char* name, double value, Dim any_size, const std::string& formula) {
    if (value <= 0) return;
    AddNumber({.name = name,
               .value = value,
               .formula = formula,
               // (What is cut here is so in this command's JSON too.)
               .symbolic = SymbolicText(*a.shapes->pool, any_size, kLongFormula,
                                        "`analyze` with --format json")},
              &table);
  };
  const Works& w = *a.works;
  add("MACs", total.macs, w.macs, counted);
  add("FLOPs", total.flops, w.flops, counted);
  add("transcendentals", total.transcendentals, w.transcendentals, counted);
  add("integer operations", total.int_ops, w.int_ops, counted);
  add("comparisons", total.comparisons, w.comparisons, counted);
  add("bytes", total.bytes(), w.bytes, "every operand once per operator: nothing fused");
  add("parameters", static_cast<double>(w.parameters), Dim(0),
      "elements of stored tensors of rank 1 and up, each once: floating, or of at most 8 bits");
  add("weights", static_cast<double>(w.weight_bytes), Dim(0),
      "bytes of these, as the file has them");
  if (report.partition != nullptr) {
    const Partition& p = *report.partition;
    add("bytes fused", p.bytes_fused, Dim(0),
        absl::StrCat("what goes in and out of ",
                     Plural(static_cast<int64_t>(p.kernels.size()), "kernel"), " of fusion ",
                     p.key.policy));
  }
  if (report.plan != nullptr) {
    const Memory& memory = report.plan->memory;
    std::string at;
    if (memory.peak_at.has_value())
      at = absl::StrCat(", at ", Place(*report.graph, memory.peak_at));
    add("peak of activations", memory.peak_activation_bytes, Dim(0),
        absl::StrCat("the most bytes alive between these kernels, in file order", at));
  }
  out->Add(std::move(table));

  Table types{.key = "types",
              .title = "operators behind them",
              .columns = {{"type", "type"},
                          {"count", "count", Quantity::kExact},
                          {"unknown", "not known", Quantity::kExact, true},
                          {"macs", "MACs", Quantity::kExact},
                          {"flops", "FLOPs", Quantity::kExact},
                          {"bytes", "bytes", Quantity::kExact}}};
  GroupCost sum;
  for (const Group& g : TypesOf(report)) {
    types.rows.push_back(
        {{g.name, g.cost.ops, g.cost.unknown, g.cost.macs, g.cost.flops, g.cost.bytes}});
    sum.Add(g.cost);
  }
  types.rows.push_back({.cells = {"total", sum.ops, sum.unknown, sum.macs, sum.flops, sum.bytes},
                        .ink = Ink::kHeading});
  out->Add(std::move(types));
}

class ModelExplainer {
 public:
  ModelExplainer(const Report& report, const ModelEstimate& estimate, Document* out)
      : report_(report),
        e_(estimate),
        platform_(*estimate.platform),
        partition_(*report.analysis.partitions[estimate.partition]),
        out_(*out) {}

  int Run() {
    out_.Add(EstimateFacts(platform_));
    Kernels();
    Time();
    Throughput();
    out_.Add(EnergyTable("energy of a run", *platform_.target, e_.energy, e_.parts, e_.latency_s,
                         &steps_));
    MemoryNeeded();
    return steps_.wrong();
  }

 private:
  double Turns(size_t kernel) const { return partition_.kernels[kernel].multiplicity; }

  template <class Of>
  double Sum(Of of) const {
    double sum = 0;
    for (size_t k = 0; k < e_.results.size(); ++k) sum += Turns(k) * of(e_.results[k]);
    return sum;
  }

  // The dearest kernels, and the others together.
  void Kernels() {
    std::vector<size_t> order(e_.results.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto seconds = [&](size_t k) { return Turns(k) * e_.results[k].seconds; };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return seconds(a) > seconds(b); });
    Table table{.key = "kernels",
                .title = absl::StrCat("device time of ",
                                      Plural(static_cast<int64_t>(order.size()), "kernel"),
                                      "; `explain MODEL #kID` goes on"),
                .columns = {{"kernel", "kernel"},
                            {"name", "operators"},
                            {"turns", "turns", Quantity::kCount},
                            {"seconds", "each", Quantity::kSeconds},
                            {"all_seconds", "in all", Quantity::kSeconds},
                            {"limit", "limited by"}}};
    double rest = 0, all = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const size_t k = order[i];
      all += seconds(k);
      if (i >= kDearest) {
        rest += seconds(k);
        continue;
      }
      table.rows.push_back({{absl::StrCat("#k", k), partition_.kernels[k].name, Turns(k),
                             e_.results[k].seconds, seconds(k), e_.results[k].limit}});
    }
    if (order.size() > kDearest) {
      table.rows.push_back(
          {{absl::StrCat("the other ", order.size() - kDearest), "", Cell(), Cell(), rest, ""}});
    }
    table.rows.push_back({.cells = {"total", "", Cell(), Cell(), all, ""}, .ink = Ink::kHeading});
    out_.Add(std::move(table));
  }

  void Time() {
    Table table = NumbersTable("time", "time of a run", true);
    const double sum = Sum([](const KernelEstimate& k) { return k.seconds; });
    AddNumber(SecondsRow("kernels", sum, "sum of the kernels, each as often as it runs"), &table);
    double device = sum;
    if (platform_.runtime->streams > 1) {
      device = SecondsOnStreams(*report_.graph, partition_, *platform_.target, e_.results,
                                platform_.runtime->streams);
      AddNumber(
          SecondsRow("device", device,
                     absl::StrCat("side by side on ", platform_.runtime->streams, " streams")),
          &table);
    }
    const double together = sum > 0 ? device / sum : 1;
    const double host = Sum([](const KernelEstimate& k) { return k.host_seconds; });
    if (host > 0) {
      AddNumber(
          SecondsRow("host", host, "dispatch by the host, beside the device: sum of the kernels"),
          &table);
    }
    const bool captured = platform_.runtime->graph_capture;
    const double run = captured ? 0 : platform_.runtime->host_per_run.value_or(0);
    if (run > 0) {
      AddNumber(
          SecondsRow("per run", run, "what the runtime does once", "",
                     Citation({"host per run", &platform_.runtime->host_per_run, Unit::kSeconds})),
          &table);
    }
    const std::string slower =
        host > 0 ? absl::StrCat("max(", StepText(device), ", ", StepText(host), ")")
                 : StepText(device);
    steps_.Add(SecondsRow("latency", e_.latency_s,
                          absl::StrCat(run > 0 ? "per run + " : "",
                                       host > 0 ? "the slower of device and host" : "device"),
                          absl::StrCat(run > 0 ? absl::StrCat(StepText(run), " + ") : "", slower)),
               run + std::max(device, host), &table);
    table.rows.back().ink = Ink::kHeading;
    const double low = together * Sum([](const KernelEstimate& k) { return k.low; });
    const double high = together * Sum([](const KernelEstimate& k) { return k.high; });
    steps_.Add(SecondsRow("low", e_.latency_low_s, "the same of the kernels' low ends",
                          absl::StrCat("min(latency, ", StepText(run), " + ", StepText(low), ")")),
               std::min(e_.latency_s, run + low), &table);
    steps_.Add(SecondsRow("high", e_.latency_high_s, "the same of the kernels' high ends",
                          absl::StrCat("max(latency, ", StepText(run), " + ", StepText(high), ")")),
               std::max(e_.latency_s, run + high), &table);
    for (const BoundShare& b : e_.bounds) {
      AddNumber({.name = absl::StrCat("  ", b.resource),
                 .value = b.time_share,
                 .quantity = Quantity::kShare,
                 .formula = absl::StrCat("of it where this is the limit (", Name(b.bound), ")")},
                &table);
    }
    out_.Add(std::move(table));
  }

  void Throughput() {
    Table table = NumbersTable("rates", "what follows", true);
    const auto instances = static_cast<double>(platform_.share.instances);
    if (e_.latency_s > 0) {
      steps_.Add(
          {.name = "throughput",
           .value = e_.throughput_per_s,
           .unit = "1/s",
           .quantity = Quantity::kPerSecond,
           .formula = instances > 1 ? "instances * samples of a run / latency"
                                    : "samples of a run / latency",
           .filled = absl::StrCat(instances > 1 ? absl::StrCat(StepText(instances), " * ") : "",
                                  StepText(e_.batch), " / ", StepText(e_.latency_s))},
          instances * e_.batch / e_.latency_s, &table);
      const double busy = Sum([](const KernelEstimate& k) { return k.seconds * k.utilization; });
      steps_.Add(
          {.name = "utilization",
           .value = e_.utilization,
           .quantity = Quantity::kShare,
           .formula = "sum of the kernels' time at the stated peak of their engine / latency",
           .filled = absl::StrCat(StepText(busy), " / ", StepText(e_.latency_s))},
          busy / e_.latency_s, &table);
    }
    if (e_.power_w.has_value()) {
      steps_.Add(
          {.name = "power",
           .value = *e_.power_w,
           .unit = "W",
           .quantity = Quantity::kWatts,
           .formula = instances > 1 ? "instances * energy / latency" : "energy / latency",
           .filled = absl::StrCat(instances > 1 ? absl::StrCat(StepText(instances), " * ") : "",
                                  StepText(*e_.energy.joules), " / ", StepText(e_.latency_s))},
          *e_.energy.joules / e_.latency_s * instances, &table);
    }
    out_.Add(std::move(table));
  }

  void MemoryNeeded() {
    Table table = NumbersTable("memory", "memory", true);
    const auto bytes = [](std::string name, double value, std::string formula,
                          std::string filled = "", std::string source = "") {
      return ExplainedNumber{.name = std::move(name),
                             .value = value,
                             .unit = "B",
                             .quantity = Quantity::kBytes,
                             .formula = std::move(formula),
                             .filled = std::move(filled),
                             .source = std::move(source)};
    };
    const std::string width = absl::StrCat("at the width of precision ", platform_.precision->name);
    AddNumber(bytes("weights", e_.weights_bytes, absl::StrCat("each once, ", width)), &table);
    AddNumber(bytes("activations", e_.activation_bytes,
                    absl::StrCat("the most alive at once between the kernels, ", width)),
              &table);
    steps_.Add(
        bytes("needed", e_.memory_needed_bytes, "both",
              absl::StrCat(StepText(e_.weights_bytes), " + ", StepText(e_.activation_bytes))),
        e_.weights_bytes + e_.activation_bytes, &table);
    table.rows.back().ink = Ink::kHeading;
    for (const LevelFit& level : e_.levels) {
      const MemoryLevel& memory = platform_.target->memory[static_cast<size_t>(level.level)];
      if (!memory.size.known) continue;
      const std::string fits = level.both == true          ? "holds both"
                               : level.weights == true     ? "holds the weights alone"
                               : level.activations == true ? "holds the activations alone"
                                                           : "holds neither";
      AddNumber(
          bytes(memory.name, level.bytes, fits, "",
                Citation({absl::StrCat("size of ", memory.name), &memory.size, Unit::kBytes})),
          &table);
    }
    out_.Add(std::move(table));
  }

  const Report& report_;
  const ModelEstimate& e_;
  const Platform& platform_;
  const Partition& partition_;
  Document& out_;
  CheckedSteps steps_;
};

}  // namespace

Document ExplainModel(const Report& report, int* wrong) {
  Document d{.schema = "assay.explain/1",
             .title = ShownFile(report.file),
             .subtitle = PointDigest(report.point)};
  d.Add(Facts{.figures = {{"file", "", report.file}}});
  AddWork(report, &d);
  const ModelEstimate* estimate = FirstEstimate(report);
  if (estimate != nullptr) {
    const int more = ModelExplainer(report, *estimate, &d).Run();
    if (wrong != nullptr) *wrong = more;
  }
  Notes assumed{.key = "assumptions", .title = "assumed"};
  for (const Assumption& a : report.analysis.assumptions()) assumed.notes.push_back(a.text);
  if (estimate != nullptr) {
    for (const std::string& text : estimate->assumptions) assumed.notes.push_back(text);
  }
  d.Add(std::move(assumed));
  return d;
}

}  // namespace assay
