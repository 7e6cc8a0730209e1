// What runs together, for reading: the lines on fusion, concurrency and memory, and the tables of
// --kernels, --stages and --memory.
//
//   fusion       greedy: 31 kernels, traffic 97.02 MB -> 78.56 MB (-19.0 %), ...
//   concurrency  45 stages, width 2; critical path 45 operators, 3.593 G FLOPs; ...
//   memory       activations peak at 6.423 MB in Relu `/relu/Relu`, 4.014 MB in place; ...
//   of kernels   peak 4.014 MB, 4.014 MB in place; arena 4.014 MB, the least possible; ...
//
// The tables are about the kernels of --fuse; under --fuse none every operator is one.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/report.h"
#include "analyzer/report_text.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "passes/analysis.h"
#include "passes/pattern.h"

namespace assay {
namespace {

constexpr Align kRight = Align::kRight;
constexpr int kBar = 32;                 // columns of a bar
constexpr size_t kMostPeakBuffers = 12;  // rows
constexpr size_t kMostSteps = 100'000;   // of a timeline, for reading

std::string Bar(double part, double whole) {
  if (whole <= 0) return "";
  return std::string(static_cast<size_t>(std::lround(kBar * part / whole)), '#');
}

std::string Width(const Concurrency& c) {
  if (c.width >= 0) return absl::StrCat("width ", c.width);
  return absl::StrCat("width ", c.widest_stage, " to ", c.width_at_most);
}

std::string Above(double bytes, double least) {
  return bytes <= least ? "the least possible"
                        : absl::StrCat(Percent((bytes - least) / least), " above the least");
}

}  // namespace

std::string Change(double from, double to) {
  if (from <= 0 || from == to) return "unchanged";
  return absl::StrCat(to < from ? "-" : "+", Percent(std::fabs(to - from) / from));
}

void AddFusion(const Partition& p, FactList* facts) {
  std::string text =
      absl::StrCat(p.key.policy, ": ", Plural(static_cast<int64_t>(p.kernels.size()), "kernel"));
  if (!p.inserted_kernels.empty()) {
    absl::StrAppend(&text, " and ", p.inserted_kernels.size(), " inserted");
  }
  absl::StrAppend(&text, ", traffic ", Bytes(p.bytes_unfused), " -> ", Bytes(p.bytes_fused), " (",
                  Change(p.bytes_unfused, p.bytes_fused), "), ", Bytes(p.bytes_internal),
                  " inside kernels");
  if (p.regions > 0) {
    absl::StrAppend(
        &text, "; ", Plural(p.regions, "region"), " searched, ",
        p.regions_not_exact == 0
            ? "each to the proven least"
            : absl::StrCat(p.regions_not_exact, " given up before the least is proven"));
  }
  facts->Add("fusion", std::move(text));
}

void AddConcurrency(const Concurrency& c, const KernelPlan* plan, FactList* facts) {
  std::string text =
      absl::StrCat(Plural(c.stages, "stage"), ", ", Width(c), "; critical path ",
                   Plural(c.critical_path_ops, "operator"), ", ", Count(c.critical_flops),
                   " FLOPs; average parallelism ", Ratio(c.average_parallelism));
  if (plan != nullptr) {
    const Concurrency& k = plan->concurrency;
    absl::StrAppend(&text, "; of the kernels: ", Plural(k.stages, "stage"), ", ", Width(k));
  }
  facts->Add("concurrency", std::move(text));
}

void AddMemory(const Report& r, FactList* facts) {
  const Memory& m = *r.analysis.memory;
  std::string text = absl::StrCat("activations peak at ", Bytes(m.peak_activation_bytes));
  if (m.peak_at.has_value()) absl::StrAppend(&text, " in ", Place(*r.graph, m.peak_at));
  absl::StrAppend(&text, ", ", Bytes(m.peak_inplace_bytes), " in place");
  absl::StrAppend(&text, "; weights ", Bytes(m.weights_bytes));
  if (m.unknown_values > 0) {
    absl::StrAppend(&text, "; ", Plural(m.unknown_values, "tensor"), " of unknown size left out");
  }
  facts->Add("memory", std::move(text));
  if (!m.caches.empty()) {
    double past = 0, present = 0;
    for (const Memory::Cache& c : m.caches) past += c.past_bytes, present += c.present_bytes;
    facts->Add("caches",
               absl::StrCat(Plural(static_cast<int64_t>(m.caches.size()), "state"), ", ",
                            Bytes(past), " in, ", Bytes(present), " out; part of the activations"));
  }
  const Memory& k = r.plan == nullptr ? m : r.plan->memory;
  if (r.plan != nullptr) {
    text = absl::StrCat("peak ", Bytes(k.peak_activation_bytes), ", ", Bytes(k.peak_inplace_bytes),
                        " in place; ");
  } else {
    text.clear();
  }
  absl::StrAppend(&text, "arena ", Bytes(k.arena_bytes), ", ",
                  Above(k.arena_bytes, k.arena_lower_bound_bytes));
  if (k.best_peak_bytes < k.peak_activation_bytes) {
    absl::StrAppend(&text, "; ", Bytes(k.best_peak_bytes), " in another order (",
                    Change(k.peak_activation_bytes, k.best_peak_bytes),
                    k.best_is_least ? ", the least of all" : "", ")");
  } else if (k.best_is_least) {
    absl::StrAppend(&text, "; no order needs less");
  } else {
    absl::StrAppend(&text, "; no order that needs less was found");
  }
  facts->Add(r.plan == nullptr ? "arena" : "of kernels", std::move(text));
}

void PrintKernels(const Report& r, const TextStyle& style, std::string* out) {
  const Partition& p = *r.partition;
  PrintHeading(style, absl::StrCat("kernels, fusion ", p.key.policy), out);
  bool heads = false;
  for (size_t i = 0; r.plan != nullptr && i < p.kernels.size(); ++i) {
    heads |= r.plan->threads[i].heads > 1;
  }
  TextTable table({{"id", kRight},
                   {"stage", kRight},
                   {"kernel", Align::kLeft, true},
                   {"pattern", Align::kLeft, true},
                   {"ops", kRight},
                   {"MACs", kRight},
                   {"bytes", kRight},
                   {"inside", kRight},
                   {"threads", kRight},
                   {"batch", kRight},
                   {heads ? "heads" : "", kRight},
                   {"channel", kRight},
                   {"space", kRight},
                   {"where", Align::kLeft, true}});
  for (size_t i = 0; i < p.kernels.size(); ++i) {
    const Partition::KernelOps& k = p.kernels[i];
    const KernelPlan::Threads threads =
        r.plan == nullptr ? KernelPlan::Threads() : r.plan->threads[i];
    const bool known = threads.all() > 0;
    auto axis = [&](double n) { return known ? absl::StrCat(n) : std::string("?"); };
    table.Add(
        {absl::StrCat(i), r.plan == nullptr ? "" : absl::StrCat(r.plan->concurrency.stage_of[i]),
         Printable(k.name), std::string(k.pattern), absl::StrCat(k.ops.size()),
         Count(r.analysis.numbers->Sum(k.ops).macs),
         k.known ? Bytes(k.bytes_external() * k.multiplicity) : "?",
         Bytes(k.bytes_internal * k.multiplicity), threads.all() > 0 ? Count(threads.all()) : "?",
         axis(threads.batch), heads ? axis(threads.heads) : std::string(), axis(threads.channel),
         axis(threads.space), Where(*r.graph, k.main())});
  }
  table.Print(style, 2, out);
}

void PrintUnfused(const Report& r, const TextStyle& style, std::string* out) {
  const Partition& p = *r.partition;
  PrintHeading(style, absl::StrCat("edges between kernels, fusion ", p.key.policy), out);
  FactList reasons;
  for (const ReasonRow& reason : UnfusedReasons()) {
    const int64_t edges =
        std::count_if(p.unfused.begin(), p.unfused.end(),
                      [&](const Partition::Unfused& u) { return u.reason == reason.name; });
    if (edges == 0) continue;
    reasons.Add(std::string(reason.name), absl::StrCat(Plural(edges, "edge"), ": ", reason.what));
  }
  reasons.Print(style, 2, out);
  if (p.unfused.empty()) {
    absl::StrAppend(out, "  none\n");
    return;
  }
  absl::StrAppend(out, "\n");
  TextTable table({{"from", kRight},
                   {"to", kRight},
                   {"bytes", kRight},
                   {"why"},
                   {"written by", Align::kLeft, true},
                   {"read by", Align::kLeft, true}});
  for (const Partition::Unfused& u : p.unfused) {
    const double bytes = r.analysis.numbers->value_bytes[u.value.index];
    table.Add({absl::StrCat("#", p.kernel_of[u.from.index]),
               absl::StrCat("#", p.kernel_of[u.to.index]), bytes < 0 ? "?" : Bytes(bytes),
               std::string(u.reason), Place(*r.graph, u.from), Place(*r.graph, u.to)});
  }
  table.Print(style, 2, out);
}

void PrintStages(const Report& r, const TextStyle& style, std::string* out) {
  const Concurrency& c = r.plan->concurrency;
  PrintHeading(style, absl::StrCat("stages of the kernels, fusion ", r.partition->key.policy), out);
  TextTable table({{"stage", kRight},
                   {"kernels", kRight},
                   {"MACs", kRight},
                   {"FLOPs", kRight},
                   {"bytes", kRight},
                   {"FLOPs of the fullest"}});
  double most = 0;
  for (const Concurrency::Stage& s : c.profile) most = std::max(most, s.flops);
  for (size_t i = 0; i < c.profile.size(); ++i) {
    const Concurrency::Stage& s = c.profile[i];
    table.Add({absl::StrCat(i), Count(s.nodes), Count(s.macs), Count(s.flops), Bytes(s.bytes),
               Bar(s.flops, most)});
  }
  table.Print(style, 2, out);
  if (c.speedups.empty()) return;
  PrintHeading(style, "speed-up with one kernel per processor, by FLOPs", out);
  TextTable curve({{"processors", kRight}, {"at least", kRight}, {"at most", kRight}});
  for (const Concurrency::Speedup& s : c.speedups) {
    curve.Add({absl::StrCat(s.processors), Ratio(s.at_least), Ratio(s.at_most)});
  }
  curve.Print(style, 2, out);
}

void PrintMemory(const Report& r, const TextStyle& style, std::string* out) {
  const Memory& m = r.plan->memory;
  const Shapes& shapes = *r.analysis.shapes;
  PrintHeading(style,
               absl::StrCat("alive at the peak of ", Bytes(m.peak_activation_bytes),
                            " with the kernels of ", r.partition->key.policy),
               out);
  TextTable alive({{"bytes", kRight},
                   {"tensor", Align::kLeft, true},
                   {"type", Align::kLeft, true},
                   {"steps"},
                   {"offset", kRight}});
  double rest = 0;
  for (size_t i = 0; i < m.peak_buffers.size(); ++i) {
    const Memory::Buffer& b = m.buffers[m.peak_buffers[i]];
    if (i >= kMostPeakBuffers) {
      rest += b.bytes;
      continue;
    }
    alive.Add({Bytes(b.bytes), Printable(r.graph->name(b.value)),
               Printable(ToString(shapes.type(b.value), *shapes.pool)),
               absl::StrCat(b.from, "-", b.to), Exact(static_cast<int64_t>(b.offset))});
  }
  if (rest > 0) {
    alive.Add(
        {Bytes(rest), absl::StrCat("(", m.peak_buffers.size() - kMostPeakBuffers, " others)")},
        Ink::kFaint);
  }
  alive.Print(style, 2, out);

  const bool other = m.best_peak_bytes < m.peak_activation_bytes;
  PrintHeading(style, "bytes alive, step by step", out);
  TextTable steps({{"step", kRight},
                   {"id", kRight},
                   {"kernel", Align::kLeft, true},
                   {"alive", kRight},
                   {"of the peak"},
                   {other ? "better id" : "", kRight},
                   {other ? "alive" : "", kRight},
                   {other ? "of the peak" : ""}});
  for (size_t i = 0; i < std::min(m.order.size(), kMostSteps); ++i) {
    std::vector<std::string> cells = {absl::StrCat(i), absl::StrCat(m.order[i]),
                                      Printable(r.partition->kernels[m.order[i]].name),
                                      Bytes(m.live[i]), Bar(m.live[i], m.peak_activation_bytes)};
    if (other) {
      cells.push_back(absl::StrCat(m.best_order[i]));
      cells.push_back(Bytes(m.best_live[i]));
      cells.push_back(Bar(m.best_live[i], m.peak_activation_bytes));
    }
    steps.Add(std::move(cells));
  }
  steps.Print(style, 2, out);
}

}  // namespace assay
