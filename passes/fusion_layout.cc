#include "passes/fusion_layout.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/op_table.h"
#include "passes/evaluate.h"
#include "passes/pattern.h"

namespace assay {
namespace {

constexpr int64_t kBlock = 16;     // floats of an AVX-512 register
constexpr int64_t kAlignment = 4;  // what input channels must be a multiple of

class Layout {
 public:
  Layout(const FusionInput& in, Grouping* grouping)
      : in_(in),
        flow_(in.flow),
        grouping_(*grouping),
        slots_(grouping->groups.size()),
        blocked_(in.graph.num_values()),
        reordered_(in.graph.num_values(), 0),
        reads_blocked_(in.flow.ops.size(), 0) {
    for (size_t s = 0; s < flow_.ops.size(); ++s) {
      const int32_t g = grouping_.kernel_of[s];
      if (g >= 0) slots_[g].push_back(static_cast<int32_t>(s));
    }
  }

  void Run() {
    for (int32_t s = 0; s < static_cast<int32_t>(flow_.ops.size()); ++s) {
      const int32_t g = grouping_.kernel_of[s];
      // A kernel stands where its result does.
      if (g < 0 || slots_[g].empty() || slots_[g].back() != s) continue;
      Visit(g);
    }
    ReorderOutputs();
    DropEmptyGroups();
  }

 private:
  // An image that lies in blocks.
  struct Blocked {
    bool is = false;
    int32_t conv = -1;  // the group of the convolution that writes it, when one does
    int64_t channels = 0;
  };

  absl::string_view TypeOf(int32_t slot) const {
    const OpRow* row = in_.graph.op(flow_.ops[slot]).row;
    return row == nullptr ? absl::string_view() : row->name;
  }
  const Type& TypeAt(ValueId v) const { return in_.shapes.type(v); }
  ValueId ResultOf(int32_t g) const { return flow_.writes(slots_[g].back())[0].value; }

  static bool IsActivation(absl::string_view type) {
    for (absl::string_view word : absl::StrSplit(FindStep("act-ort")->ops, ' ')) {
      if (word == type) return true;
    }
    return false;
  }
  // Channels of an image; -1 when it is none, or they are not known.
  int64_t Channels(ValueId v) const {
    const Type& t = TypeAt(v);
    return t.is_tensor() && t.ranked && t.rank() == 4 && t.dims[1].known() ? t.dims[1].value() : -1;
  }
  bool SameShape(ValueId a, ValueId b) const {
    const Type &x = TypeAt(a), &y = TypeAt(b);
    return x.ranked && y.ranked && x.dims == y.dims;
  }

  // Operands that are the tensor, and one more when anything but an op needs it.
  int Uses(ValueId v) const {
    int uses = flow_.escapes(v);
    for (int32_t r : flow_.readers(v)) {
      uses += std::count_if(flow_.reads(r).begin(), flow_.reads(r).end(),
                            [&](const Flow::Access& a) { return a.value == v; });
    }
    return uses;
  }

  void SetBlocked(ValueId v, int32_t conv) {
    blocked_[v.index] = {.is = true, .conv = conv, .channels = Channels(v)};
  }
  // The kernel reads that tensor in blocks from now on.
  void ReadBlocked(ValueId v, int32_t g) {
    if (blocked_[v.index].is) {
      for (int32_t s : slots_[g]) reads_blocked_[s] = 1;
      return;
    }
    if (reordered_[v.index]) return;
    reordered_[v.index] = 1;
    Insert("ReorderInput", v, OpId(), flow_.ops[slots_[g].front()]);
  }
  void Insert(absl::string_view what, ValueId v, OpId after, OpId before) {
    const OpNumbers& n = in_.numbers.of(after.has_value() ? after : before);
    const double bytes = std::max(0.0, in_.numbers.value_bytes[v.index]);
    grouping_.inserted.push_back({.what = what,
                                  .value = v,
                                  .after = after,
                                  .before = before,
                                  .bytes = 2 * bytes,
                                  .multiplicity = n.known ? n.multiplicity : 1});
  }

