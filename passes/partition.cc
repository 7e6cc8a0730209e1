#include "passes/partition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/op_table.h"
#include "passes/pattern.h"
#include "passes/ranked_order.h"
#include "passes/work.h"

namespace assay {
namespace {

bool IsHeavy(const Graph& graph, OpId op) {
  const OpRow* row = graph.op(op).row;
  return row != nullptr && IsHeavy(row->role);
}

class Finisher {
 public:
  Finisher(const Graph& graph, const Execution& execution, const Numbers& numbers, const Flow& flow,
           Partition* out)
      : graph_(graph),
        execution_(execution),
        numbers_(numbers),
        flow_(flow),
        out_(*out),
        seen_(graph.num_values()) {}

  // Works out what the kernel reads and writes, and adds its traffic up.
  void Finish(int32_t id, double extra_reads) {
    Partition::KernelOps& k = out_.kernels[id];
    double unfused = 0, internal_reads = 0, external_reads = 0;
    for (OpId op : k.ops) {
      const int32_t s = flow_.slot[op.index];
      if (IsHeavy(graph_, op)) {
        if (k.anchor.has_value()) {
          k.more_anchors.push_back(op);
        } else {
          k.anchor = op;
        }
      }
      k.known &= flow_.known[s] != 0;
      if (const OpNumbers& n = numbers_.of(op); n.known) {
        k.multiplicity = n.multiplicity;
        const double stored = static_cast<double>(NumbersInAttributes(graph_, op).bytes);
        unfused += stored;
        external_reads += stored;
        k.bytes_weights += stored;
      }
      for (const Flow::Access& a : flow_.reads(s)) {
        unfused += a.bytes;
        if (KernelOf(flow_.writer(a.value)) == id) {
          internal_reads += a.bytes;
        } else if (a.bytes > 0) {
          external_reads += a.bytes;
          Read(id, a, &k);
        }
      }
      for (const Flow::Access& a : flow_.writes(s)) {
        unfused += a.bytes;
        if (Leaves(a.value, id)) {
          k.writes.push_back(a.value);
          k.write_bytes.push_back(a.bytes);
          k.bytes_written += a.bytes;
        } else {
          k.bytes_internal += a.bytes;
        }
      }
    }
    for (size_t i = 0; i < k.reads.size(); ++i) {
      (execution_.is_weight(k.reads[i]) ? k.bytes_weights : k.bytes_read) += k.read_bytes[i];
    }
    const double n = k.multiplicity;
    out_.bytes_unfused += n * unfused;
    out_.bytes_fused += n * (k.bytes_external() + extra_reads);
    out_.bytes_internal += n * k.bytes_internal;
    out_.internal_writes += n * k.bytes_internal;
    out_.internal_reads += n * internal_reads;
    out_.shared_reads += n * (external_reads - k.bytes_read - k.bytes_weights);
    out_.extra_reads += n * extra_reads;
  }

 private:
  // Where in its kernel's reads a tensor stands.
  struct Seen {
    int32_t kernel = -1, at = 0;
  };

  int32_t KernelOf(int32_t slot) const {
    return slot < 0 ? -1 : out_.kernel_of[flow_.ops[slot].index];
  }

  void Read(int32_t id, const Flow::Access& a, Partition::KernelOps* k) {
    Seen& seen = seen_[a.value.index];
    if (seen.kernel != id) {
      seen = {id, static_cast<int32_t>(k->reads.size())};
      k->reads.push_back(a.value);
      k->read_bytes.push_back(a.bytes);
      return;
    }
    double& bytes = k->read_bytes[seen.at];
    bytes = ReadTogether(bytes, a.bytes, numbers_.value_bytes[a.value.index]);
  }

  bool Leaves(ValueId v, int32_t kernel) const {
    const absl::Span<const int32_t> readers = flow_.readers(v);
    if (flow_.escapes(v) || readers.empty()) return true;
    for (int32_t r : readers) {
      if (KernelOf(r) != kernel) return true;
    }
    return false;
  }

