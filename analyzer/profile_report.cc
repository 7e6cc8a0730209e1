#include "analyzer/profile_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/digest.h"
#include "analyzer/units.h"
#include "hw/estimate.h"

namespace assay {
namespace {

constexpr size_t kWorst = 10;
constexpr size_t kNamesShown = 3;

std::string Share(double part, double whole) { return whole > 0 ? Percent(part / whole) : "?"; }

// "0.87x" of the measured time.
std::string TimesMeasured(double estimated, double measured) {
  return measured > 0 ? absl::StrFormat("%.2fx", estimated / measured) : "?";
}

std::string Plural(size_t n, absl::string_view noun) {
  return assay::Plural(static_cast<int64_t>(n), noun);
}

// "`a`, `b`, `c` and 4 others", the dearest first.
std::string Names(std::vector<std::pair<double, std::string>> named) {
  std::stable_sort(named.begin(), named.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(named.size(), kNamesShown); ++i) {
    shown.push_back(
        absl::StrCat("`", Shorten(Printable(named[i].second), 60), "` ", Seconds(named[i].first)));
  }
  const size_t more = named.size() - shown.size();
  return absl::StrCat(absl::StrJoin(shown, ", "),
                      more > 0 ? absl::StrCat(" and ", Plural(more, "other")) : "");
}

std::string WhereOf(const Graph& graph, OpId op) {
  const absl::string_view name = graph.str(graph.op(op).location.name);
  return name.empty() ? graph.Describe(op) : std::string(name);
}

}  // namespace

std::string ProfileReport(absl::string_view file, const Profile& profile, const ProfileMatch& match,
                          const Report& report, const TextStyle& style) {
  const ModelEstimate& estimate = *FirstEstimate(report);
  const Platform& platform = *estimate.platform;
  const Partition& partition = *report.analysis.partitions[estimate.partition];
  const Graph& graph = *report.graph;
  auto seconds_of = [&](int kernel) {
    const auto k = static_cast<size_t>(kernel);
    return estimate.results[k].seconds * partition.kernels[k].multiplicity;
  };
  auto kernel_of = [&](int kernel) -> const Partition::KernelOps& {
    return partition.kernels[static_cast<size_t>(kernel)];
  };
  double estimated = 0;
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    estimated += seconds_of(static_cast<int>(k));
  }

  FactList head;
  const bool is_trt = profile.kind == ProfileKind::kTrtexec;
  const absl::string_view noun = is_trt ? "layer" : "node";
  head.Add(
      "profile",
      absl::StrCat(
          Printable(file), ": ", Name(profile.kind), ", ",
          profile.runs == 0 ? "runs not told" : Plural(static_cast<size_t>(profile.runs), "run"),
          profile.left_out > 0 ? ", the first left out, medians of the others" : "", "; ",
          Plural(profile.entries.size(), noun), " in ", Seconds(profile.seconds),
          profile.run_seconds > 0 ? absl::StrCat(" of a run's ", Seconds(profile.run_seconds))
                                  : ""));
  head.Add("estimate",
           absl::StrCat(
               Printable(ShownFile(report.file)), " on ", platform.target->name, " under ",
               platform.runtime->name, ", precision ",
               platform.precision->name == "model" ? "as in the model" : platform.precision->name,
               ", ", platform.calibration_label, "; ", Plural(partition.kernels.size(), "kernel"),
               " in ", Seconds(estimated), ", ", PointDigest(report.point)));
  head.Add("matched", absl::StrCat(Share(match.measured_s, profile.seconds),
                                   " of the measured time, ", Share(match.estimated_s, estimated),
                                   " of the estimated, in ", Plural(match.groups.size(), "group")));
  head.Add("of these", absl::StrCat("measured ", Seconds(match.measured_s), ", estimated ",
                                    Seconds(match.estimated_s), ": ",
                                    TimesMeasured(match.estimated_s, match.measured_s)));
  std::string out;
  head.Print(style, 0, &out);

