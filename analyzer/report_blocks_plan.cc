// What runs together: the lines on fusion, concurrency and memory, and the tables of --kernels,
// --stages and --memory.
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
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/report.h"
#include "analyzer/report_blocks.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "passes/analysis.h"
#include "passes/pattern.h"

namespace assay {
namespace {

constexpr size_t kMostSteps = 100'000;  // of a timeline, for reading

Cell Part(double part, double whole) { return whole > 0 ? Cell(part / whole) : Cell(); }

std::string Width(const Concurrency& c) {
  if (c.width >= 0) return absl::StrCat("width ", c.width);
  return absl::StrCat("width ", c.widest_stage, " to ", c.width_at_most);
}

std::string Above(double bytes, double least) {
  return bytes <= least ? "the least possible"
                        : absl::StrCat(Percent((bytes - least) / least), " above the least");
}

void AddFact(absl::string_view name, std::string text, Facts* facts) {
  facts->figures.push_back({.title = std::string(name), .value = std::move(text)});
}

void AddFusion(const Partition& p, Facts* facts) {
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
  AddFact("fusion", std::move(text), facts);
}

void AddConcurrency(const Concurrency& c, const KernelPlan* plan, Facts* facts) {
  std::string text =
      absl::StrCat(Plural(c.stages, "stage"), ", ", Width(c), "; critical path ",
                   Plural(c.critical_path_ops, "operator"), ", ", Count(c.critical_flops),
                   " FLOPs; average parallelism ", Ratio(c.average_parallelism));
  if (plan != nullptr) {
    const Concurrency& k = plan->concurrency;
    absl::StrAppend(&text, "; of the kernels: ", Plural(k.stages, "stage"), ", ", Width(k));
  }
  AddFact("concurrency", std::move(text), facts);
}

void AddMemory(const Report& r, Facts* facts) {
  const Memory& m = *r.analysis.memory;
  std::string text = absl::StrCat("activations peak at ", Bytes(m.peak_activation_bytes));
  if (m.peak_at.has_value()) absl::StrAppend(&text, " in ", Place(*r.graph, m.peak_at));
  absl::StrAppend(&text, ", ", Bytes(m.peak_inplace_bytes), " in place");
  absl::StrAppend(&text, "; weights ", Bytes(m.weights_bytes));
  if (m.unknown_values > 0) {
    absl::StrAppend(&text, "; ", Plural(m.unknown_values, "tensor"), " of unknown size left out");
  }
  AddFact("memory", std::move(text), facts);
  if (!m.caches.empty()) {
    double past = 0, present = 0;
    for (const Memory::Cache& c : m.caches) past += c.past_bytes, present += c.present_bytes;
    AddFact("caches",
            absl::StrCat(Plural(static_cast<int64_t>(m.caches.size()), "state"), ", ", Bytes(past),
                         " in, ", Bytes(present), " out; part of the activations"),
            facts);
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
  AddFact(r.plan == nullptr ? "arena" : "of kernels", std::move(text), facts);
}

}  // namespace

std::string Change(double from, double to) {
  if (from <= 0 || from == to) return "unchanged";
  return absl::StrCat(to < from ? "-" : "+", Percent(std::fabs(to - from) / from));
}

Facts StructureFacts(const Report& r) {
  const Analysis& a = r.analysis;
  Facts facts;
  if (a.execution != nullptr) {
    std::vector<std::string> parts;
    for (int e = 0; e < kNumExecs; ++e) {
      if (a.execution->count[e] == 0) continue;
      Exec exec = static_cast<Exec>(e);
      absl::string_view name = exec == Exec::kRuns ? "run" : Name(exec);
      parts.push_back(absl::StrCat(a.execution->count[e], " ", name));
    }
    AddFact("operators", absl::StrCat(r.graph->num_ops(), ": ", absl::StrJoin(parts, ", ")),
            &facts);
  }
  if (r.partition != nullptr) AddFusion(*r.partition, &facts);
  if (a.concurrency != nullptr) AddConcurrency(*a.concurrency, r.plan, &facts);
  if (a.memory != nullptr) AddMemory(r, &facts);
  return facts;
}

Table KernelTable(const Report& r) {
  const Partition& p = *r.partition;
  bool heads = false;
  for (size_t i = 0; r.plan != nullptr && i < p.kernels.size(); ++i) {
    heads |= r.plan->threads[i].heads > 1;
  }
  Table table{.key = "fused_kernels",
              .title = absl::StrCat("kernels, fusion ", p.key.policy),
              .columns = {{"id", "id", Quantity::kKernelId},
                          {"stage", "stage", Quantity::kIndex},
                          {"kernel", "kernel"},
                          {"pattern", "pattern"},
                          {"ops", "ops", Quantity::kIndex},
                          {"macs", "MACs", Quantity::kCount},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"bytes_internal", "inside", Quantity::kBytes},
                          {"threads", "threads", Quantity::kCount},
                          {"threads_batch", "batch", Quantity::kIndex},
                          {"threads_heads", "heads", Quantity::kIndex},
                          {"threads_channel", "channel", Quantity::kIndex},
                          {"threads_space", "space", Quantity::kIndex},
                          {"where", "where"}}};
  for (size_t i = 0; i < p.kernels.size(); ++i) {
    const Partition::KernelOps& k = p.kernels[i];
    const KernelPlan::Threads threads =
        r.plan == nullptr ? KernelPlan::Threads() : r.plan->threads[i];
    auto axis = [&](double n) { return Cell(threads.all() > 0 ? n : NAN); };
    table.rows.push_back(
        {{static_cast<int64_t>(i),
          r.plan == nullptr ? Cell() : Cell(r.plan->concurrency.stage_of[i]), k.name, k.pattern,
          static_cast<int64_t>(k.ops.size()), r.analysis.numbers->Sum(k.ops).macs,
          k.known ? k.bytes_external() * k.multiplicity : NAN, k.bytes_internal * k.multiplicity,
          axis(threads.all()), axis(threads.batch), heads ? axis(threads.heads) : Cell(),
          axis(threads.channel), axis(threads.space), Where(*r.graph, k.main())}});
  }
  return table;
}

Facts UnfusedReasonFacts(const Report& r) {
  const Partition& p = *r.partition;
  Facts reasons{.title = absl::StrCat("why edges stayed between kernels, fusion ", p.key.policy)};
  for (const ReasonRow& reason : UnfusedReasons()) {
    const int64_t edges =
        std::count_if(p.unfused.begin(), p.unfused.end(),
                      [&](const Partition::Unfused& u) { return u.reason == reason.name; });
    if (edges == 0) continue;
    AddFact(reason.name, absl::StrCat(Plural(edges, "edge"), ": ", reason.what), &reasons);
  }
  if (p.unfused.empty()) AddFact("none", "every tensor stays inside its kernel", &reasons);
  return reasons;
}

Table UnfusedTable(const Report& r) {
  const Partition& p = *r.partition;
  Table table{.key = "unfused",
              .title = absl::StrCat("edges between kernels, fusion ", p.key.policy),
              .columns = {{"from_kernel", "from", Quantity::kKernelId},
                          {"to_kernel", "to", Quantity::kKernelId},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"reason", "why", Quantity::kText, false, true},
                          {"written_by", "written by"},
                          {"read_by", "read by"}}};
  for (const Partition::Unfused& u : p.unfused) {
    const double bytes = r.analysis.numbers->value_bytes[u.value.index];
    table.rows.push_back(
        {{p.kernel_of[u.from.index], p.kernel_of[u.to.index], bytes < 0 ? NAN : bytes, u.reason,
          Place(*r.graph, u.from), Place(*r.graph, u.to)}});
  }
  return table;
}

