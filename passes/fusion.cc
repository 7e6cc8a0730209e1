#include "passes/fusion.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ir/op_table.h"
#include "passes/attention.h"
#include "passes/fallback.h"
#include "passes/flow.h"
#include "passes/fusion_explain.h"
#include "passes/fusion_guards.h"
#include "passes/fusion_layout.h"
#include "passes/fusion_optimal.h"
#include "passes/fusion_rules.h"
#include "passes/partition.h"
#include "passes/spelling.h"
#include "passes/twins.h"

namespace assay {

bool operator==(const FusionKey& a, const FusionKey& b) {
  return a.policy == b.policy && a.scratchpad_bytes == b.scratchpad_bytes &&
         a.max_inputs == b.max_inputs && a.operators == b.operators;
}

namespace {

using Slots = absl::InlinedVector<int32_t, 8>;
using Others = StepRow::Others;

constexpr size_t kParts = 12;  // of a kernel's name; what is longer says how many more

// A kernel while it grows.
struct Draft {
  Slots ops;
  const PatternRow* pattern = nullptr;
  absl::InlinedVector<std::string, 4> parts;  // of its name
  int more_parts = 0;
  ValueId tail;           // its result so far
  bool gave_out = false;  // a result that is not the tail is needed outside
  double internal = 0;    // bytes of tensors that do not leave it
  Slots reads;            // external tensors, when their number is limited
  uint64_t fronts = 0;    // steps taken in front
  bool complete = false;  // has the step that its pattern must have
};

class Fuser {
 public:
  // `twin_of`: by slot, the op that it repeats, or -1; empty: none does.
  Fuser(const FusionInput& in, const FusionRules& rules, const std::vector<int32_t>& twin_of)
      : in_(in),
        flow_(in.flow),
        rules_(rules),
        kernel_of_(in.flow.ops.size(), -1),
        spelled_at_(in.flow.ops.size(), -1),
        spelled_from_(in.graph.num_values(), -1),
        outside_reader_(in.flow.ops.size(), -1),
        refused_(in.key.explain ? in.graph.num_values() : 0) {
    for (size_t s = 0; s < twin_of.size(); ++s) {
      if (twin_of[s] >= 0) kernel_of_[s] = kRepeats;
    }
    kinds_.reserve(flow_.ops.size());
    absl::flat_hash_map<const OpRow*, FusionRules::Kind> kind_of;
    for (OpId op : flow_.ops) {
      auto [it, added] = kind_of.try_emplace(in.graph.op(op).row);
      if (added) it->second = rules.KindOf(it->first);
      kinds_.push_back(it->second);
    }
    if (rules.patterns.empty()) return;
    if (!rules.spellings.empty()) {
      spelled_ = FindSpellings(in.graph, in.execution, flow_, rules.spellings);
    }
    spelled_next_.assign(spelled_.size(), -1);
    for (size_t i = spelled_.size(); i-- > 0;) {
      spelled_kinds_.push_back(rules.KindOf(*spelled_[i].row));
      spelled_at_[spelled_[i].ops.front()] = static_cast<int32_t>(i);
      int32_t& first = spelled_from_[spelled_[i].inputs[0].index];
      spelled_next_[i] = std::exchange(first, static_cast<int32_t>(i));
    }
    std::reverse(spelled_kinds_.begin(), spelled_kinds_.end());
  }

  // Ops that repeat another one are in no kernel yet: -1.
  Grouping Run() {
    for (size_t p = 0; p < rules_.patterns.size(); ++p) {
      const FusionRules::Pattern& pattern = rules_.patterns[p];
      if (pattern.from_attention) {
        StartFromAttention(pattern);
      } else if (pattern.from_siblings) {
        JoinSiblings(pattern);
      } else {
        for (int32_t s = 0; s < NumSlots(); ++s) Start(pattern, uint64_t{1} << p, s);
      }
    }
    return Finish();
  }

  const std::vector<absl::string_view>& refused() const { return refused_; }

 private:
  // In kernel_of_: the op is computed with the one that it repeats.
  static constexpr int32_t kRepeats = std::numeric_limits<int32_t>::max();