  // A group stands under the class of its dearest kernel.
  struct Row {
    size_t groups = 0;
    double measured = 0, estimated = 0;
  };
  std::array<Row, kNumKernelClasses> rows;
  for (const ProfileGroup& group : match.groups) {
    Row& row = rows[static_cast<size_t>(group.kernel_class)];
    ++row.groups;
    row.measured += group.measured_s;
    row.estimated += group.estimated_s;
  }
  TextTable classes({{"class"},
                     {"groups", Align::kRight},
                     {"measured", Align::kRight},
                     {"%", Align::kRight},
                     {"estimated", Align::kRight},
                     {"%", Align::kRight},
                     {"est./meas.", Align::kRight}});
  auto add = [&](absl::string_view name, const Row& row, Ink ink) {
    classes.Add({std::string(name), absl::StrCat(row.groups), Seconds(row.measured),
                 match.measured_s > 0 ? PercentDigits(row.measured / match.measured_s) : "?",
                 Seconds(row.estimated),
                 match.estimated_s > 0 ? PercentDigits(row.estimated / match.estimated_s) : "?",
                 TimesMeasured(row.estimated, row.measured)},
                ink);
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].groups > 0) add(Name(static_cast<KernelClass>(i)), rows[i], Ink::kPlain);
  }
  add("total", {match.groups.size(), match.measured_s, match.estimated_s}, Ink::kHeading);
  out += "\n";
  classes.Print(style, 0, &out);

  std::vector<const ProfileGroup*> worst;
  for (const ProfileGroup& group : match.groups) worst.push_back(&group);
  std::stable_sort(worst.begin(), worst.end(), [](const ProfileGroup* a, const ProfileGroup* b) {
    return std::abs(a->estimated_s - a->measured_s) > std::abs(b->estimated_s - b->measured_s);
  });
  if (worst.size() > kWorst) worst.resize(kWorst);
  if (!worst.empty()) {
    absl::StrAppend(&out, "\n", Paint(style, Ink::kHeading, "furthest off"), "\n");
    TextTable table({{"kernel", Align::kLeft, true},
                     {"measured", Align::kRight},
                     {"estimated", Align::kRight},
                     {"est./meas.", Align::kRight},
                     {"limit"},
                     {"where", Align::kLeft, true}});
    for (const ProfileGroup* group : worst) {
      const size_t more = group->kernels.size() - 1;
      table.Add({absl::StrCat(Printable(kernel_of(group->main).name),
                              more > 0 ? absl::StrCat(" and ", more) : ""),
                 Seconds(group->measured_s), Seconds(group->estimated_s),
                 TimesMeasured(group->estimated_s, group->measured_s),
                 std::string(estimate.results[static_cast<size_t>(group->main)].limit),
                 Printable(WhereOf(graph, kernel_of(group->main).main()))});
    }
    table.Print(style, 0, &out);
  }

  FactList left;
  auto add_entries = [&](absl::string_view what, const std::vector<int>& entries) {
    if (entries.empty()) return;
    double sum = 0;
    std::vector<std::pair<double, std::string>> named;
    for (int e : entries) {
      const ProfileEntry& entry = profile.entries[static_cast<size_t>(e)];
      sum += entry.seconds;
      named.emplace_back(entry.seconds, entry.name);
    }
    left.Add(absl::StrCat(Plural(entries.size(), noun), ", ", Seconds(sum)),
             absl::StrCat(what, ": ", Names(std::move(named))));
  };
  add_entries("that copy into another layout or type", match.added);
  add_entries("of what is no kernel here (views, shapes, constants)", match.free);
  add_entries("whose names and sizes fit no kernel", match.unmatched);
  if (!match.kernels_left.empty()) {
    double sum = 0;
    std::vector<std::pair<double, std::string>> named;
    for (int k : match.kernels_left) {
      sum += seconds_of(k);
      named.emplace_back(seconds_of(k), WhereOf(graph, kernel_of(k).main()));
    }
    left.Add(
        absl::StrCat(Plural(match.kernels_left.size(), "kernel"), ", ", Seconds(sum)),
        absl::StrCat("that are estimated and that no ", noun, " names: ", Names(std::move(named))));
  }
  const bool all = match.added.empty() && match.free.empty() && match.unmatched.empty() &&
                   match.kernels_left.empty();
  if (!all) {
    absl::StrAppend(&out, "\n", Paint(style, Ink::kHeading, "not matched"), "\n");
    left.Print(style, 0, &out);
  }
  if (estimate.unknown_kernels > 0) {
    absl::StrAppend(&out, "\n", Plural(static_cast<size_t>(estimate.unknown_kernels), "kernel"),
                    " of unknown work: estimated with their overhead alone\n");
  }
  return out;
}

}  // namespace assay
