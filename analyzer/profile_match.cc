#include "analyzer/profile_match.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hw/estimate.h"
#include "passes/disjoint_sets.h"

namespace assay {
namespace {

// What ONNX Runtime makes, and of which operator: a kernel that it stands for holds one of those.
struct MadeOf {
  absl::string_view made, of;
};
constexpr MadeOf kMadeOf[] = {
    {"Attention", "Softmax"},
    {"BiasGelu", "Erf"},
    {"BiasGelu", "Gelu"},
    {"BiasSoftmax", "Softmax"},
    {"DynamicQuantizeMatMul", "MatMulInteger"},
    {"EmbedLayerNormalization", "Gather"},
    {"FastGelu", "Gelu"},
    {"FastGelu", "Tanh"},
    {"FusedConv", "Conv"},
    {"FusedGemm", "Gemm"},
    {"FusedMatMul", "MatMul"},
    {"Gelu", "Erf"},
    {"Gemm", "MatMul"},
    {"GroupQueryAttention", "Softmax"},
    {"LayerNormalization", "ReduceMean"},
    {"MatMulIntegerToFloat", "MatMulInteger"},
    {"MultiHeadAttention", "Softmax"},
    {"NhwcConv", "Conv"},
    {"NhwcFusedConv", "Conv"},
    {"QGemm", "Gemm"},
    {"QLinearConv", "Conv"},
    {"QLinearMatMul", "MatMul"},
    {"QuickGelu", "Sigmoid"},
    {"SimplifiedLayerNormalization", "RMSNormalization"},
    {"SimplifiedLayerNormalization", "ReduceMean"},
    {"SkipLayerNormalization", "LayerNormalization"},
    {"SkipLayerNormalization", "ReduceMean"},
    {"SkipSimplifiedLayerNormalization", "RMSNormalization"},
    {"SkipSimplifiedLayerNormalization", "ReduceMean"},
    {"Upsample", "Resize"},
};

// What runtimes put between operators: copies into another layout, type or memory.
constexpr absl::string_view kAdded[] = {"ReorderInput", "ReorderOutput",  "Transpose",
                                        "Cast",         "MemcpyFromHost", "MemcpyToHost"};

// Takes off one of ONNX Runtime's additions to a name.
bool TakeOffAddition(absl::string_view* name) {
  if (absl::ConsumePrefix(name, "fused ")) return true;
  for (absl::string_view suffix : {"_nchwc", "_bn", "/duplicated"}) {
    if (absl::ConsumeSuffix(name, suffix)) return true;
  }
  // ".../MatMulAddFusion", ".../QuickGeluFusion/"
  const absl::string_view path = absl::StripSuffix(*name, "/");
  const size_t slash = path.rfind('/');
  if (slash != absl::string_view::npos && absl::EndsWith(path, "Fusion")) {
    *name = path.substr(0, slash);
    return true;
  }
  // A name that was taken: "..._token_12".
  const size_t token = name->rfind("_token_");
  if (token == absl::string_view::npos) return false;
  const absl::string_view number = name->substr(token + 7);
  if (number.empty() || !std::all_of(number.begin(), number.end(), absl::ascii_isdigit)) {
    return false;
  }
  *name = name->substr(0, token);
  return true;
}

// Operators by their names and by those of their results. A name borne twice says nothing.
class OpsByName {
 public:
  explicit OpsByName(const Graph& graph) : graph_(graph) {
    for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
      Add(graph.str(graph.op(op).location.name), op, &ops_);
      for (ValueId v : graph.outputs(op)) {
        if (v.has_value()) Add(graph.name(v), op, &makers_);
      }
    }
    for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
      const bool is_made = graph.value(v).def == Value::Def::kOp;
      if (is_made || graph.uses(v).empty()) continue;
      Add(graph.name(v), graph.uses(v).front().op, &readers_);
    }
  }

  // None where there is none.
  OpId Find(absl::string_view name) const {
    for (const auto* map : {&ops_, &makers_}) {
      const auto at = map->find(name);
      if (at != map->end() && at->second.has_value()) return at->second;
    }
    return OpId();
  }
  // Also by what it reads: an end of a range may be a weight.
  OpId FindEnd(absl::string_view name) const {
    const OpId op = Find(name);
    if (op.has_value()) return op;
    const auto at = readers_.find(name);
    return at == readers_.end() ? OpId() : at->second;
  }