  int32_t NumSlots() const { return static_cast<int32_t>(flow_.ops.size()); }
  absl::string_view TypeOf(int32_t slot) const {
    return in_.graph.str(in_.graph.op(flow_.ops[slot]).type);
  }
  RegionId RegionOf(int32_t slot) const { return in_.graph.op(flow_.ops[slot]).region; }
  ValueId ResultOf(int32_t slot) const {
    const absl::Span<const Flow::Access> writes = flow_.writes(slot);
    return writes.empty() ? ValueId() : writes[0].value;
  }
  double BytesOf(ValueId v) const { return std::max(0.0, in_.numbers.value_bytes[v.index]); }
  bool AreFree(absl::Span<const int32_t> slots) const {
    for (int32_t s : slots) {
      if (kernel_of_[s] >= 0) return false;
    }
    return true;
  }
  bool Holds(const GuardRow* guard, const Candidate& candidate) const {
    return guard == nullptr || guard->holds(in_, candidate);
  }
  static bool IsIn(absl::Span<const int32_t> slots, int32_t s) {
    return std::find(slots.begin(), slots.end(), s) != slots.end();
  }
  // For --explain-fusion: why the edge was tried and left. The first reason stands.
  void Refuse(ValueId v, absl::string_view reason) {
    if (!refused_.empty() && refused_[v.index].empty()) refused_[v.index] = reason;
  }

  // --- Growing ---------------------------------------------------------------------------------

  int32_t IdOf(const Draft& draft) const {
    return draft.ops.empty() ? -1 : kernel_of_[draft.ops[0]];
  }

  // Takes ops in; they give the kernel's result from now on unless they stand in front of it.
  void Take(Draft* d, absl::Span<const int32_t> slots, absl::string_view name, bool front) {
    const int32_t id = d->ops.empty() ? static_cast<int32_t>(drafts_.size()) : IdOf(*d);
    for (int32_t s : slots) {
      kernel_of_[s] = id;
      d->ops.push_back(s);
    }
    if (d->parts.size() >= kParts) {
      ++d->more_parts;
    } else {
      d->parts.insert(front ? d->parts.begin() : d->parts.end(), std::string(name));
    }
    if (front) return;
    d->tail = ResultOf(slots.back());
    // Results beside the first one that are needed.
    const absl::Span<const Flow::Access> writes = flow_.writes(slots.back());
    for (size_t i = 1; i < writes.size(); ++i) {
      d->gave_out |= flow_.escapes(writes[i].value) || !flow_.readers(writes[i].value).empty();
    }
  }

  // The external tensors of the kernel once it has these ops too.
  Slots ReadsWith(const Draft& d, absl::Span<const int32_t> slots) const {
    const int32_t id = IdOf(d);
    Slots out;
    auto add = [&](ValueId v) {
      const int32_t w = flow_.writer(v);
      const bool inside = w >= 0 && ((id >= 0 && kernel_of_[w] == id) || IsIn(slots, w));
      if (!inside && !IsIn(out, v.index)) out.push_back(v.index);
    };
    for (int32_t v : d.reads) add(ValueId(v));
    for (int32_t s : slots) {
      for (const Flow::Access& a : flow_.reads(s)) {
        if (a.bytes > 0) add(a.value);
      }
    }
    return out;
  }

  // Whether the limits leave room for these ops too, of which these values would be internal.
  bool WithinLimits(Draft* d, absl::Span<const int32_t> slots, double internal) {
    const FusionKey& key = in_.key;
    if (key.scratchpad_bytes > 0 && !(d->pattern != nullptr && d->pattern->tiled) &&
        d->internal + internal > key.scratchpad_bytes) {
      return false;
    }
    if (key.max_inputs > 0) {
      Slots reads = ReadsWith(*d, slots);
      if (static_cast<int>(reads.size()) > key.max_inputs && !d->ops.empty()) return false;
      d->reads = std::move(reads);
    }
    d->internal += internal;
    return true;
  }

  double ResultBytes(absl::Span<const int32_t> slots) const {
    double bytes = 0;
    for (int32_t s : slots) {
      for (const Flow::Access& w : flow_.writes(s)) bytes += BytesOf(w.value);
    }
    return bytes;
  }
  // Of all but the last.
  double InnerBytes(absl::Span<const int32_t> slots) const {
    return ResultBytes(slots.subspan(0, slots.size() - 1));
  }