  void Visit(int32_t g) {
    int32_t conv = -1;
    for (int32_t s : slots_[g]) {
      if (TypeOf(s) == "Conv") conv = s;
    }
    const absl::string_view type = TypeOf(slots_[g].front());
    if (conv >= 0) return Convolution(g, conv);
    if (type == "MaxPool" || type == "AveragePool" || type == "GlobalMaxPool" ||
        type == "GlobalAveragePool" || type == "Pad") {
      return Pool(g, absl::StartsWith(type, "Global"));
    }
    if (slots_[g].size() > 1 && grouping_.groups[g].pattern != "gelu") return;
    // All else only where what it reads lies in blocks already.
    std::vector<ValueId> images;
    for (int32_t s : slots_[g]) {
      for (const Flow::Access& a : flow_.reads(s)) {
        const int32_t w = flow_.writer(a.value);
        if (w >= 0 && grouping_.kernel_of[w] == g) continue;
        if (in_.IsConstant(a.operand)) {
          if (type == "Add" || type == "Sum" || type == "Concat") return;
          continue;
        }
        // Through a view it is no image any more.
        if (!blocked_[a.value.index].is || a.value != a.operand) return;
        if (std::find(images.begin(), images.end(), a.value) == images.end() || type == "Add" ||
            type == "Mul" || type == "Concat") {
          images.push_back(a.value);
        }
      }
    }
    if (images.empty()) return;
    if (type == "Mul" && slots_[g].size() == 1 && images.size() == 1) {
      if (!ScalesChannels(slots_[g][0], images[0])) return;
      ReadBlocked(images[0], g);
      SetBlocked(ResultOf(g), g);  // runs as a depthwise convolution
    } else if (type == "Add" || type == "Sum" || (type == "Mul" && slots_[g].size() == 1)) {
      Binary(g, type != "Mul", images);
    } else if (type == "Concat") {
      Concat(g, images);
    } else if (IsActivation(type) || grouping_.groups[g].pattern == "gelu") {
      Activation(g, images[0]);
    } else if (type == "Transpose" && IsToChannelsLast(flow_.ops[slots_[g][0]])) {
      ReadBlocked(images[0], g);  // is the copy back itself, with the channels behind
    } else if (type == "BatchNormalization") {
      ReadBlocked(images[0], g);
      SetBlocked(ResultOf(g), g);  // likewise
    }
  }

  bool IsToChannelsLast(OpId op) const {
    const Attr* perm = in_.graph.FindAttr(op, "perm");
    return perm != nullptr && perm->ints == std::vector<int64_t>{0, 2, 3, 1};
  }

  // Multiplies by a weight with one element per channel.
  bool ScalesChannels(int32_t slot, ValueId image) const {
    for (const Flow::Access& a : flow_.reads(slot)) {
      if (a.value == image) continue;
      const Type& t = TypeAt(a.operand);
      if (!t.ranked || t.rank() < 3) return false;
      for (int axis = 0; axis < t.rank(); ++axis) {
        const int64_t size = axis == t.rank() - 3 ? Channels(image) : 1;
        if (!t.dims[axis].known() || t.dims[axis].value() != size) return false;
      }
    }
    return true;
  }

  void Convolution(int32_t g, int32_t conv) {
    const OpId op = flow_.ops[conv];
    const absl::Span<const ValueId> operands = in_.graph.inputs(op);
    const Type& filter = TypeAt(operands[1]);
    if (!in_.execution.is_weight(operands[1]) || !filter.ranked || filter.rank() != 4 ||
        !filter.dims[0].known() || !filter.dims[1].known()) {
      return;
    }
    const Attr* attr = in_.graph.FindAttr(op, "group");
    const int64_t groups = attr == nullptr ? 1 : attr->i;
    const int64_t outputs = filter.dims[0].value(), inputs = filter.dims[1].value();
    bool reorder_input = true;
    if (groups > 1) {
      if (outputs % kAlignment != 0) return;
      const bool depthwise = inputs == 1 && outputs == groups;
      if (!depthwise &&
          (inputs % kBlock != 0 || outputs % groups != 0 || outputs / groups % kBlock != 0)) {
        return;
      }
    } else if (inputs < kBlock) {
      reorder_input = false;  // reads plain images, a few channels at a time
    } else if (inputs % kAlignment != 0) {
      return;
    }
    if (reorder_input) ReadBlocked(flow_.reads(conv)[0].value, g);
    SetBlocked(ResultOf(g), g);
  }

  void Pool(int32_t g, bool global) {
    const ValueId image = flow_.reads(slots_[g].front())[0].value;
    const int64_t channels = Channels(image);
    if (channels <= 0 || channels % kBlock != 0) return;
    // A global pool is not worth a copy of what an op wrote plain.
    if (global && !blocked_[image.index].is && flow_.writer(image) >= 0) return;
    for (size_t i = 1; i < flow_.writes(slots_[g].back()).size(); ++i) {
      if (!flow_.readers(flow_.writes(slots_[g].back())[i].value).empty()) return;
    }
    ReadBlocked(image, g);
    SetBlocked(ResultOf(g), -1);
  }

