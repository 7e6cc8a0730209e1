// The same model with what we know of it inside, where Netron and others show it:
//
//   value_info            of every tensor that nodes make: its type, sizes as numbers or
//   expressions node.metadata_props   assay.macs = 118013952, assay.kernel = #k0 Conv+Relu,
//   assay.bound = compute graph, model          the totals; of the model also where they were taken
//   and what of
//
// A node that calls a function has the sums of what the function holds; a node inside a function
// the sums over all calls. Amounts add up: those of nodes to their graph's, latencies too, since a
// kernel's stands at the one node that it is made around. Types hold at every size: sizes that were
// given for the costs (--dim) do not go into them.
//
// Weights: stored in the file they are copied byte for byte; beside it they stay, and the output
// names them by a path from its own folder. Readers refuse a path that leads out of the folder, so
// where only such a one would do the name stays and a note says what to copy.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/export.h"
#include "analyzer/onnx/external_path.h"
#include "analyzer/onnx/model_source.h"
#include "analyzer/onnx/rewrite.h"
#include "analyzer/units.h"
#include "analyzer/utf8.h"
#include "ir/paths.h"

namespace assay {
namespace {

constexpr absl::string_view kPrefix = "assay.";

class Costs {
 public:
  explicit Costs(const Report& r)
      : r_(r), partition_(*FirstPartition(r)), estimate_(FirstEstimate(r)) {}

  Remarks On(absl::Span<const ModelSource::Node> nodes) const {
    Remarks out;
    auto add = [&](absl::string_view key, std::string value) {
      out.emplace_back(absl::StrCat(kPrefix, key), std::move(value));
    };
    const Execution& execution = *r_.analysis.execution;
    OpNumbers sum;
    int running = 0, unknown = 0, ops = 0;
    double seconds = 0;
    std::set<int32_t> kernels;
    bool stands_for = false;  // some kernel's time is here
    for (const ModelSource::Node& node : nodes) {
      for (OpId op = node.begin; op.index < node.end.index; ++op.index) {
        ++ops;
        if (!execution.runs(op)) continue;
        ++running;
        const OpNumbers& n = r_.analysis.numbers->of(op);
        if (n.known) {
          sum.Add(n);
        } else {
          ++unknown;
        }
        const int32_t kernel = partition_.kernel_of[static_cast<size_t>(op.index)];
        if (kernel < 0) continue;
        kernels.insert(kernel);
        if (estimate_ == nullptr || partition_.kernels[static_cast<size_t>(kernel)].main() != op) {
          continue;
        }
        stands_for = true;
        seconds += Seconds(kernel);
      }
    }
    if (const OpId first = nodes[0].begin;
        nodes.size() == 1 && ops > 0 && r_.graph->op(first).subtree_end == nodes[0].end) {
      add("id", absl::StrCat("#", first.index));
      const Exec exec = execution.exec[static_cast<size_t>(first.index)];
      if (exec != Exec::kRuns) add("execution", std::string(Name(exec)));
    } else if (ops > 1) {
      add("operators", absl::StrCat(running));
    }
    if (running == 0) return out;
    if (unknown < running) {
      add("macs", ShortestText(sum.macs));
      add("flops", ShortestText(sum.flops));
      add("bytes", ShortestText(sum.bytes()));
    }
    if (unknown > 0) add("unknown_operators", absl::StrCat(unknown));
    AddKernels(kernels, add);
    if (stands_for) add("latency_s", ShortestText(seconds));
    if (estimate_ != nullptr && !kernels.empty()) {
      int32_t longest = *kernels.begin();
      for (int32_t k : kernels) {
        if (Seconds(k) > Seconds(longest)) longest = k;
      }
      const KernelEstimate& e = estimate_->results[static_cast<size_t>(longest)];
      add("bound", std::string(Name(e.bound)));
      add("limit", std::string(e.limit));
    }
    return out;
  }