Table StageTable(const Report& r) {
  const Concurrency& c = r.plan->concurrency;
  Table table{.key = "stages",
              .title = absl::StrCat("stages of the kernels, fusion ", r.partition->key.policy),
              .columns = {{"stage", "stage", Quantity::kIndex},
                          {"kernels", "kernels", Quantity::kCount},
                          {"macs", "MACs", Quantity::kCount},
                          {"flops", "FLOPs", Quantity::kCount},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"share_of_fullest", "FLOPs of the fullest", Quantity::kBar}}};
  double most = 0;
  for (const Concurrency::Stage& s : c.profile) most = std::max(most, s.flops);
  for (size_t i = 0; i < c.profile.size(); ++i) {
    const Concurrency::Stage& s = c.profile[i];
    table.rows.push_back(
        {{static_cast<int64_t>(i), s.nodes, s.macs, s.flops, s.bytes, Part(s.flops, most)}});
  }
  return table;
}

Table SpeedupTable(const Report& r) {
  Table table{.key = "speedups",
              .title = "speed-up with one kernel per processor, by FLOPs",
              .columns = {{"processors", "processors", Quantity::kIndex},
                          {"at_least", "at least", Quantity::kRatio},
                          {"at_most", "at most", Quantity::kRatio}}};
  for (const Concurrency::Speedup& s : r.plan->concurrency.speedups) {
    table.rows.push_back({{s.processors, s.at_least, s.at_most}});
  }
  return table;
}