  void Binary(int32_t g, bool add, const std::vector<ValueId>& images) {
    if (images.size() < 2) return;
    for (ValueId v : images) {
      if (!SameShape(v, images[0])) return;
    }
    if (add && images.size() == 2) {
      for (ValueId v : images) {
        const int32_t conv = blocked_[v.index].conv;
        if (conv < 0 || Uses(v) != 1 || Has(conv, /*sum=*/true)) continue;
        for (ValueId other : images) ReadBlocked(other, g);
        Merge(g, conv);
        SetBlocked(ResultOf(conv), conv);
        return;
      }
    }
    for (ValueId v : images) ReadBlocked(v, g);
    SetBlocked(ResultOf(g), -1);
  }

  void Concat(int32_t g, const std::vector<ValueId>& images) {
    const Attr* axis = in_.graph.FindAttr(flow_.ops[slots_[g][0]], "axis");
    if (axis == nullptr || axis->i != 1) return;
    for (ValueId v : images) {
      if (blocked_[v.index].channels % kBlock != 0) return;
    }
    for (ValueId v : images) ReadBlocked(v, g);
    SetBlocked(ResultOf(g), -1);
  }

  void Activation(int32_t g, ValueId image) {
    ReadBlocked(image, g);
    const int32_t conv = blocked_[image.index].conv;
    if (conv >= 0 && Uses(image) == 1 && slots_[g].size() == 1 && !Has(conv, /*sum=*/false)) {
      Merge(g, conv);
      SetBlocked(ResultOf(conv), conv);
    } else {
      SetBlocked(ResultOf(g), -1);
    }
  }

  // An activation; with `sum` also an addition of another image.
  bool Has(int32_t g, bool sum) const {
    for (int32_t s : slots_[g]) {
      const absl::string_view type = TypeOf(s);
      if (IsActivation(type)) return true;
      if (!sum || (type != "Add" && type != "Sum")) continue;
      int images = 0;
      for (const Flow::Access& a : flow_.reads(s)) images += !in_.IsConstant(a.operand);
      if (images > 1) return true;
    }
    return false;
  }

  void Merge(int32_t from, int32_t to) {
    for (int32_t s : slots_[from]) {
      grouping_.kernel_of[s] = to;
      slots_[to].push_back(s);
    }
    slots_[from].clear();
    Grouping::Group& group = grouping_.groups[to];
    absl::StrAppend(&group.name, "+", grouping_.groups[from].name);
    group.pattern = "conv+add+act";
  }

  // A blocked image that something reads plain is copied back once.
  void ReorderOutputs() {
    for (size_t s = 0; s < flow_.ops.size(); ++s) {
      for (const Flow::Access& w : flow_.writes(static_cast<int32_t>(s))) {
        if (!blocked_[w.value.index].is) continue;
        bool plain = flow_.escapes(w.value);
        for (int32_t r : flow_.readers(w.value)) {
          plain |= grouping_.kernel_of[r] != grouping_.kernel_of[s] && !reads_blocked_[r];
        }
        if (plain) Insert("ReorderOutput", w.value, flow_.ops[s], OpId());
      }
    }
  }
  void DropEmptyGroups() {
    std::vector<int32_t> number(slots_.size(), -1);
    std::vector<Grouping::Group> groups;
    for (size_t g = 0; g < slots_.size(); ++g) {
      if (slots_[g].empty()) continue;
      number[g] = static_cast<int32_t>(groups.size());
      groups.push_back(std::move(grouping_.groups[g]));
    }
    for (int32_t& g : grouping_.kernel_of) {
      if (g >= 0) g = number[g];
    }
    grouping_.groups = std::move(groups);
  }

  const FusionInput& in_;
  const Flow& flow_;
  Grouping& grouping_;
  std::vector<std::vector<int32_t>> slots_;  // by group, ascending
  std::vector<Blocked> blocked_;             // by ValueId
  std::vector<uint8_t> reordered_;           // by ValueId: a ReorderInput stands before its readers
  std::vector<uint8_t> reads_blocked_;       // by slot: it runs on blocks
};

}  // namespace

void UseBlockedLayout(const FusionInput& in, Grouping* grouping) { Layout(in, grouping).Run(); }

void InsertCopies(const FusionInput& in, absl::string_view types, Grouping* grouping) {
  for (OpId op(0); op.index < in.graph.num_ops(); ++op.index) {
    const OpRow* row = in.graph.op(op).row;
    if (in.execution.exec[op.index] != Exec::kView || row == nullptr) continue;
    for (absl::string_view type : absl::StrSplit(types, ' ')) {
      if (type != row->name || in.graph.outputs(op).empty()) continue;
      const ValueId v = in.graph.outputs(op)[0];
      const Dim times = in.execution.multiplicity[op.index];
      grouping->inserted.push_back({.what = row->name,
                                    .value = in.execution.root[v.index],
                                    .after = op,
                                    .bytes = 2 * std::max(0.0, in.numbers.value_bytes[v.index]),
                                    .multiplicity = ValueAt(in.shapes, in.numbers, times, 1)});
    }
  }
}

}  // namespace assay