  // What the ops read that neither the kernel, nor they, nor a weight gives.
  absl::InlinedVector<ValueId, 4> Outside(const Draft& d, absl::Span<const int32_t> slots) const {
    absl::InlinedVector<ValueId, 4> out;
    const int32_t id = IdOf(d);
    for (int32_t s : slots) {
      for (const Flow::Access& a : flow_.reads(s)) {
        const int32_t w = flow_.writer(a.value);
        if (w >= 0 && (kernel_of_[w] == id || IsIn(slots, w))) continue;
        if (!in_.IsConstant(a.operand)) out.push_back(a.value);
      }
    }
    return out;
  }

  bool OthersFit(const Draft& d, const StepRow& step, int32_t slot,
                 absl::Span<const ValueId> others) const {
    const ValueId result = ResultOf(slot);
    switch (step.others) {
      case Others::kConstant: {
        if (!others.empty()) return false;
        // A square is no bias.
        int tails = 0;
        for (const Flow::Access& a : flow_.reads(slot)) tails += a.value == d.tail;
        return tails == 1 || step.repeats;
      }
      case Others::kSmaller:
        for (ValueId v : others) {
          if (in_.Elements(v) < 0 || in_.Compare(v, result) >= 0) return false;
        }
        return true;
      case Others::kEqual:
        return others.size() == 1 && in_.Elements(result) >= 0 &&
               in_.Compare(others[0], result) == 0;
      case Others::kAny:
        return true;
    }
    return false;
  }

  // One op or spelling behind the kernel's result.
  bool TakeBehind(Draft* d, const FusionRules::Step& step, absl::Span<const int32_t> slots,
                  const Spelled* spelled) {
    if (!AreFree(slots)) return false;
    const ValueId tail = d->tail;
    const Candidate candidate{.slot = slots.back(), .spelled = spelled, .tail = tail};
    if (RegionOf(slots[0]) != RegionOf(d->ops[0]) || !ResultOf(slots.back()).has_value()) {
      return false;
    }
    bool leaves = flow_.escapes(tail);
    for (int32_t r : flow_.readers(tail)) {
      if (leaves) break;
      leaves = !IsIn(slots, r);
    }
    if (leaves && !rules_.policy.forks) return false;
    const absl::InlinedVector<ValueId, 4> others = Outside(*d, slots);
    if (spelled == nullptr) {
      const absl::Span<const Flow::Access> reads = flow_.reads(slots[0]);
      if (step.row->tail_operand >= 0 &&
          (static_cast<int>(reads.size()) <= step.row->tail_operand ||
           reads[step.row->tail_operand].value != tail)) {
        return false;
      }
      if (!OthersFit(*d, *step.row, slots[0], others)) return false;
    } else if (!others.empty() && step.row->others != Others::kAny) {
      return false;
    }
    if (!step.row->resizes && in_.Compare(ResultOf(slots.back()), tail) != 0) {
      return false;
    }
    if (!Holds(step.guard, candidate)) return false;
    if (!others.empty() && (leaves || d->gave_out)) {
      Refuse(tail, "cycle");
      return false;
    }
    if (!WithinLimits(d, slots, (leaves ? 0 : BytesOf(tail)) + InnerBytes(slots))) {
      Refuse(tail, "resource-limit");
      return false;
    }
    d->gave_out |= leaves;
    Take(d, slots, spelled != nullptr ? spelled->row->name : TypeOf(slots[0]), false);
    return true;
  }

  bool TakeStep(Draft* d, const FusionRules::Step& step) {
    if (!d->tail.has_value()) return false;
    const uint64_t bit = uint64_t{1} << step.index;
    for (int32_t i = spelled_from_[d->tail.index]; i >= 0; i = spelled_next_[i]) {
      if ((spelled_kinds_[i].steps & bit) != 0 &&
          TakeBehind(d, step, spelled_[i].ops, &spelled_[i])) {
        return true;
      }
    }
    const absl::Span<const int32_t> readers = flow_.readers(d->tail);
    if (!rules_.policy.forks && readers.size() != 1) return false;
    // Of many readers the first few: the rest would make a fan-out quadratic.
    constexpr size_t kReaders = 8;
    for (size_t i = 0; i < readers.size() && i < kReaders; ++i) {
      if ((kinds_[readers[i]].steps & bit) != 0 && TakeBehind(d, step, {readers[i]}, nullptr)) {
        return true;
      }
    }
    return false;
  }

