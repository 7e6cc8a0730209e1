#include "analyzer/onnx/model_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace assay {

void ModelSource::Sort() {
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const Node& a, const Node& b) { return a.offset < b.offset; });
}

absl::Span<const ModelSource::Node> ModelSource::At(uint64_t offset) const {
  const auto begin = std::lower_bound(nodes.begin(), nodes.end(), offset,
                                      [](const Node& n, uint64_t at) { return n.offset < at; });
  auto end = begin;
  while (end != nodes.end() && end->offset == offset) ++end;
  return absl::MakeConstSpan(nodes).subspan(static_cast<size_t>(begin - nodes.begin()),
                                            static_cast<size_t>(end - begin));
}

}  // namespace assay
