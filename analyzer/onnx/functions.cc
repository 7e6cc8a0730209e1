#include "analyzer/onnx/functions.h"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr int64_t kMany = std::numeric_limits<int64_t>::max();

// Calls of functions that hold no operator cost time too.
constexpr int64_t kStepsPerOp = 16;

int64_t AddSaturated(int64_t a, int64_t b) { return a > kMany - b ? kMany : a + b; }

class Functions {
 public:
  Functions(const ImportOptions& options, const GraphBuilder& names, RawModel* model)
      : options_(options), names_(names), model_(*model), sizes_(model->functions.size()) {}

  absl::Status Resolve(const OpTable& table) {
    using Key = std::tuple<NameId, NameId, NameId>;
    absl::flat_hash_map<Key, int32_t> index;
    for (size_t i = 0; i < model_.functions.size(); ++i) {
      const RawFunction& f = model_.functions[i];
      if (!index.try_emplace({f.domain, f.name, f.overload}, static_cast<int32_t>(i)).second) {
        return absl::InvalidArgumentError(absl::StrCat(
            "function `", NameOf(static_cast<int32_t>(i)), "` is defined twice; remove one"));
      }
    }
    for (RawGraph& graph : model_.graphs) {
      for (RawNode& node : graph.nodes) {
        auto it = index.find({node.domain, node.type, node.overload});
        if (it == index.end()) continue;
        if (table.Find(names_.str(node.domain), names_.str(node.type)) != nullptr) continue;
        node.callee = it->second;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Measure() {
    for (size_t i = 0; i < model_.functions.size(); ++i) {
      if (absl::Status s = MeasureFunction(static_cast<int32_t>(i), 0); !s.ok()) return s;
    }
    Size total;
    if (absl::Status s = MeasureGraph(model_.graphs[model_.main], 0, &total); !s.ok()) return s;
    if (total.ops <= options_.max_ops && total.steps / kStepsPerOp <= options_.max_ops) {
      return absl::OkStatus();
    }
    if (total.ops <= options_.max_ops) {
      return absl::InvalidArgumentError(
          absl::StrCat("makes more than ", options_.max_ops * kStepsPerOp,
                       " steps of calling functions; export the model without nested functions"));
    }
    auto largest = std::max_element(sizes_.begin(), sizes_.end(),
                                    [](const Size& a, const Size& b) { return a.ops < b.ops; });
    return absl::InvalidArgumentError(absl::StrCat(
        "has more than ", options_.max_ops, " operators once its functions are inlined (`",
        NameOf(static_cast<int32_t>(largest - sizes_.begin())), "` alone makes ",
        largest->ops == kMany ? std::string("more than 64 bits can count")
                              : absl::StrCat(largest->ops),
        "); export the model without nested functions"));
  }

 private:
  enum class State : uint8_t { kNew, kOpen, kDone };
  struct Size {
    State state = State::kNew;
    int64_t ops = 0;
    int64_t steps = 0;  // of inlining: ops, calls and what each call hands over
    int height = 0;     // calls nested inside
  };

  std::string NameOf(int32_t f) const {
    const RawFunction& fn = model_.functions[f];
    absl::string_view domain = names_.str(fn.domain), overload = names_.str(fn.overload);
    return absl::StrCat(domain, domain.empty() ? "" : ".", names_.str(fn.name),
                        overload.empty() ? "" : ":", overload);
  }

  absl::Status TooDeep(int32_t f) const {
    return absl::InvalidArgumentError(
        absl::StrCat("function `", NameOf(f), "` calls others more than ", options_.max_depth,
                     " deep; export the model without nested functions"));
  }

  absl::Status MeasureFunction(int32_t f, int depth) {
    Size& size = sizes_[f];
    if (size.state == State::kDone) return absl::OkStatus();
    path_.push_back(f);
    if (size.state == State::kOpen) {
      std::string path;
      auto first = std::find(path_.begin(), path_.end(), f);
      const bool longer = path_.end() - first > 8;
      for (auto it = first; it != (longer ? first + 4 : path_.end()); ++it) {
        absl::StrAppend(&path, it == first ? "" : " -> ", NameOf(*it));
      }
      if (longer) absl::StrAppend(&path, " -> ... -> ", NameOf(f));
      return absl::InvalidArgumentError(
          absl::StrCat("function `", NameOf(f), "` calls itself (", path,
                       "), which ONNX forbids; export the model again"));
    }
    if (depth > options_.max_depth) return TooDeep(f);
    size.state = State::kOpen;
    Size inside;
    absl::Status s = MeasureGraph(model_.graphs[model_.functions[f].body], depth, &inside);
    if (!s.ok()) return s;
    if (inside.height > options_.max_depth) return TooDeep(f);
    path_.pop_back();
    inside.state = State::kDone;
    size = inside;
    return absl::OkStatus();
  }

  absl::Status MeasureGraph(const RawGraph& graph, int depth, Size* size) {
    absl::Status s;
    auto nested = [&](const RawGraph& inner) {
      if (!s.ok()) return;
      s = depth >= options_.max_depth ? TooDeep(path_.empty() ? 0 : path_.back())
                                      : MeasureGraph(inner, depth + 1, size);
    };
    for (const RawNode& node : graph.nodes) {
      if (node.callee >= 0) {
        if (s = MeasureFunction(node.callee, depth + 1); !s.ok()) return s;
        const Size& callee = sizes_[node.callee];
        const RawFunction& f = model_.functions[node.callee];
        const size_t handed = 1 + f.inputs.size() + f.outputs.size() + f.opsets.size() +
                              model_.attributes(node).size() + (f.defaults_end - f.defaults_begin);
        size->ops = AddSaturated(size->ops, callee.ops);
        size->steps = AddSaturated(size->steps, callee.steps);
        size->steps = AddSaturated(size->steps, static_cast<int64_t>(handed));
        size->height = std::max(size->height, callee.height + 1);
        continue;
      }
      size->ops = AddSaturated(size->ops, 1);
      size->steps = AddSaturated(size->steps, 1);
      model_.ForEachGraph(node, nested);
      if (!s.ok()) return s;
    }
    return absl::OkStatus();
  }

  const ImportOptions& options_;
  const GraphBuilder& names_;
  RawModel& model_;
  std::vector<Size> sizes_;  // by function
  std::vector<int32_t> path_;
};

}  // namespace

absl::Status ResolveFunctions(const OpTable& table, const ImportOptions& options,
                              const GraphBuilder& names, RawModel* model) {
  if (model->functions.empty()) return absl::OkStatus();
  Functions functions(options, names, model);
  if (absl::Status s = functions.Resolve(table); !s.ok()) return s;
  return functions.Measure();
}

}  // namespace assay