  // Absorbs producers that feed nothing but the kernel, from all of its ops backwards.
  void TakeFront(Draft* d, absl::Span<const FusionRules::Step> steps) {
    if (steps.empty()) return;
    const int32_t id = IdOf(*d);
    for (size_t at = 0; at < d->ops.size(); ++at) {
      for (const Flow::Access& a : flow_.reads(d->ops[at])) {
        const int32_t w = flow_.writer(a.value);
        if (w < 0 || kernel_of_[w] >= 0 || RegionOf(w) != RegionOf(d->ops[0])) continue;
        for (const FusionRules::Step& step : steps) {
          const uint64_t bit = uint64_t{1} << step.index;
          if ((kinds_[w].steps & bit) == 0 || (!step.row->repeats && (d->fronts & bit) != 0))
            continue;
          if (!FeedsOnly(w, id) || !FrontFits(*step.row, w) ||
              !Holds(step.guard, {.slot = w, .tail = d->tail})) {
            continue;
          }
          if (!WithinLimits(d, {w}, ResultBytes({w}))) {
            Refuse(a.value, "resource-limit");
            continue;
          }
          d->fronts |= bit;
          Take(d, {w}, TypeOf(w), true);
          break;
        }
      }
    }
  }

  // All results go into the kernel and nowhere else.
  bool FeedsOnly(int32_t slot, int32_t id) {
    // The reader that it failed for last time still stands outside, most often.
    int32_t& outside = outside_reader_[slot];
    if (outside >= 0 && kernel_of_[outside] != id) return false;
    for (const Flow::Access& w : flow_.writes(slot)) {
      if (flow_.escapes(w.value)) return false;
      for (int32_t r : flow_.readers(w.value)) {
        if (kernel_of_[r] != id) {
          outside = r;
          return false;
        }
      }
    }
    return true;
  }

  bool FrontFits(const StepRow& step, int32_t slot) const {
    absl::InlinedVector<ValueId, 4> activations;
    for (const Flow::Access& a : flow_.reads(slot)) {
      if (in_.IsConstant(a.operand)) continue;
      if (std::find(activations.begin(), activations.end(), a.value) == activations.end()) {
        activations.push_back(a.value);
      }
    }
    switch (step.others) {
      case Others::kConstant:
      case Others::kSmaller:
        return activations.size() <= 1;
      case Others::kEqual:
        return activations.size() == 2 && in_.Compare(activations[0], activations[1]) == 0;
      case Others::kAny:
        return true;
    }
    return false;
  }

  void Grow(Draft d, const FusionRules::Pattern& pattern) {
    TakeFront(&d, pattern.front);
    for (const FusionRules::Step& step : pattern.steps) {
      while (TakeStep(&d, step)) {
        d.complete |= step.row->name == pattern.row->must;
        if (!step.row->repeats) break;
      }
    }
    // What was absorbed behind may have opened a front: the other branch of a tree.
    TakeFront(&d, pattern.front);
    drafts_.push_back(std::move(d));
  }

  void Start(const FusionRules::Pattern& pattern, uint64_t bit, int32_t slot) {
    if (kernel_of_[slot] >= 0) return;
    Draft d;
    d.pattern = pattern.row;
    const int32_t i = spelled_at_[slot];
    if (i >= 0 && (spelled_kinds_[i].starts & bit) != 0 && AreFree(spelled_[i].ops) &&
        Holds(pattern.guard, {.slot = spelled_[i].ops.back(), .spelled = &spelled_[i]}) &&
        WithinLimits(&d, spelled_[i].ops, InnerBytes(spelled_[i].ops))) {
      Take(&d, spelled_[i].ops, spelled_[i].row->name, false);
    } else if ((kinds_[slot].starts & bit) != 0 && Holds(pattern.guard, {.slot = slot})) {
      WithinLimits(&d, {slot}, 0);
      Take(&d, {slot}, TypeOf(slot), false);
    } else {
      return;
    }
    Grow(std::move(d), pattern);
    // What did not come together, and an op without company, is free for the next pattern.
    const Draft& grown = drafts_.back();
    if (!(grown.complete || pattern.row->must.empty()) ||
        (grown.ops.size() == 1 && !pattern.row->names_one)) {
      for (int32_t s : grown.ops) kernel_of_[s] = -1;
      drafts_.pop_back();
    }
  }