  Remarks OnModel() const {
    Remarks out;
    auto add = [&](absl::string_view key, std::string value) {
      out.emplace_back(absl::StrCat(kPrefix, key), std::move(value));
    };
    const Numbers& n = *r_.analysis.numbers;
    add("macs", ShortestText(n.total.macs));
    add("flops", ShortestText(n.total.flops));
    add("bytes", ShortestText(n.total.bytes()));
    if (n.unknown_ops > 0) add("unknown_operators", absl::StrCat(n.unknown_ops));
    add("parameters", absl::StrCat(r_.analysis.works->parameters));
    if (!r_.point.empty()) {
      add("sizes",
          ValidUtf8(absl::StrJoin(r_.point, ", ", [](std::string* text, const PointEntry& e) {
            absl::StrAppend(text, e.symbol, "=", e.value);
          })));
    }
    add("fusion", partition_.key.policy);
    add("kernels", absl::StrCat(partition_.kernels.size()));
    if (estimate_ == nullptr) return out;
    add("target", estimate_->platform->target->name);
    add("runtime", estimate_->platform->runtime->name);
    add("precision", std::string(estimate_->platform->precision->name));
    add("calibration", estimate_->platform->calibration_label);
    add("latency_s", ShortestText(estimate_->latency_s));
    add("latency_low_s", ShortestText(estimate_->latency_low_s));
    add("latency_high_s", ShortestText(estimate_->latency_high_s));
    if (estimate_->energy.joules.has_value())
      add("energy_j", ShortestText(*estimate_->energy.joules));
    return out;
  }

 private:
  double Seconds(int32_t kernel) const {
    const auto k = static_cast<size_t>(kernel);
    return partition_.kernels[k].multiplicity * estimate_->results[k].seconds;
  }

  // "#k3 Conv+Relu"; of several "#k3, #k4, #k7 and 12 more".
  template <class F>
  void AddKernels(const std::set<int32_t>& kernels, F&& add) const {
    constexpr size_t kMost = 8;
    if (kernels.empty()) return;
    if (kernels.size() == 1) {
      const int32_t k = *kernels.begin();
      add("kernel",
          absl::StrCat("#k", k, " ", ValidUtf8(partition_.kernels[static_cast<size_t>(k)].name)));
      return;
    }
    std::vector<std::string> first;
    for (int32_t k : kernels) {
      if (first.size() == kMost) break;
      first.push_back(absl::StrCat("#k", k));
    }
    add("kernels",
        absl::StrCat(
            absl::StrJoin(first, ", "),
            kernels.size() > kMost ? absl::StrCat(" and ", kernels.size() - kMost, " more") : ""));
  }

  const Report& r_;
  const Partition& partition_;
  const ModelEstimate* estimate_;
};

// External data as the written file must name it.
class Places {
 public:
  explicit Places(const ExportInput& input) : input_(input) {
    const ModelSource& source = *input.report.source;
    if (input.options.output.empty() || !source.has_folder) return;
    std::error_code error;
    const std::string from = source.folder.empty() ? "." : source.folder;
    std::string to(FolderOf(input.options.output));
    if (to.empty()) to = ".";
    from_ = std::filesystem::weakly_canonical(from, error);
    if (!error) to_ = std::filesystem::weakly_canonical(to, error);
    moves_ = !error && from_ != to_;
  }

  bool moves() const { return moves_; }

  std::string Moved(absl::string_view location) {
    std::string same(location);
    if (EscapesFolder(location)) return same;
    std::error_code error;
    const std::filesystem::path file = (from_ / same).lexically_normal();
    if (!std::filesystem::exists(file, error)) return same;  // nobody has it
    std::string moved = file.lexically_relative(to_).generic_string();
    if (!moved.empty() && !EscapesFolder(moved)) return moved;
    if (input_.notes != nullptr && noted_.insert(same).second) {
      input_.notes->push_back(
          absl::StrCat(input_.options.output, ": its weights are in ", file.string(),
                       "; readers look for them beside the model: copy or link it there as `", same,
                       "`, or write the output into the folder of the model"));
    }
    return same;
  }

 private:
  const ExportInput& input_;
  std::filesystem::path from_, to_;
  bool moves_ = false;
  std::set<std::string> noted_;
};

}  // namespace

absl::Status ExportOnnx(const ExportInput& input, Sink sink) {
  const Report& report = input.report;
  const Costs costs(report);
  Places places(input);
  Additions additions;
  additions.prefix = std::string(kPrefix);
  additions.model = costs.OnModel();
  additions.on = [&](absl::Span<const ModelSource::Node> nodes) { return costs.On(nodes); };
  if (input.at_any_size != nullptr) {
    additions.type_of = [&](ValueId v) -> const Type& { return input.at_any_size->type(v); };
    additions.pool = input.at_any_size->pool.get();
  }
  if (places.moves()) {
    additions.moved = [&](absl::string_view location) { return places.Moved(location); };
  }
  return RewriteModel(*report.source, ShownFile(report.file), additions, sink);
}

}  // namespace assay
