// What a model is, as one number: 128 bits over everything of a graph that a result can depend on.
//
// In it: ops with their domains, versions and attributes, how they are connected, declared types,
// names of inputs and outputs (sizes are given by name, and a cache's past and present are told by
// theirs), types of weights, and the contents of small tensors: integers up to
// TensorValue::kMaxElements, others up to 64 elements, which is all that passes look at. Not in it:
// contents of larger weights, where they lie, names of nodes, modules and what flows between them,
// the file's name, its producer and metadata.
//
// XXH3 by way of xxHash (https://xxhash.com): the same on every machine.
#ifndef ASSAY_IR_GRAPH_HASH_H_
#define ASSAY_IR_GRAPH_HASH_H_

#include <string>

#include "absl/strings/string_view.h"
#include "ir/graph.h"

namespace assay {

// 32 hexadecimal digits.
std::string HashOf(const Graph& graph);
std::string HashOf(absl::string_view bytes);

}  // namespace assay

#endif  // ASSAY_IR_GRAPH_HASH_H_