  void StartFromAttention(const FusionRules::Pattern& pattern) {
    for (const AttentionCore& core : FindAttention(in_.graph, in_.execution, flow_, spelled_)) {
      Draft d;
      d.pattern = pattern.row;
      if (!AreFree(core.ops) || !WithinLimits(&d, core.ops, InnerBytes(core.ops))) continue;
      Take(&d, core.ops, "Attention", false);
      Grow(std::move(d), pattern);
      drafts_.back().parts = {"Attention"};
      drafts_.back().more_parts = 0;
    }
  }

  // --- Siblings --------------------------------------------------------------------------------

  // Kernels around projections of one attention that read the same activations become one.
  void JoinSiblings(const FusionRules::Pattern& pattern) {
    std::vector<Slots> attention;
    for (const Draft& d : drafts_) {
      if (d.pattern->start == "<attention>" || d.pattern->start == "attention") {
        attention.push_back(d.ops);
      }
    }
    for (const std::vector<int32_t>& projections :
         FindProjections(in_.graph, in_.execution, flow_, attention)) {
      // Kernels of projections by what they read, in order of their first op.
      std::vector<std::pair<std::vector<int32_t>, std::vector<int32_t>>> by_read;
      for (int32_t s : projections) {
        if (kernel_of_[s] < 0) {
          Draft d;
          d.pattern = pattern.row;
          Take(&d, {s}, TypeOf(s), false);
          drafts_.push_back(std::move(d));
        }
        const int32_t id = kernel_of_[s];
        if (drafts_[id].pattern->several && drafts_[id].ops.size() > 1) continue;
        std::vector<int32_t> read = ActivationsOf(drafts_[id]);
        auto it = std::find_if(by_read.begin(), by_read.end(),
                               [&](const auto& entry) { return entry.first == read; });
        if (it == by_read.end()) {
          by_read.emplace_back(std::move(read), std::vector<int32_t>());
          it = by_read.end() - 1;
        }
        if (!IsIn(it->second, id)) it->second.push_back(id);
      }
      for (const auto& [read, ids] : by_read) {
        if (ids.size() > 1 && !read.empty()) Join(pattern, ids);
      }
    }
  }