Table PeakTable(const Report& r, size_t most) {
  const Memory& m = r.plan->memory;
  const Shapes& shapes = *r.analysis.shapes;
  Table table{.key = "peak_tensors",
              .title = absl::StrCat("alive at the peak of ", Bytes(m.peak_activation_bytes),
                                    " with the kernels of ", r.partition->key.policy),
              .columns = {{"bytes", "bytes", Quantity::kBytes},
                          {"tensor", "tensor"},
                          {"type", "type"},
                          {"steps", "steps", Quantity::kText, false, true},
                          {"offset", "offset", Quantity::kExact}}};
  double rest = 0;
  for (size_t i = 0; i < m.peak_buffers.size(); ++i) {
    const Memory::Buffer& b = m.buffers[m.peak_buffers[i]];
    if (i >= most) {
      rest += b.bytes;
      continue;
    }
    table.rows.push_back(
        {{b.bytes, r.graph->name(b.value), ToString(shapes.type(b.value), *shapes.pool),
          absl::StrCat(b.from, "-", b.to), b.offset}});
  }
  if (rest > 0) {
    table.rows.push_back(
        {{rest, absl::StrCat("(", m.peak_buffers.size() - most, " others)")}, 0, Ink::kFaint});
  }
  return table;
}

Table TimelineTable(const Report& r) {
  const Memory& m = r.plan->memory;
  const bool other = m.best_peak_bytes < m.peak_activation_bytes;
  Table table{.key = "timeline",
              .title = "bytes alive, step by step",
              .columns = {{"step", "step", Quantity::kIndex},
                          {"id", "id", Quantity::kKernelId},
                          {"kernel", "kernel"},
                          {"live_bytes", "alive", Quantity::kBytes},
                          {"share_of_peak", "of the peak", Quantity::kBar},
                          {"better_id", "better id", Quantity::kKernelId},
                          {"better_live_bytes", "alive", Quantity::kBytes},
                          {"better_share_of_peak", "of the peak", Quantity::kBar}}};
  for (size_t i = 0; i < std::min(m.order.size(), kMostSteps); ++i) {
    TableRow row{{static_cast<int64_t>(i), m.order[i], r.partition->kernels[m.order[i]].name,
                  m.live[i], Part(m.live[i], m.peak_activation_bytes)}};
    if (other) {
      row.cells.insert(row.cells.end(), {m.best_order[i], m.best_live[i],
                                         Part(m.best_live[i], m.peak_activation_bytes)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace assay
