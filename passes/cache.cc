#include "passes/cache.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "ir/op_table.h"

namespace assay {
namespace {

struct CacheRow {
  absl::string_view op;
  int past, present;  // number of the operand, of the result
  // Something that runs must read the result, too: a concatenation that only gathers outputs is no
  // cache.
  bool read = false;
};

constexpr CacheRow kRows[] = {
    {"Concat", 0, 0, /*read=*/true},
    {"ScatterND", 0, 0},
    {"ScatterElements", 0, 0},
    {"TensorScatter", 0, 0},
    {"Attention", 4, 1},  // ai.onnx: key; com.microsoft: both in one
    {"Attention", 5, 2},
    {"GroupQueryAttention", 3, 1},
    {"GroupQueryAttention", 4, 2},
    {"MultiHeadAttention", 6, 1},
    {"MultiHeadAttention", 7, 2},
    {"DecoderMaskedMultiHeadAttention", 5, 1},
    {"DecoderMaskedMultiHeadAttention", 6, 2},
    {"LSTM", 5, 1},
    {"LSTM", 6, 2},
    {"GRU", 5, 1},
    {"RNN", 5, 1},
};

// The letters and digits of a name without the words that tell past and present apart.
std::string Kernel(absl::string_view name, bool* past) {
  static constexpr absl::string_view kPast[] = {"past", "cache"};
  static constexpr absl::string_view kEither[] = {"present", "in", "out", "values", "keyvalues"};
  std::string out, word;
  auto flush = [&] {
    const bool is_past = std::find(std::begin(kPast), std::end(kPast), word) != std::end(kPast);
    *past |= is_past;
    if (!is_past && std::find(std::begin(kEither), std::end(kEither), word) == std::end(kEither)) {
      out += word;
      out += '.';
    }
    word.clear();
  };
  // "past_key_values.0.key" and "present.0.key" are the pair that one exporter writes.
  std::string lower = absl::AsciiStrToLower(name);
  if (const size_t at = lower.find("key_values"); at != std::string::npos) lower.erase(at, 10);
  for (char c : lower) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      word += c;
    } else if (!word.empty()) {
      flush();
    }
  }
  if (!word.empty()) flush();
  return out;
}

}  // namespace

std::vector<Memory::Cache> FindCaches(const Graph& graph, const Execution& execution,
                                      const Flow& flow, absl::Span<const double> value_bytes) {
  const Region& main = graph.region(Graph::kMain);
  absl::flat_hash_map<ValueId, ValueId> output_of;  // by root: the first output that is it
  for (ValueId v : main.results) {
    if (v.has_value()) output_of.try_emplace(execution.root[v.index], v);
  }
  absl::flat_hash_map<std::string, ValueId> by_name;
  for (ValueId v : main.results) {
    bool past = false;
    if (!v.has_value()) continue;
    std::string kernel = Kernel(graph.name(v), &past);
    if (!kernel.empty()) by_name.try_emplace(std::move(kernel), v);
  }
  auto present_of = [&](ValueId arg) {
    if (const auto it = output_of.find(arg); it != output_of.end()) return it->second;
    for (int32_t s : flow.readers(arg)) {
      const OpId op = flow.ops[s];
      const OpRow* row = graph.op(op).row;
      if (row == nullptr) continue;
      const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
      for (const CacheRow& r : kRows) {
        if (r.op != row->name || r.past >= static_cast<int>(in.size()) ||
            r.present >= static_cast<int>(out.size()) || !in[r.past].has_value() ||
            !out[r.present].has_value() || execution.root[in[r.past].index] != arg) {
          continue;
        }
        const ValueId root = execution.root[out[r.present].index];
        const auto it = output_of.find(root);
        if (it != output_of.end() && (!r.read || !flow.readers(root).empty())) return it->second;
      }
    }
    bool past = false;
    const std::string kernel = Kernel(graph.name(arg), &past);
    if (past) {
      if (const auto it = by_name.find(kernel); it != by_name.end()) return it->second;
    }
    return ValueId();
  };
  std::vector<Memory::Cache> caches;
  for (ValueId arg : main.args) {
    const ValueId present = present_of(arg);
    if (!present.has_value()) continue;
    const double now = value_bytes[execution.root[present.index].index];
    caches.push_back({.past = arg,
                      .present = present,
                      .past_bytes = std::max(0.0, value_bytes[arg.index]),
                      .present_bytes = std::max(0.0, now)});
  }
  return caches;
}

}  // namespace assay