 private:
  using Map = absl::flat_hash_map<absl::string_view, OpId>;

  static void Add(absl::string_view name, OpId op, Map* map) {
    if (name.empty()) return;
    const auto [at, is_new] = map->try_emplace(name, op);
    if (!is_new && at->second != op) at->second = OpId();
  }

  const Graph& graph_;
  Map ops_, makers_, readers_;
};

// What an entry's name says.
struct Named {
  std::vector<OpId> ops;
  // A range of operators; one end may be unknown.
  bool is_range = false;
  OpId from, to;
  bool is_added = false;
};

Named ReadOnnxRuntimeName(const OpsByName& names, absl::string_view name) {
  do {
    const OpId op = names.Find(name);
    if (op.has_value()) return {.ops = {op}};
  } while (TakeOffAddition(&name));
  return {};
}

// "PWN(a, b)", "a": the operators in it.
void ReadPiece(const OpsByName& names, absl::string_view piece, std::vector<OpId>* ops) {
  piece = absl::StripAsciiWhitespace(piece);
  if (const OpId op = names.Find(piece); op.has_value()) {
    ops->push_back(op);
    return;
  }
  // The parser's name for a node without one.
  if (absl::ConsumePrefix(&piece, "node_of_")) return ReadPiece(names, piece, ops);
  for (absl::string_view word : absl::StrSplit(piece, absl::ByAnyChar("(){}[],"))) {
    const OpId op = names.Find(absl::StripAsciiWhitespace(word));
    if (op.has_value()) ops->push_back(op);
  }
}

Named ReadTensorRtName(const OpsByName& names, absl::string_view name) {
  Named out;
  if (absl::StartsWith(name, "Reformatting CopyNode") || absl::EndsWith(name, " copy") ||
      absl::StrContains(name, "output reformatter")) {
    out.is_added = true;
    return out;
  }
  constexpr absl::string_view kRange = "ForeignNode[";
  const size_t range = name.find(kRange), end = name.rfind(']');
  if (range != absl::string_view::npos && end != absl::string_view::npos && end > range) {
    const size_t begin = range + kRange.size();
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(name.substr(begin, end - begin), absl::MaxSplits("...", 1));
    out.is_range = true;
    out.from = names.FindEnd(ends.first);
    out.to = names.FindEnd(ends.second);
    return out;
  }
  for (absl::string_view part : absl::StrSplit(name, " + ")) {
    for (absl::string_view piece : absl::StrSplit(part, " || ")) ReadPiece(names, piece, &out.ops);
  }
  return out;
}

// Sizes at the point of the analysis.
class Sizes {
 public:
  Sizes(const Graph& graph, const Analysis& analysis) : graph_(graph), analysis_(analysis) {}

  std::optional<std::vector<int64_t>> ShapeOf(ValueId v) const {
    const Type& type = analysis_.shapes->type(v);
    if (!type.is_tensor() || !type.ranked) return std::nullopt;
    std::vector<int64_t> out;
    for (Dim d : type.dims) {
      const absl::StatusOr<int64_t> n =
          analysis_.shapes->pool->Evaluate(d, analysis_.numbers->point);
      if (!n.ok()) return std::nullopt;
      out.push_back(*n);
    }
    return out;
  }
  std::optional<std::vector<int64_t>> ShapeOfResult(OpId op) const {
    const absl::Span<const ValueId> outputs = graph_.outputs(op);
    if (outputs.empty() || !outputs[0].has_value()) return std::nullopt;
    return ShapeOf(outputs[0]);
  }

 private:
  const Graph& graph_;
  const Analysis& analysis_;
};

// A double: sizes in a file may be anything.
double Elements(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1.0,
                         [](double n, int64_t size) { return n * static_cast<double>(size); });
}

class Matcher {
 public:
  Matcher(const Profile& profile, const Graph& graph, const Analysis& analysis,
          const ModelEstimate& estimate)
      : profile_(profile),
        graph_(graph),
        estimate_(estimate),
        partition_(*analysis.partitions[estimate.partition]),
        names_(graph),
        sizes_(graph, analysis),
        kernels_of_(profile.entries.size()),
        taken_(partition_.kernels.size()) {}

