#include "passes/flow.h"

#include "ir/op_table.h"
#include "passes/evaluate.h"

namespace assay {
namespace {

// Bytes of an amount of elements at the point. False when that is not known.
bool AccessBytes(const Shapes& shapes, const Numbers& numbers, Dim elements, ValueId v,
                 double* bytes) {
  *bytes = 0;
  const int bits = Bits(shapes.type(v).dtype);
  if (elements.known()) {
    *bytes = BytesAt(static_cast<double>(elements.value()), bits);
    return true;
  }
  absl::StatusOr<int64_t> n = shapes.pool->Evaluate(elements, numbers.point);
  if (!n.ok()) return false;
  *bytes = BytesAt(static_cast<double>(*n), bits);
  return true;
}

}  // namespace

Flow Flow::Build(const Graph& graph, const Shapes& shapes, const Execution& execution,
                 const Works& works, const Numbers& numbers) {
  Flow f;
  const int values = graph.num_values();
  f.slot = works.slot;
  f.writer_.assign(values, -1);
  f.escapes_.assign(values, 0);
  const size_t running = works.works.size();
  f.ops.reserve(running);
  f.known.reserve(running);
  f.reads_begin_.reserve(running + 1);
  f.writes_begin_.reserve(running + 1);
  f.reads_.reserve(3 * running);
  f.writes_.reserve(running);
  auto root = [&](ValueId v) { return execution.root[v.index]; };

  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
    const int32_t s = f.slot[op.index];
    if (s < 0) {
      // A size that inference could not follow is read by the host.
      const OpRow* row = graph.op(op).row;
      if (execution.exec[op.index] != Exec::kShape ||
          (row != nullptr && row->domain.empty() &&
           (row->name == "Shape" || row->name == "Size"))) {
        continue;
      }
      for (ValueId v : in) {
        if (v.has_value() && shapes.value(v) == nullptr) f.escapes_[root(v).index] = 1;
      }
      continue;
    }
    const Work& work = works.works[s];
    bool known = !works.unknown[s];
    f.ops.push_back(op);
    f.reads_begin_.push_back(static_cast<uint32_t>(f.reads_.size()));
    f.writes_begin_.push_back(static_cast<uint32_t>(f.writes_.size()));
    for (size_t i = 0; i < in.size(); ++i) {
      if (!in[i].has_value()) continue;
      Access a{.value = root(in[i]), .operand = in[i]};
      if (i < work.reads.size()) {
        known &= AccessBytes(shapes, numbers, work.reads[i], in[i], &a.bytes);
      }
      f.reads_.push_back(a);
    }
    for (size_t i = 0; i < out.size(); ++i) {
      // The results of an If that runs are buffers of its branch.
      if (!out[i].has_value() || root(out[i]) != out[i]) continue;
      Access a{.value = out[i], .operand = out[i]};
      if (i < work.writes.size()) {
        known &= AccessBytes(shapes, numbers, work.writes[i], out[i], &a.bytes);
      }
      f.writes_.push_back(a);
      f.writer_[out[i].index] = s;
    }
    f.known.push_back(known);
  }
  f.reads_begin_.push_back(static_cast<uint32_t>(f.reads_.size()));
  f.writes_begin_.push_back(static_cast<uint32_t>(f.writes_.size()));

  for (RegionId r(0); r.index < graph.num_regions(); ++r.index) {
    const Region& region = graph.region(r);
    if (region.owner.has_value()) {
      // What a branch gives out is read under the If's own names.
      if (!execution.runs(region.owner) || execution.branch[region.owner.index] >= 0) continue;
    }
    for (ValueId v : region.results) {
      if (v.has_value()) f.escapes_[root(v).index] = 1;
    }
  }

  f.FindReaders();
  return f;
}

// Readers by buffer: count, place, in slot order. An op that reads a buffer twice stands once.
void Flow::FindReaders() {
  const int values = static_cast<int>(writer_.size());
  readers_begin_.assign(values + 1, 0);
  std::vector<int32_t> last(values, -1);
  auto each = [&](auto&& visit) {
    for (int32_t s = 0; s < static_cast<int32_t>(ops.size()); ++s) {
      for (const Access& a : reads(s)) {
        if (last[a.value.index] == s) continue;
        last[a.value.index] = s;
        visit(a.value, s);
      }
    }
  };
  each([&](ValueId v, int32_t) { ++readers_begin_[v.index + 1]; });
  for (int i = 0; i < values; ++i) readers_begin_[i + 1] += readers_begin_[i];
  readers_.resize(readers_begin_[values]);
  std::vector<uint32_t> next(readers_begin_.begin(), readers_begin_.end() - 1);
  last.assign(values, -1);
  each([&](ValueId v, int32_t s) { readers_[next[v.index]++] = s; });
}

Flow Flow::WithoutTwins(const std::vector<int32_t>& twin_of) const {
  Flow f = *this;
  std::vector<ValueId>& as = f.as_;
  as.resize(writer_.size());
  for (size_t v = 0; v < as.size(); ++v) as[v] = ValueId(static_cast<int64_t>(v));
  for (size_t s = 0; s < ops.size(); ++s) {
    if (twin_of[s] < 0) continue;
    const absl::Span<const Access> mine = writes(static_cast<int32_t>(s));
    const absl::Span<const Access> first = writes(twin_of[s]);
    for (size_t i = 0; i < mine.size(); ++i) {
      as[mine[i].value.index] = first[i].value;
      f.escapes_[first[i].value.index] |= escapes_[mine[i].value.index];
      f.writer_[mine[i].value.index] = -1;
    }
  }
  f.reads_.clear();
  f.writes_.clear();
  for (size_t s = 0; s < ops.size(); ++s) {
    f.reads_begin_[s] = static_cast<uint32_t>(f.reads_.size());
    f.writes_begin_[s] = static_cast<uint32_t>(f.writes_.size());
    if (twin_of[s] >= 0) continue;
    for (Access a : reads(static_cast<int32_t>(s))) {
      if (a.operand == a.value) a.operand = as[a.value.index];
      a.value = as[a.value.index];
      f.reads_.push_back(a);
    }
    const absl::Span<const Access> mine = writes(static_cast<int32_t>(s));
    f.writes_.insert(f.writes_.end(), mine.begin(), mine.end());
  }
  f.reads_begin_.back() = static_cast<uint32_t>(f.reads_.size());
  f.writes_begin_.back() = static_cast<uint32_t>(f.writes_.size());
  f.FindReaders();
  return f;
}

OpId RunningOwner(const Graph& graph, const Execution& execution, OpId op) {
  OpId owner = graph.region(graph.op(op).region).owner;
  while (owner.has_value() && !execution.runs(owner)) {
    owner = graph.region(graph.op(owner).region).owner;
  }
  return owner;
}

}  // namespace assay
