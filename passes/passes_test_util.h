// A graph written as text (ir/text.h), analysed: what the tests of the passes use.
//
//   Analyzed run(R"(arg %x: f32[1, 3, 8, 8] ... return %y)");
//   run.op("Conv");  run.exec("Conv");  run.value("y");
#ifndef ASSAY_PASSES_PASSES_TEST_UTIL_H_
#define ASSAY_PASSES_PASSES_TEST_UTIL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "passes/analysis.h"
#include "passes/pass_manager.h"

namespace assay {

inline std::unique_ptr<const Graph> GraphOf(absl::string_view body) {
  absl::StatusOr<Graph> graph = ParseGraph(
      absl::StrCat("assay-ir 1\nopset \"\" 17\ngraph {\n", body, "\n}\n"), OpTable::BuiltIn());
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return nullptr;
  return std::make_unique<const Graph>(*std::move(graph));
}

class Analyzed {
 public:
  explicit Analyzed(absl::string_view body, PassRequest request = {}) : graph_(GraphOf(body)) {
    if (graph_ == nullptr) return;
    absl::StatusOr<Analysis> analysis = RunPasses(*graph_, request);
    EXPECT_TRUE(analysis.ok()) << analysis.status();
    if (analysis.ok()) analysis_ = *std::move(analysis);
  }

  bool ok() const { return analysis_.graph != nullptr; }
  const Graph& graph() const { return *graph_; }
  const Analysis* operator->() const { return &analysis_; }
  const Analysis& operator*() const { return analysis_; }

  // The op of that type (the first of several, or number `n` from 0).
  OpId op(absl::string_view type, int n = 0) const {
    for (OpId op(0); op.index < graph_->num_ops(); ++op.index) {
      if (graph_->str(graph_->op(op).type) == type && n-- == 0) return op;
    }
    ADD_FAILURE() << "no op " << type;
    return OpId(0);
  }
  // The value of that name.
  ValueId value(absl::string_view name) const {
    for (ValueId v(0); v.index < graph_->num_values(); ++v.index) {
      if (graph_->name(v) == name) return v;
    }
    ADD_FAILURE() << "no value " << name;
    return ValueId(0);
  }
  Exec exec(absl::string_view type, int n = 0) const {
    return analysis_.execution->exec[op(type, n).index];
  }
  // "Conv+Relu Add ..." of the first partition, in id order.
  std::string kernels(int partition = 0) const {
    std::string out;
    for (const Partition::KernelOps& k : analysis_.partitions[partition]->kernels) {
      absl::StrAppend(&out, out.empty() ? "" : " ", k.name);
    }
    return out;
  }
  std::string text(Dim d) const { return analysis_.shapes->pool->ToString(d); }

 private:
  std::unique_ptr<const Graph> graph_;
  Analysis analysis_;
};

inline void PrintTo(Exec exec, std::ostream* os) { *os << std::string(Name(exec)); }

}  // namespace assay

#endif  // ASSAY_PASSES_PASSES_TEST_UTIL_H_