  ProfileMatch Match() {
    const bool is_trt = profile_.kind == ProfileKind::kTrtexec;
    for (size_t e = 0; e < profile_.entries.size(); ++e) {
      const absl::string_view name = profile_.entries[e].name;
      named_.push_back(is_trt ? ReadTensorRtName(names_, name) : ReadOnnxRuntimeName(names_, name));
      for (OpId op : named_[e].ops) Take(e, partition_.kernel_of[op.index]);
      CompareSize(e);
    }
    MatchRanges();
    MatchRest();
    return Groups();
  }

 private:
  void Take(size_t entry, int32_t kernel) {
    if (kernel < 0) return;
    kernels_of_[entry].push_back(kernel);
    taken_[static_cast<size_t>(kernel)] = true;
  }

  void CompareSize(size_t e) {
    const ProfileEntry& entry = profile_.entries[e];
    if (named_[e].ops.empty() || !entry.shape.has_value()) return;
    const OpId op = named_[e].ops.front();
    // What the runtime renamed it may have padded as well.
    if (graph_.str(graph_.op(op).type) != entry.op_type || entry.shape->empty() ||
        names_.Find(entry.name) != op) {
      return;
    }
    const std::optional<std::vector<int64_t>> here = sizes_.ShapeOfResult(op);
    if (!here.has_value() || here->size() != entry.shape->size()) return;
    ++out_.sizes_compared;
    // Axis 0 and the number of elements: the other axes may be in another order.
    if (here->front() == entry.shape->front() && Elements(*here) == Elements(*entry.shape)) return;
    if (out_.sizes_differ++ == 0) {
      out_.size_that_differs =
          absl::StrCat("`", entry.name, "` made ", absl::StrJoin(*entry.shape, "x"), ", here ",
                       absl::StrJoin(*here, "x"));
    }
  }

  // From end to end, or from one end to what another entry is of. Each operator is of one range.
  void MatchRanges() {
    const int n = graph_.num_ops();
    // By op: the first that is free, from it on; `n`: none.
    std::vector<int> next(static_cast<size_t>(n) + 1);
    next[static_cast<size_t>(n)] = n;
    for (int i = n; i-- > 0;) {
      const int32_t k = partition_.kernel_of[i];
      const bool is_free = k < 0 || !taken_[static_cast<size_t>(k)];
      next[static_cast<size_t>(i)] = is_free ? i : i + 1;
    }
    auto free_from = [&](int i) {
      while (next[i] != i) i = next[i] = next[next[i]];
      return i;
    };
    for (size_t e = 0; e < named_.size(); ++e) {
      const Named& named = named_[e];
      if (!named.is_range || (!named.from.has_value() && !named.to.has_value())) continue;
      int from = named.from.has_value() ? named.from.index : named.to.index;
      int to = named.to.has_value() ? named.to.index : n - 1;
      if (!named.from.has_value()) {
        while (from > 0 && next[from - 1] == from - 1) --from;
      }
      for (int i = free_from(from); i <= to; i = free_from(i)) {
        if (!named.to.has_value() && i != from) break;
        named_[e].ops.emplace_back(i);
        Take(e, partition_.kernel_of[i]);
        next[i] = i + 1;
        from = i + 1;
      }
    }
  }

  // Entries whose names say nothing: in order, to kernels that are left, by type and size. Of
  // several alike it does not matter which.
  void MatchRest() {
    using Key = std::pair<absl::string_view, double>;
    absl::flat_hash_map<Key, std::vector<int32_t>> left;
    for (size_t k = partition_.kernels.size(); k-- > 0;) {
      if (taken_[k]) continue;
      std::vector<Key> keys;
      for (ValueId v : partition_.kernels[k].writes) {
        const std::optional<std::vector<int64_t>> shape = sizes_.ShapeOf(v);
        if (!shape.has_value()) continue;
        for (OpId op : partition_.kernels[k].ops) {
          keys.emplace_back(graph_.str(graph_.op(op).type), Elements(*shape));
        }
      }
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
      for (const Key& key : keys) left[key].push_back(static_cast<int32_t>(k));
    }
    for (size_t e = 0; e < profile_.entries.size(); ++e) {
      const ProfileEntry& entry = profile_.entries[e];
      if (!named_[e].ops.empty() || !entry.shape.has_value()) continue;
      std::vector<absl::string_view> types = {entry.op_type};
      for (const MadeOf& row : kMadeOf) {
        if (row.made == entry.op_type) types.push_back(row.of);
      }
      for (absl::string_view type : types) {
        const auto at = left.find(Key(type, Elements(*entry.shape)));
        if (at == left.end()) continue;
        std::vector<int32_t>& kernels = at->second;
        while (!kernels.empty() && taken_[static_cast<size_t>(kernels.back())]) kernels.pop_back();
        if (kernels.empty()) continue;
        Take(e, kernels.back());
        break;
      }
    }
  }

