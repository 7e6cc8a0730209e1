// The keys of runtimes, calibrations, priors and intervals, one row each.
#include "hw/other_keys.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "hw/kernel.h"
#include "hw/target_keys.h"
#include "ir/op_table.h"
#include "ir/suggest.h"

namespace assay {

using namespace keys;  // NOLINT(google-build-using-namespace): the rows are a small language

namespace {

constexpr Need kMust = Need::kRequired;
constexpr Need kMay = Need::kOptional;

absl::Span<const KeyRow> ClassKeys() {
  static constexpr KeyRow kRows[] = {
      Quantity<&ClassEfficiency::compute>("compute", Unit::kRatio, kMust,
                                          "achieved share of the mapped peak"),
      Quantity<&ClassEfficiency::bandwidth>("bandwidth", Unit::kRatio, kMust,
                                            "achieved share of the memory's bandwidth"),
      Quantity<&ClassEfficiency::half_saturation>(
          "half_saturation", Unit::kOps, kMay, "operations at which half of `compute` is reached"),
  };
  return kRows;
}

absl::Span<const KeyRow> IntervalKeys() {
  static constexpr KeyRow kRows[] = {
      Text<&UncalibratedInterval::kind>("kind", kMust, "kind of target"),
      Quantity<&UncalibratedInterval::batch_from>("batch_from", Unit::kCount, kMust,
                                                  "the batch from which on this holds"),
      Quantity<&UncalibratedInterval::low>("low", Unit::kCount, kMust,
                                           "times the bare roofline: the interval's lower end"),
      Quantity<&UncalibratedInterval::high>("high", Unit::kCount, kMust,
                                            "times the bare roofline: its upper end"),
  };
  return kRows;
}

Place PlaceOf(const YamlNode& file, absl::string_view key) {
  const YamlNode* node = file.Find(key);
  return node == nullptr ? file.place : node->place;
}

std::vector<absl::string_view> Names(absl::Span<const absl::string_view> names) {
  return {names.begin(), names.end()};
}

void CheckKnown(absl::string_view what, absl::string_view name,
                const std::vector<absl::string_view>& known, Place place,
                std::vector<Problem>* problems) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  problems->push_back(
      {place, absl::StrCat("unknown ", what, " `", name, "`", DidYouMean(name, known),
                           "; use one of ", absl::StrJoin(known, ", "))});
}

void CheckClasses(const std::vector<ClassEfficiency>& classes, std::vector<Problem>* problems) {
  for (const ClassEfficiency& c : classes) {
    CheckKnown("class of kernel", c.name, KernelClassNames(), c.place, problems);
    for (const Datum* share : {&c.compute, &c.bandwidth}) {
      if (share->known && (share->value <= 0 || share->value > 1)) {
        problems->push_back({share->place, "an efficiency must be above 0 % and at most 100 %"});
      }
    }
  }
}

constexpr absl::string_view kResidencyNames[] = {"cache", "scratchpad", "pinned", "contexts"};
absl::Span<const absl::string_view> ResidencyNames() { return kResidencyNames; }

absl::Span<const absl::string_view> AfterUnsupportedNames() {
  static constexpr absl::string_view kNames[] = {"device", "host"};
  return kNames;
}

}  // namespace

absl::string_view Name(Residency residency) {
  return kResidencyNames[static_cast<size_t>(residency)];
}