  std::vector<int32_t> ActivationsOf(const Draft& d) const {
    std::vector<int32_t> out;
    for (ValueId v : Outside(d, d.ops)) out.push_back(v.index);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  void Join(const FusionRules::Pattern& pattern, absl::Span<const int32_t> ids) {
    Draft& to = drafts_[ids[0]];
    to.pattern = pattern.row;
    for (int32_t id : ids.subspan(1)) {
      Draft& from = drafts_[id];
      if (RegionOf(from.ops[0]) != RegionOf(to.ops[0]) || !WithinLimits(&to, from.ops, 0)) continue;
      to.internal += from.internal;
      to.parts.emplace_back("|");
      to.parts.insert(to.parts.end(), from.parts.begin(), from.parts.end());
      to.more_parts += from.more_parts;
      for (int32_t s : from.ops) {
        kernel_of_[s] = ids[0];
        to.ops.push_back(s);
      }
      from.ops.clear();
    }
  }

  // --- The end ---------------------------------------------------------------------------------

  // "Conv+Relu"; of a long chain its first parts and the number of the rest.
  static std::string NameOf(const Draft& d) {
    std::string out;
    for (size_t i = 0; i < d.parts.size(); ++i) {
      const bool bar = d.parts[i] == "|" || (i > 0 && d.parts[i - 1] == "|");
      absl::StrAppend(&out, i == 0 || bar ? "" : "+", d.parts[i]);
    }
    if (d.more_parts > 0) absl::StrAppend(&out, "+", d.more_parts, "more");
    return out;
  }

  Grouping Finish() {
    Grouping out;
    std::vector<int32_t> group(drafts_.size(), -1);
    for (size_t i = 0; i < drafts_.size(); ++i) {
      const Draft& d = drafts_[i];
      if (d.ops.empty()) continue;
      group[i] = static_cast<int32_t>(out.groups.size());
      const bool single = d.ops.size() == 1 && !d.pattern->names_one;
      out.groups.push_back(
          {.name = NameOf(d), .pattern = single ? absl::string_view("single") : d.pattern->name});
    }
    out.kernel_of = std::move(kernel_of_);
    for (int32_t s = 0; s < NumSlots(); ++s) {
      int32_t& k = out.kernel_of[s];
      if (k == kRepeats) {
        k = -1;
      } else if (k >= 0) {
        k = group[k];
      } else {
        k = static_cast<int32_t>(out.groups.size());
        out.groups.push_back({.name = std::string(TypeOf(s))});
      }
    }
    return out;
  }

  const FusionInput& in_;
  const Flow& flow_;
  const FusionRules& rules_;
  std::vector<int32_t> kernel_of_;        // by slot: index into drafts_; -1: still free
  std::vector<FusionRules::Kind> kinds_;  // by slot
  std::vector<Spelled> spelled_;
  std::vector<FusionRules::Kind> spelled_kinds_;
  std::vector<int32_t> spelled_at_;      // by slot: the spelling whose first op it is, or -1
  std::vector<int32_t> spelled_from_;    // by ValueId: the first spelling whose x it is, or -1
  std::vector<int32_t> spelled_next_;    // by spelling: the next one of the same x, or -1
  std::vector<int32_t> outside_reader_;  // by slot: a reader that kept it out of a kernel, or -1
  std::vector<Draft> drafts_;
  std::vector<absl::string_view> refused_;  // by ValueId; empty unless asked for
};

void AddTwins(const std::vector<int32_t>& twin_of, Grouping* grouping) {
  for (size_t s = 0; s < twin_of.size(); ++s) {
    if (twin_of[s] < 0) continue;
    grouping->kernel_of[s] = grouping->kernel_of[twin_of[s]];
    grouping->groups[grouping->kernel_of[s]].pattern = "repeated";
  }
}

}  // namespace

bool ComparesSizesOnly(const FusionPolicyRow& policy, const FusionKey& key) {
  return !policy.least_traffic && key.scratchpad_bytes == 0;
}

absl::StatusOr<Partition> FuseOps(const Graph& graph, const Shapes& shapes,
                                  const Execution& execution, const Works& works,
                                  const Numbers& numbers, const Flow& flow, const FusionKey& key,
                                  std::vector<SizeComparison>* compared) {
  absl::StatusOr<const FusionPolicyRow*> policy = FindFusionPolicy(key.policy);
  if (!policy.ok()) return policy.status();
  std::vector<int32_t> twin_of;
  if ((*policy)->twins) twin_of = FindTwins(graph, shapes, flow);
  const bool repeats =
      std::any_of(twin_of.begin(), twin_of.end(), [](int32_t t) { return t >= 0; });
  Flow once;
  if (repeats) once = flow.WithoutTwins(twin_of);
  const FusionInput in{graph, shapes,  execution, works, numbers, repeats ? once : flow,
                       key,   compared};
  Fuser fuser(in, RulesOf(**policy), twin_of);
  Grouping grouping = fuser.Run();
  if ((*policy)->layout == "nchwc") UseBlockedLayout(in, &grouping);
  if (repeats) AddTwins(twin_of, &grouping);
  if (!(*policy)->copies.empty()) InsertCopies(in, (*policy)->copies, &grouping);
  LeastTraffic least;
  if ((*policy)->least_traffic) {
    least = MinimizeTraffic(graph, shapes, execution, works, numbers, flow, key, grouping);
    grouping = std::move(least.grouping);
  }
  if (!key.operators.empty()) {
    SplitByOperators(graph, flow, OperatorList(key.operators), &grouping);
  }
  Partition out = FinishPartition(graph, execution, numbers, flow, key, grouping);
  out.regions = least.regions;
  out.regions_not_exact = least.regions_not_exact;
  if (key.explain) out.unfused = ExplainEdges(in, out, fuser.refused());
  return out;
}

}  // namespace assay