  void PutAside(size_t e) {
    const std::string& type = profile_.entries[e].op_type;
    const int index = static_cast<int>(e);
    if (!named_[e].ops.empty()) {
      out_.free.push_back(index);
    } else if (named_[e].is_added ||
               std::find(std::begin(kAdded), std::end(kAdded), type) != std::end(kAdded)) {
      out_.added.push_back(index);
    } else {
      out_.unmatched.push_back(index);
    }
  }

  double EstimatedSeconds(int kernel) const {
    const auto k = static_cast<size_t>(kernel);
    return estimate_.results[k].seconds * partition_.kernels[k].multiplicity;
  }

  ProfileMatch Groups() {
    const size_t n = partition_.kernels.size();
    DisjointSets sets(n + profile_.entries.size());
    const auto set_of_entry = [&](size_t e) { return static_cast<int32_t>(n + e); };
    for (size_t e = 0; e < kernels_of_.size(); ++e) {
      for (int32_t k : kernels_of_[e]) sets.Join(k, set_of_entry(e));
    }
    std::map<int32_t, ProfileGroup> groups;  // by the set's least member: a kernel
    for (size_t k = 0; k < n; ++k) {
      if (taken_[k]) {
        groups[sets.Of(static_cast<int32_t>(k))].kernels.push_back(static_cast<int>(k));
      } else {
        out_.kernels_left.push_back(static_cast<int>(k));
      }
    }
    for (size_t e = 0; e < kernels_of_.size(); ++e) {
      if (kernels_of_[e].empty()) {
        PutAside(e);
      } else {
        groups[sets.Of(set_of_entry(e))].entries.push_back(static_cast<int>(e));
      }
    }
    for (auto& [first, group] : groups) {
      group.main = group.kernels.front();
      for (int k : group.kernels) {
        group.estimated_s += EstimatedSeconds(k);
        if (EstimatedSeconds(k) > EstimatedSeconds(group.main)) group.main = k;
      }
      for (int e : group.entries) {
        group.measured_s += profile_.entries[static_cast<size_t>(e)].seconds;
      }
      group.kernel_class = ClassOf(estimate_.kernels[static_cast<size_t>(group.main)]);
      out_.measured_s += group.measured_s;
      out_.estimated_s += group.estimated_s;
      out_.groups.push_back(std::move(group));
    }
    return std::move(out_);
  }

  const Profile& profile_;
  const Graph& graph_;
  const ModelEstimate& estimate_;
  const Partition& partition_;
  const OpsByName names_;
  const Sizes sizes_;
  std::vector<Named> named_;                      // by entry
  std::vector<std::vector<int32_t>> kernels_of_;  // by entry
  std::vector<bool> taken_;                       // by kernel
  ProfileMatch out_;
};

}  // namespace

ProfileMatch MatchProfile(const Profile& profile, const Graph& graph, const Analysis& analysis,
                          const ModelEstimate& estimate) {
  return Matcher(profile, graph, analysis, estimate).Match();
}

std::vector<MeasuredRun> RunsOf(const ProfileMatch& match, const Analysis& analysis,
                                const ModelEstimate& estimate) {
  constexpr size_t kFamilies = 10;
  const Partition& partition = *analysis.partitions[estimate.partition];
  std::vector<MeasuredRun> out;
  absl::flat_hash_map<std::string, size_t> kinds;
  for (const ProfileGroup& group : match.groups) {
    if (!(group.measured_s > 0)) continue;
    MeasuredRun run;
    run.graph_capture = true;
    run.seconds = group.measured_s;
    run.machine = estimate.platform->target->name;
    std::vector<std::string> alike;
    for (int kernel : group.kernels) {
      const auto k = static_cast<size_t>(kernel);
      run.kernels.emplace_back(CostOf(estimate.kernels[k], *estimate.platform),
                               partition.kernels[k].multiplicity);
      alike.push_back(ToString(estimate.kernels[k]));
    }
    const size_t kind = kinds.try_emplace(absl::StrJoin(alike, "; "), kinds.size()).first->second;
    run.family = absl::StrCat(kind % kFamilies);
    out.push_back(std::move(run));
  }
  return out;
}

}  // namespace assay