absl::Span<const KeyRow> RuntimeRows() {
  static constexpr KeyRow kRows[] = {
      Text<&Runtime::name>("name", kMust,
                           "the name, lower case with hyphens; that of the file, less .yaml"),
      Text<&Runtime::title>("title", kMust, "the name that people know"),
      Text<&Runtime::fusion>("fusion", kMust, "the fusion policy it follows; `assay patterns`"),
      Texts<&Runtime::layouts>("layouts", kMay, "tensor layouts it works in: nchw, nhwc, blocked"),
      Texts<&Runtime::kinds>("kinds", kMay, "kinds of target it runs on, where not all"),
      Texts<&Runtime::measured_as>(
          "measured_as", kMay,
          "what collections of measurements call it: a class, or `CLASS / SOFTWARE`"),
      Quantity<&Runtime::kernel_overhead>("kernel_overhead", Unit::kSeconds, kMust,
                                          "device time per kernel beyond the target's `launch`"),
      Quantity<&Runtime::host_per_op>("host_per_op", Unit::kSeconds, kMust,
                                      "host time per kernel that it starts, on the reference host"),
      Quantity<&Runtime::host_per_run>("host_per_run", Unit::kSeconds, kMay,
                                       "host time per inference, on the reference host"),
      Text<&Runtime::reference_host>("reference_host", kMay,
                                     "the host on which those times were taken"),
      Bool<&Runtime::graph_capture>("graph_capture",
                                    "kernels are recorded once: no host time per operator"),
      Integer<&Runtime::streams>("streams",
                                 "kernels that may run side by side (fits take them one by one)"),
      Choice<&Runtime::residency>(
          "residency", ResidencyNames, kMay,
          "what stays on the chip: cache (default), scratchpad, pinned weights, or contexts"),
      Choice<&Runtime::after_unsupported>(
          "after_unsupported", AfterUnsupportedNames, kMay,
          "where operators run that need the result of one that the target lacks"),
      Texts<&Runtime::in_place>("in_place", kMay,
                                "operators of which it makes no kernel: written where they go"),
      Texts<&Runtime::winograd>(
          "winograd", kMay,
          "formats in which 3 x 3 convolutions of stride 1 run by Winograd's F(2 x 2, 3 x 3)"),
      Text<&Runtime::precision>("precision", kMay,
                                "precision when none is asked for; else `model`"),
      Replaces<&Runtime::replaces>(
          "replaces", "formats in which it multiplies instead, where the target has them"),
      Text<&Runtime::notes>("notes", kMay, "what is not modelled"),
  };
  return kRows;
}

absl::Span<const KeyRow> CalibrationRows() {
  static constexpr KeyRow kRows[] = {
      Text<&Calibration::name>("name", kMust, "the name; that of the file, less .yaml"),
      Text<&Calibration::target>("target", kMay, "the one target it holds for; or family, or kind"),
      Text<&Calibration::family>("family", kMay, "the family of targets it holds for"),
      Text<&Calibration::kind>("kind", kMay, "the kind of targets it holds for"),
      Text<&Calibration::runtime>("runtime", kMust, "the runtime it holds for"),
      Named<&Calibration::classes>("classes", ClassKeys, kMust, "efficiencies by class of kernel"),
      Quantity<&Calibration::launch>("launch", Unit::kSeconds, kMay,
                                     "instead of the target's `launch` + the runtime's overhead"),
      Quantity<&Calibration::dispatch>("dispatch", Unit::kSeconds, kMay,
                                       "instead of the runtime's `host_per_op`"),
      Quantity<&Calibration::overlap>(
          "overlap", Unit::kCount, kMay,
          "exponent of the norm that joins a kernel's resources; else the slowest counts"),
      Quantity<&Calibration::low>("low", Unit::kCount, kMust,
                                  "times an estimate: the interval's lower end"),
      Quantity<&Calibration::high>("high", Unit::kCount, kMust, "times an estimate: its upper end"),
      Text<&Calibration::data>("data", kMust, "the data set it was fitted to"),
      Text<&Calibration::date>("date", kMust, "when, as 2026-01-31"),
      Quantity<&Calibration::rows>("rows", Unit::kCount, kMust, "how many measurements"),
      Quantity<&Calibration::error_in_sample>("error_in_sample", Unit::kRatio, kMust,
                                              "median absolute error on those"),
      Quantity<&Calibration::error_held_out>("error_held_out", Unit::kRatio, kMust,
                                             "the same, each model family left out in turn"),
      Text<&Calibration::notes>("notes", kMay, "what to beware of"),
  };
  return kRows;
}

absl::Span<const KeyRow> PriorRows() {
  static constexpr KeyRow kRows[] = {
      Text<&Prior::name>("name", kMust, "the name; that of the file, less .yaml"),
      Text<&Prior::kind>("kind", kMust, "the kind of targets it holds for"),
      Named<&Prior::classes>("classes", ClassKeys, kMust, "efficiencies by class of kernel"),
      Quantity<&Prior::launch>("launch", Unit::kSeconds, kMust, "device time per kernel"),
      Quantity<&Prior::overlap>("overlap", Unit::kCount, kMust,
                                "exponent of the norm that joins a kernel's resources"),
      Quantity<&Prior::compute_spread>("compute_spread", Unit::kCount, kMust,
                                       "standard deviation of the logarithm of `compute`"),
      Quantity<&Prior::bandwidth_spread>("bandwidth_spread", Unit::kCount, kMust,
                                         "the same of `bandwidth`"),
      Quantity<&Prior::half_saturation_spread>("half_saturation_spread", Unit::kCount, kMay,
                                               "of `half_saturation`"),
      Quantity<&Prior::launch_spread>("launch_spread", Unit::kCount, kMust, "of `launch`"),
      Quantity<&Prior::dispatch_spread>("dispatch_spread", Unit::kCount, kMust, "of `dispatch`"),
      Quantity<&Prior::kin_spread>("kin_spread", Unit::kCount, kMust,
                                   "of one machine about its kin, times those"),
      Quantity<&Prior::noise>("noise", Unit::kCount, kMust, "of one measurement"),
  };
  return kRows;
}