  const Graph& graph_;
  const Execution& execution_;
  const Numbers& numbers_;
  const Flow& flow_;
  Partition& out_;
  std::vector<Seen> seen_;  // by ValueId
};

// Groups in an order in which they can run; of those that can, by first op. Groups that wait for
// each other come last, where VerifyPartition finds them.
std::vector<int32_t> OrderOf(const Flow& flow, const Grouping& grouping) {
  const size_t groups = grouping.groups.size();
  const int32_t slots = static_cast<int32_t>(flow.ops.size());
  std::vector<int32_t> first(groups, -1);
  for (int32_t s = slots - 1; s >= 0; --s) first[grouping.kernel_of[s]] = s;
  std::vector<std::pair<int32_t, int32_t>> edges;
  for (int32_t s = 0; s < slots; ++s) {
    for (const Flow::Access& a : flow.reads(s)) {
      const int32_t writer = flow.writer(a.value);
      if (writer < 0) continue;
      const int32_t from = grouping.kernel_of[writer], to = grouping.kernel_of[s];
      if (from != to) edges.emplace_back(from, to);
    }
  }
  std::vector<int32_t> out;
  std::vector<uint8_t> placed(groups, 0);
  for (int32_t g : RankedOrder(first, edges)) {
    placed[g] = 1;
    if (first[g] >= 0) out.push_back(g);
  }
  for (int32_t s = 0; s < slots; ++s) {
    const int32_t g = grouping.kernel_of[s];
    if (!placed[g] && first[g] == s) out.push_back(g);
  }
  return out;
}

}  // namespace

double ReadTogether(double a, double b, double whole) {
  return std::min(a + b, std::max({a, b, whole}));
}

Partition FinishPartition(const Graph& graph, const Execution& execution, const Numbers& numbers,
                          const Flow& flow, const FusionKey& key, const Grouping& grouping) {
  Partition out;
  out.key = key;
  out.kernel_of.assign(graph.num_ops(), -1);
  const std::vector<int32_t> group = OrderOf(flow, grouping);
  std::vector<int32_t> kernel(grouping.groups.size(), -1);
  for (size_t k = 0; k < group.size(); ++k) kernel[group[k]] = static_cast<int32_t>(k);
  out.kernels.resize(group.size());
  for (size_t s = 0; s < flow.ops.size(); ++s) {
    const int32_t k = kernel[grouping.kernel_of[s]];
    out.kernel_of[flow.ops[s].index] = k;
    out.kernels[k].ops.push_back(flow.ops[s]);
  }
  Finisher finisher(graph, execution, numbers, flow, &out);
  for (size_t k = 0; k < group.size(); ++k) {
    const Grouping::Group& from = grouping.groups[group[k]];
    out.kernels[k].name = from.name;
    out.kernels[k].pattern = from.pattern;
    finisher.Finish(static_cast<int32_t>(k), from.extra_reads);
  }
  for (const Partition::Inserted& i : grouping.inserted) out.inserted += i.multiplicity * i.bytes;
  out.bytes_fused += out.inserted;
  out.inserted_kernels = grouping.inserted;
  return out;
}

absl::Status VerifyPartition(const Graph& graph, const Execution& execution,
                             const Partition& partition) {
  const int kernels = static_cast<int>(partition.kernels.size());
  if (static_cast<int>(partition.kernel_of.size()) != graph.num_ops()) {
    return absl::InternalError("kernel_of has not one entry per op");
  }
  size_t held = 0;
  for (int k = 0; k < kernels; ++k) {
    const std::vector<OpId>& ops = partition.kernels[k].ops;
    if (ops.empty()) return absl::InternalError(absl::StrCat("kernel ", k, " holds no op"));
    for (size_t i = 0; i < ops.size(); ++i) {
      if (i > 0 && ops[i - 1].index >= ops[i].index) {
        return absl::InternalError(absl::StrCat("ops of kernel ", k, " are not ascending"));
      }
      if (graph.op(ops[i]).region != graph.op(ops[0]).region) {
        return absl::InternalError(absl::StrCat("kernel ", k, " crosses regions"));
      }
      if (partition.kernel_of[ops[i].index] != k) {
        return absl::InternalError(absl::StrCat(graph.Describe(ops[i]), " is in two kernels"));
      }
    }
    held += ops.size();
    int heavy = 0;
    for (OpId op : ops) heavy += IsHeavy(graph, op);
    const int anchors = partition.kernels[k].anchor.has_value() +
                        static_cast<int>(partition.kernels[k].more_anchors.size());
    if (heavy != anchors) {
      return absl::InternalError(
          absl::StrCat("kernel ", k, " holds ", heavy, " heavy ops and lists ", anchors));
    }
    if (heavy > 1 && !HoldsSeveral(partition.kernels[k].pattern)) {
      return absl::InternalError(absl::StrCat("kernel ", k, " of pattern ",
                                              partition.kernels[k].pattern, " holds ", heavy,
                                              " heavy ops"));
    }
  }
  size_t running = 0;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    running += execution.runs(op);
    if (execution.runs(op) != (partition.kernel_of[op.index] >= 0)) {
      return absl::InternalError(absl::StrCat(graph.Describe(op), " is in the wrong kernel"));
    }
  }
  if (held != running) return absl::InternalError("the kernels do not hold what runs");

  // Every kernel stands behind those that it reads from, so there is no circle but one through a
  // loop and its body.
  std::vector<std::pair<int32_t, int32_t>> edges;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const int32_t k = partition.kernel_of[op.index];
    if (k < 0) continue;
    for (ValueId v : graph.inputs(op)) {
      if (!v.has_value()) continue;
      const Value& root = graph.value(execution.root[v.index]);
      if (root.def != Value::Def::kOp) continue;
      const int32_t from = partition.kernel_of[root.op.index];
      if (from > k) {
        return absl::InternalError(
            absl::StrCat("kernel ", k, " reads from kernel ", from, " at ", graph.Describe(op),
                         ": they wait for each other in a circle, or are out of order"));
      }
      if (from >= 0 && from != k) edges.emplace_back(from, k);
    }
    if (const OpId owner = RunningOwner(graph, execution, op); owner.has_value()) {
      edges.emplace_back(k, partition.kernel_of[owner.index]);
    }
  }
  std::vector<int32_t> rank(kernels);
  for (int k = 0; k < kernels; ++k) rank[k] = k;
  if (RankedOrder(rank, edges).size() != rank.size()) {
    return absl::InternalError(
        "kernels around a loop wait for each other in a circle through its body");
  }

  const double saved = partition.internal_writes + partition.internal_reads +
                       partition.shared_reads - partition.extra_reads - partition.inserted;
  const double difference = partition.bytes_unfused - partition.bytes_fused;
  // Bytes are whole numbers: exact below 2^53.
  if (difference != saved && std::abs(difference - saved) > 1e-12 * partition.bytes_unfused) {
    return absl::InternalError(absl::StrCat("traffic does not add up: ", difference, " saved, but ",
                                            saved, " accounted for"));
  }
  return absl::OkStatus();
}

}  // namespace assay
