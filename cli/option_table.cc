// Every option, one row each. Commands pick theirs by name.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/compare.h"
#include "analyzer/expect.h"
#include "analyzer/export.h"
#include "analyzer/formats.h"
#include "analyzer/groups.h"
#include "analyzer/limits.h"
#include "analyzer/sweep.h"
#include "analyzer/sweep_range.h"
#include "cli/command.h"
#include "hw/precision.h"
#include "hw/runtime.h"
#include "hw/share_out.h"
#include "hw/target.h"
#include "ir/rows.h"
#include "passes/pass_manager.h"
#include "passes/pattern.h"

namespace assay {
namespace {

absl::Status Bad(absl::string_view message) { return absl::InvalidArgumentError(message); }

// A whole number in [low, 2^62], so that sums of a few cannot overflow.
absl::Status ParseWhole(absl::string_view text, int64_t low, int64_t* out) {
  constexpr int64_t kHigh = int64_t{1} << 62;
  if (!absl::SimpleAtoi(text, out) || *out < low || *out > kHigh) {
    return Bad(absl::StrCat("`", text, "` is not a whole number of at least ", low));
  }
  return absl::OkStatus();
}

absl::Status ParseSmall(absl::string_view text, int low, int* out) {
  int64_t wide = 0;
  absl::Status status = ParseWhole(text, low, &wide);
  *out = static_cast<int>(std::min<int64_t>(wide, 1 << 30));
  return status;
}

// "input=1x3" to "input" and "1x3"; names of inputs may hold `=`, what follows may not.
absl::Status SplitName(absl::string_view text, absl::string_view form, absl::string_view* name,
                       absl::string_view* rest) {
  size_t equals = text.rfind('=');
  if (equals == absl::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return Bad(absl::StrCat("write ", form));
  }
  *name = text.substr(0, equals);
  *rest = text.substr(equals + 1);
  return absl::OkStatus();
}

// What options can be, where it is not a table's own list.
std::vector<absl::string_view> Targets() { return TargetNames(/*with_modes=*/true); }
std::vector<absl::string_view> PrecisionNames() { return NamesOf(Precisions()); }
std::vector<absl::string_view> PolicyNames() { return NamesOf(FusionPolicies()); }
std::vector<absl::string_view> NumberColumns() {
  std::vector<absl::string_view> names;
  for (const ScoreColumn& c : ScoreColumns()) {
    if (c.type != ScoreType::kText) names.push_back(c.name);
  }
  return names;
}
std::vector<absl::string_view> PassNames() { return NamesOf(Passes()); }

absl::Status SetTarget(absl::string_view value, Request& r) {
  for (absl::string_view name : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    r.analyze.targets.emplace_back(name);
  }
  return absl::OkStatus();
}

absl::Status SetDim(absl::string_view value, Request& r) {
  absl::string_view name, text;
  absl::Status status = SplitName(value, "NAME=N, for example batch=8", &name, &text);
  if (!status.ok()) return status;
  if (IsRange(text)) {
    absl::StatusOr<std::vector<double>> steps = ParseSteps(text, StepKind::kWhole);
    if (!steps.ok()) return steps.status();
    r.sweep.dims.push_back({std::string(name), std::string(text), *std::move(steps)});
    return absl::OkStatus();
  }
  int64_t n = 0;
  status = ParseWhole(text, 0, &n);
  r.analyze.bindings.dims.emplace_back(std::string(name), n);
  return status;
}

absl::Status SetVary(absl::string_view value, Request& r) {
  absl::string_view path, text;
  absl::Status status = SplitName(value, "PATH=0.5x..4x", &path, &text);
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<double>> steps = ParseSteps(text, StepKind::kFactor);
  if (!steps.ok()) return steps.status();
  r.sweep.vary.push_back({std::string(path), std::string(text), *std::move(steps)});
  return absl::OkStatus();
}

absl::Status SetTokens(absl::string_view value, Request& r) {
  absl::StatusOr<std::vector<double>> steps = ParseSteps(value, StepKind::kWhole);
  if (!steps.ok()) return steps.status();
  r.sweep.tokens = {"tokens", std::string(value), *std::move(steps)};
  return absl::OkStatus();
}

absl::Status SetBatch(absl::string_view value, Request& r) {
  if (IsRange(value)) {
    absl::StatusOr<std::vector<double>> steps = ParseSteps(value, StepKind::kWhole);
    if (!steps.ok()) return steps.status();
    r.sweep.batch = {"batch", std::string(value), *std::move(steps)};
    return absl::OkStatus();
  }
  int64_t n = 0;
  absl::Status status = ParseWhole(value, 1, &n);
  r.analyze.bindings.batch = n;
  return status;
}

absl::Status SetShape(absl::string_view value, Request& r) {
  absl::string_view name, text;
  absl::Status status = SplitName(value, "INPUT=1x3x224x224", &name, &text);
  if (!status.ok()) return status;
  std::vector<int64_t> shape;
  for (absl::string_view size : absl::StrSplit(text, 'x')) {
    status = ParseWhole(size, 0, &shape.emplace_back());
    if (!status.ok()) return status;
  }
  r.analyze.bindings.shapes.emplace_back(std::string(name), std::move(shape));
  return absl::OkStatus();
}

absl::Status SetValue(absl::string_view value, Request& r) {
  absl::string_view name, text;
  absl::Status status = SplitName(value, "INPUT=1,3,-1", &name, &text);
  if (!status.ok()) return status;
  Bindings::InputValue contents{.input = std::string(name)};
  for (absl::string_view element : absl::StrSplit(text, ',')) {
    int64_t whole = 0;
    double real = 0;
    bool truth = false;
    if (absl::SimpleAtoi(element, &whole)) {
      real = static_cast<double>(whole);
    } else if (absl::SimpleAtod(element, &real) && std::fabs(real) < 9e18) {
      whole = std::llround(real);
    } else if ((element == "true" || element == "false") && absl::SimpleAtob(element, &truth)) {
      real = static_cast<double>(whole = truth ? 1 : 0);
    } else {
      return Bad(absl::StrCat("`", element, "` is neither a number nor true or false"));
    }
    contents.ints.push_back(whole);
    contents.reals.push_back(real);
  }
  r.analyze.bindings.values.push_back(std::move(contents));
  return absl::OkStatus();
}

absl::Status SetScratchpad(absl::string_view value, Request& r) {
  double size = 0;
  if (!absl::SimpleAtod(value, &size)) {
    size = ParseAmount(value, Quantity::kBytes, "256KiB").value_or(0);
  }
  if (!(size > 0) || !(size < 1e18)) {
    return Bad(absl::StrCat("`", value, "` is no size; write 262144, 256KiB or 0.25MiB"));
  }
  r.analyze.fuse_scratchpad_bytes = size;
  return absl::OkStatus();
}

// A member of a member: At<&Request::analyze, &AnalyzeOptions::fuse>(r) is r.analyze.fuse.
template <auto member, auto... rest>
auto& At(auto& whole) {
  if constexpr (sizeof...(rest) == 0) {
    return whole.*member;
  } else {
    return At<rest...>(whole.*member);
  }
}
// For options that only keep the word, or only say yes.
template <auto... path>
absl::Status Keep(absl::string_view value, Request& r) {
  At<path...>(r) = std::string(value);
  return absl::OkStatus();
}
template <auto... path>
absl::Status Raise(absl::string_view, Request& r) {
  At<path...>(r) = true;
  return absl::OkStatus();
}

template <LimitKind kind>
absl::Status SetLimit(absl::string_view value, Request& r) {
  const LimitRow& row = RowOf(kind);
  const absl::StatusOr<double> amount = ParseAmount(value, row.quantity, row.example);
  if (!amount.ok()) return amount.status();
  if (*amount <= 0) return Bad(absl::StrCat("`", value, "` is nothing; give a limit above 0"));
  r.fit.limits.Set(kind, *amount);
  return absl::OkStatus();
}
absl::Status SetPositive(absl::string_view value, Quantity quantity, absl::string_view example,
                         double* out) {
  const absl::StatusOr<double> amount = ParseAmount(value, quantity, example);
  if (!amount.ok()) return amount.status();
  if (*amount <= 0) return Bad(absl::StrCat("`", value, "` is nothing; give more than 0"));
  *out = *amount;
  return absl::OkStatus();
}
template <std::optional<double> Limits::*member>
absl::Status SetAmount(absl::string_view value, Quantity quantity, absl::string_view example,
                       Request& r) {
  const absl::StatusOr<double> amount = ParseAmount(value, quantity, example);
  if (!amount.ok()) return amount.status();
  if (*amount <= 0) return Bad(absl::StrCat("`", value, "` is nothing; give more than 0"));
  r.fit.limits.*member = *amount;
  return absl::OkStatus();
}

constexpr OptionRow kOptions[] = {
    {.name = "--target",
     .value = "T[,T]",
     .doc = "estimate on these machines: names of `assay targets`, NAME@* (its power modes), "
            "patterns (rtx-*), kinds (npu), all, or YAML files",
     .repeatable = true,
     .choices = Targets,
     .set = SetTarget},
    {.name = "--runtime",
     .value = "R[,R]",
     .doc = "what executes the graph, from `assay runtimes` (default: the target's own)",
     .choices = RuntimeNames,
     .set = Keep<&Request::analyze, &AnalyzeOptions::runtime>},
    {.name = "--calibration",
     .value = "FILE.yaml",
     .doc = "efficiencies from `assay calibrate` (default: the shipped ones that fit, if any)",
     .set = Keep<&Request::analyze, &AnalyzeOptions::calibration>},
    {.name = "--precision",
     .value = "P[,P]",
     .doc = "what if it ran in fp16, bf16, int8 ... (default: the runtime's own)",
     .choices = PrecisionNames,
     .set = Keep<&Request::analyze, &AnalyzeOptions::precision>},
    {.name = "--cores",
     .value = "C[xI]",
     .doc = "share out CPUs: C cores to each instance, of which I run side by side (default: all)",
     .set =
         [](absl::string_view value, Request& r) {
           absl::StatusOr<CoreShare> share = ParseCoreShare(value);
           if (share.ok()) r.analyze.share = *share;
           return share.status();
         }},
    {.name = "--fill",
     .doc = "also find the smallest batch that fills each target",
     .set = Raise<&Request::analyze, &AnalyzeOptions::fill>},
    {.name = "--dim",
     .value = "NAME=N",
     .doc = "fix a symbolic dimension",
     .repeatable = true,
     .set = SetDim},
    {.name = "--batch", .value = "N", .doc = "fix axis 0 of every input", .set = SetBatch},
    {.name = "--tokens",
     .value = "A..B",
     .doc = "of a decoder with a key-value cache: reading a prompt of so many tokens, and the next "
            "token after so many",
     .set = SetTokens},
    {.name = "--vary",
     .value = "PATH=0.5x..4x",
     .doc = "a number of each target times these factors: dram.bandwidth, clock, units, peak.fp16, "
            "or a "
            "key of `assay targets --keys`",
     .repeatable = true,
     .set = SetVary},
    {.name = "--shape",
     .value = "INPUT=1x3x224x224",
     .doc = "fix the whole shape of an input",
     .repeatable = true,
     .set = SetShape},
    {.name = "--value",
     .value = "INPUT=1,3,-1",
     .doc = "contents of a small input that shapes depend on",
     .repeatable = true,
     .set = SetValue},
    {.name = "--fuse",
     .value = "POLICY",
     .doc = "fusion policy of the report; `assay patterns` lists them (default greedy)",
     .choices = PolicyNames,
     .set = Keep<&Request::analyze, &AnalyzeOptions::fuse>},
    {.name = "--fuse-scratchpad",
     .value = "SIZE",
     .doc =
         "what the inner tensors of a kernel may take: 262144, 256KiB, 0.25MiB (default: no limit)",
     .set = SetScratchpad},
    {.name = "--fuse-max-inputs",
     .value = "N",
     .doc = "how many tensors a kernel may read (default: no limit)",
     .set = [](absl::string_view value,
               Request& r) { return ParseSmall(value, 1, &r.analyze.fuse_max_inputs); }},
    {.name = "--explain-fusion",
     .doc = "also list the edges between kernels, and why they were not fused",
     .set = Raise<&Request::analyze, &AnalyzeOptions::explain_fusion>},
    {.name = "--format",
     .value = "F",
     .doc = "{choices} (default: by the ending of --output, else text)",
     .choices = FormatNames,
     .closed = true,
     .set = Keep<&Request::format>},
    {.name = "--output",
     .letter = "-o",
     .value = "FILE",
     .doc = "write the report there; the file appears when it is complete; - is standard output",
     .set =
         [](absl::string_view value, Request& r) {
           r.output = value == "-" ? "" : std::string(value);
           return absl::OkStatus();
         }},
    {.name = "--as",
     .value = "KIND",
     .doc = "{choices} (default: by the ending of --output, else dot)",
     .choices = ExportNames,
     .closed = true,
     .set = Keep<&Request::as>},
    {.name = "--color-by",
     .value = "WHAT",
     .doc = "colours of a drawing: {choices} (default: bound with --target, else role)",
     .choices = ColorByNames,
     .closed = true,
     .set = Keep<&Request::color_by>},
    {.name = "--ops",
     .doc = "also list every operator; --ops FILE.yaml is --op-file",
     .file_option = "--op-file",
     .set = Raise<&Request::report, &ReportOptions::all_ops>},
    {.name = "--kernels",
     .doc = "also list every kernel of --fuse, with its independent threads",
     .set = Raise<&Request::report, &ReportOptions::kernels>},
    {.name = "--stages",
     .doc = "also show what can run at once, stage by stage, and what several processors gain",
     .set = Raise<&Request::report, &ReportOptions::stages>},
    {.name = "--memory",
     .doc = "also show what is alive at the peak, and step by step",
     .set = Raise<&Request::report, &ReportOptions::memory>},
    {.name = "--op-file",
     .value = "FILE.yaml",
     .doc = "declare operators of your own; see hw/README.md",
     .repeatable = true,
     .set =
         [](absl::string_view value, Request& r) {
           r.analyze.op_files.emplace_back(value);
           return absl::OkStatus();
         }},
    {.name = "--by",
     .value = "KEY",
     .doc = "also roll costs up by {choices}",
     .choices = GroupingNames,
     .closed = true,
     .set = Keep<&Request::report, &ReportOptions::by>},
    {.name = "--depth",
     .value = "N",
     .doc = "levels of modules shown by `--by module` (default: as many as stay readable)",
     .set = [](absl::string_view value,
               Request& r) { return ParseSmall(value, 1, &r.report.depth); }},
    {.name = "--top",
     .value = "N",
     .doc = "how many of the most expensive operators to show (default 10)",
     .set = [](absl::string_view value,
               Request& r) { return ParseSmall(value, 0, &r.report.top); }},
    {.name = "--sort",
     .value = "KEY",
     .doc = "sort and judge by {choices} (default: in the order given, judged by latency)",
     .choices = CompareSorts,
     .closed = true,
     .set = Keep<&Request::compare, &CompareOptions::sort>},
    {.name = "--baseline",
     .value = "ROW",
     .doc = "the row that ratios are to, by its model, target, runtime or precision, or several "
            "of them divided by commas (default: the first)",
     .set =
         [](absl::string_view value, Request& r) {
           r.compare.baseline = absl::StrSplit(value, ',', absl::SkipEmpty());
           return absl::OkStatus();
         }},
    {.name = "--threads",
     .value = "N",
     .doc = "threads to use (default: all; the output does not depend on it)",
     .set = [](absl::string_view value,
               Request& r) { return ParseSmall(value, 1, &r.analyze.threads); }},
    {.name = "--timings",
     .doc = "say on standard error how long each step took",
     .set = Raise<&Request::analyze, &AnalyzeOptions::timings>},
    {.name = "--after",
     .value = "PASS",
     .doc = "stop after this pass of `assay passes`",
     .choices = PassNames,
     .set = Keep<&Request::analyze, &AnalyzeOptions::after>},
    {.name = "--color",
     .value = "WHEN",
     .doc = "{choices}",
     .choices =
         [] {
           return std::vector<absl::string_view>{"auto", "always", "never"};
         },
     .closed = true,
     .set = Keep<&Request::color>},
    {.name = "--quiet",
     .letter = "-q",
     .doc = "no diagnostics on standard error, only errors",
     .set = Raise<&Request::quiet>},
    {.name = "--kernel",
     .doc = "explain the whole kernel that the node is in",
     .set = Raise<&Request::explain, &ExplainOptions::kernel>},
    {.name = "--keys",
     .doc = "list the keys of the YAML schema instead",
     .set = Raise<&Request::keys>},
    {.name = "--measured",
     .value = "FILE.csv",
     .doc = "table of measured runs",
     .set = Keep<&Request::measured>},
    {.name = "--profile",
     .value = "FILE.json",
     .doc = "measured profile of MODEL, by ONNX Runtime or `trtexec --exportProfile`",
     .set = Keep<&Request::profile>},
    {.name = "--models",
     .value = "DIR",
     .doc = "folder with the models that the table names (default testdata/zoo)",
     .set = Keep<&Request::models>},
    {.name = "--leave-out",
     .value = "WHAT",
     .doc = "{choices}: what a fit does not see of what it predicts",
     .choices =
         [] {
           return std::vector<absl::string_view>{"none", "family", "machine"};
         },
     .closed = true,
     .set = Keep<&Request::leave_out>},
    {.name = "--plot",
     .value = "FILE.svg",
     .doc = "also draw predicted against measured",
     .set = Keep<&Request::plot>},
    {.name = "--max-latency",
     .value = "TIME",
     .doc = "limit of one run with its whole batch: 10ms",
     .set =
         [](absl::string_view value, Request& r) {
           absl::Status status = SetLimit<LimitKind::kLatency>(value, r);
           r.sweep.max_latency_s = r.fit.limits.of(LimitKind::kLatency).value_or(0);
           return status;
         }},
    {.name = "--min-throughput",
     .value = "RATE",
     .doc = "samples per second that are needed: 100/s",
     .set = SetLimit<LimitKind::kThroughput>},
    {.name = "--max-memory",
     .value = "SIZE",
     .doc = "limit of weights and activations, at the precision in force: 256MiB, 2GB",
     .set = SetLimit<LimitKind::kMemory>},
    {.name = "--max-energy",
     .value = "ENERGY",
     .doc = "limit of the machine's energy per sample: 5mJ",
     .set = SetLimit<LimitKind::kEnergy>},
    {.name = "--max-power",
     .value = "POWER",
     .doc = "limit of what the machine draws while it runs the model: 15W",
     .set = SetLimit<LimitKind::kPower>},
    {.name = "--max-price-per-million",
     .value = "PRICE",
     .doc = "limit of a million samples: 0.5USD; made of --lifetime and --price-per-kwh",
     .set = SetLimit<LimitKind::kPrice>},
    {.name = "--lifetime",
     .value = "TIME",
     .doc = "spread the target's price over so much time of never being idle: 3years",
     .set =
         [](absl::string_view value, Request& r) {
           return SetAmount<&Limits::lifetime_s>(value, Quantity::kSeconds, "3years", r);
         }},
    {.name = "--price-per-kwh",
     .value = "PRICE",
     .doc = "what a kWh costs, of the machine's own energy: 0.3USD",
     .set =
         [](absl::string_view value, Request& r) {
           return SetAmount<&Limits::dollars_per_kwh>(value, Quantity::kDollars, "0.3USD", r);
         }},
    {.name = "--require-operators",
     .doc = "operators that fall back to the host are a FAIL",
     .set = Raise<&Request::fit, &FitOptions::limits, &Limits::require_operators>},
    {.name = "--require",
     .value = "FILE.yaml",
     .doc = "the same limits from a file; an option counts before it",
     .set = Keep<&Request::fit, &FitOptions::requirements>},
    {.name = "--expect",
     .value = "FILE.yaml",
     .doc = "hold the models' numbers against ranges; also a shipped family: resnet, mobilenet, "
            "efficientnet, vgg, vit; NAME:ENTRY for one entry",
     .repeatable = true,
     .choices = ShippedExpectations,
     .set =
         [](absl::string_view value, Request& r) {
           r.fit.expect.emplace_back(value);
           return absl::OkStatus();
         }},
    {.name = "--weight",
     .value = "WHAT=W",
     .doc = "what the score is made of: latency, throughput, energy, memory, macs, parameters or "
            "traffic, and its weight (default: latency; without a target macs)",
     .repeatable = true,
     .set =
         [](absl::string_view value, Request& r) {
           const absl::StatusOr<Weight> weight = ParseWeight(value);
           if (weight.ok()) r.score_weights.push_back(*weight);
           return weight.status();
         }},
    {.name = "--include",
     .value = "PATTERN",
     .doc = "only models whose path or file name matches: 'resnet*', 'cnn/*'",
     .repeatable = true,
     .set =
         [](absl::string_view value, Request& r) {
           r.score.find.include.emplace_back(value);
           return absl::OkStatus();
         }},
    {.name = "--exclude",
     .value = "PATTERN",
     .doc = "no models whose path or file name matches",
     .repeatable = true,
     .set =
         [](absl::string_view value, Request& r) {
           r.score.find.exclude.emplace_back(value);
           return absl::OkStatus();
         }},
    {.name = "--root",
     .value = "FOLDER",
     .doc = "name models by their paths below this folder",
     .set = Keep<&Request::score, &ScoreOptions::find, &FindOptions::root>},
    {.name = "--shard",
     .value = "I/N",
     .doc = "only the I-th of N parts of the models, told by their paths",
     .set =
         [](absl::string_view value, Request& r) {
           const absl::StatusOr<Shard> shard = ParseShard(value);
           if (shard.ok()) r.score.find.shard = *shard;
           return shard.status();
         }},
    {.name = "--resume",
     .doc = "leave out what the output has of the same file, targets, options and version",
     .set = Raise<&Request::score, &ScoreOptions::resume>},
    {.name = "--jobs",
     .letter = "-j",
     .value = "N",
     .doc = "models at once (default: as many as there are processors; rows do not depend on it)",
     .set = [](absl::string_view value,
               Request& r) { return ParseSmall(value, 1, &r.score.jobs); }},
    {.name = "--time-limit",
     .value = "TIME",
     .doc = "give a model up after that (default 60s)",
     .set =
         [](absl::string_view value, Request& r) {
           return SetPositive(value, Quantity::kSeconds, "30s", &r.score.time_limit_s);
         }},
    {.name = "--memory-limit",
     .value = "SIZE",
     .doc = "give a model up that needs more (default: what --memory-budget allows)",
     .set =
         [](absl::string_view value, Request& r) {
           return SetPositive(value, Quantity::kBytes, "2GB", &r.score.model_bytes);
         }},
    {.name = "--memory-budget",
     .value = "SIZE",
     .doc = "memory of all models at once (default: half of what is free)",
     .set =
         [](absl::string_view value, Request& r) {
           return SetPositive(value, Quantity::kBytes, "8GB", &r.score.memory_bytes);
         }},
    {.name = "--rank",
     .value = "COLUMN",
     .doc = "list the best and the worst by this column (default: score)",
     .choices = NumberColumns,
     .closed = true,
     .set = Keep<&Request::zoo, &ZooOptions::rank>},
    {.name = "--pareto",
     .value = "X,Y",
     .doc = "which models no other beats in both of two columns (default: latency_s,macs)",
     .set =
         [](absl::string_view value, Request& r) {
           r.zoo.pareto = absl::StrSplit(value, ',', absl::SkipEmpty());
           return r.zoo.pareto.size() == 2 ? absl::OkStatus()
                                           : Bad("write two columns, like latency_s,energy_j");
         }},
    {.name = "--histogram",
     .value = "COLUMN",
     .doc = "how many rows have which value of this column (default: latency_s)",
     .choices = NumberColumns,
     .closed = true,
     .set = Keep<&Request::zoo, &ZooOptions::histogram>},
    {.name = "--failures",
     .doc = "list every model that failed, not only why how many did",
     .set = Raise<&Request::zoo, &ZooOptions::failures>},
    {.name = "--where",
     .value = "CONDITION",
     .doc = "only rows of which this is true, in SQL: \"target = 't4' AND latency_s < 0.01\"",
     .set = Keep<&Request::zoo, &ZooOptions::where>},
    {.name = "--strict",
     .doc = "PARTIAL breaks a limit too (exit status 3)",
     .set = Raise<&Request::fit, &FitOptions::strict>},
    {.name = "--check",
     .value = "FILE",
     .doc = "check a YAML file against every rule instead",
     .set = Keep<&Request::check>},
    {.name = "--man",
     .doc = "the manual page of all commands, for `man -l` and packages",
     .set = Raise<&Request::man>},
    {.name = "--completion",
     .value = "SHELL",
     .doc = "completion of commands, options and names for {choices}",
     .choices = CompletionShells,
     .closed = true,
     .set = Keep<&Request::completion>},
};

}  // namespace

absl::Span<const OptionRow> OptionTable() { return kOptions; }

const OptionRow* FindOption(absl::string_view name) {
  for (const OptionRow& row : kOptions) {
    if (row.name == name || (!row.letter.empty() && row.letter == name)) return &row;
  }
  return nullptr;
}

}  // namespace assay