absl::Span<const KeyRow> IntervalRows() {
  static constexpr KeyRow kRows[] = {
      Text<&IntervalTable::name>("name", kMust, "the name; that of the file, less .yaml"),
      Named<&IntervalTable::intervals>("intervals", IntervalKeys, kMust,
                                       "how far an uncalibrated estimate can be off"),
  };
  return kRows;
}

void CheckRuntime(const Runtime& runtime, const YamlNode& file, std::vector<Problem>* problems) {
  for (const std::string& kind : runtime.kinds) {
    CheckKnown("kind of target", kind, Names(TargetKindNames()), PlaceOf(file, "kinds"), problems);
  }
  for (const std::string& layout : runtime.layouts) {
    CheckKnown("layout", layout, {"nchw", "nhwc", "blocked"}, PlaceOf(file, "layouts"), problems);
  }
  std::vector<absl::string_view> precisions;
  for (const Precision& precision : Precisions()) precisions.push_back(precision.name);
  CheckKnown("precision", runtime.precision, precisions, PlaceOf(file, "precision"), problems);
  std::vector<absl::string_view> maths;
  for (const MathRow& row : MathRows()) maths.push_back(row.name);
  for (const std::string& math : runtime.winograd) {
    CheckKnown("format", math, maths, PlaceOf(file, "winograd"), problems);
  }
  if (runtime.in_place.empty()) return;
  const std::vector<absl::string_view> ops = OpTable::BuiltIn().names();
  for (const std::string& op : runtime.in_place) {
    CheckKnown("operator", op, ops, PlaceOf(file, "in_place"), problems);
  }
}

void CheckCalibration(const Calibration& calibration, const YamlNode& file,
                      std::vector<Problem>* problems) {
  int scopes =
      !calibration.target.empty() + !calibration.family.empty() + !calibration.kind.empty();
  if (scopes != 1) {
    problems->push_back({file.place, absl::StrCat(scopes == 0 ? "none" : "more than one",
                                                  " of `target`, `family` and `kind` is given; "
                                                  "give exactly one")});
  }
  if (!calibration.kind.empty()) {
    CheckKnown("kind of target", calibration.kind, Names(TargetKindNames()), PlaceOf(file, "kind"),
               problems);
  }
  CheckClasses(calibration.classes, problems);
  if (calibration.overlap.known && calibration.overlap.value < 1) {
    problems->push_back({calibration.overlap.place,
                         "`overlap` below 1 makes a kernel slower than its resources one after the "
                         "other; use 1 or more"});
  }
  if (calibration.rows.value < 1 || calibration.rows.value != std::floor(calibration.rows.value)) {
    problems->push_back({calibration.rows.place, "`rows` must be a whole number, 1 or more"});
  }
  absl::CivilDay day;
  if (calibration.date.size() != 10 || !absl::ParseCivilTime(calibration.date, &day)) {
    problems->push_back({PlaceOf(file, "date"), absl::StrCat("`date` cannot be `", calibration.date,
                                                             "`; write it like 2026-01-31")});
  }
  if (calibration.low.known && calibration.low.value <= 0) {
    problems->push_back({calibration.low.place, "`low` must be above zero: no run takes no time"});
  }
  if (calibration.low.value > 1 || (calibration.high.known && calibration.high.value < 1)) {
    problems->push_back(
        {calibration.low.place, "the interval must hold the estimate: low <= 1 <= high"});
  }
}

void CheckPrior(const Prior& prior, const YamlNode& file, std::vector<Problem>* problems) {
  CheckKnown("kind of target", prior.kind, Names(TargetKindNames()), PlaceOf(file, "kind"),
             problems);
  CheckClasses(prior.classes, problems);
}

void CheckIntervals(const IntervalTable& table, std::vector<Problem>* problems) {
  for (const UncalibratedInterval& row : table.intervals) {
    CheckKnown("kind of target", row.kind, Names(TargetKindNames()), row.place, problems);
    if (row.low.value <= 0 || row.low.value > row.high.value) {
      problems->push_back({row.place, "the interval must have 0 < low <= high"});
    }
  }
}

}  // namespace assay
