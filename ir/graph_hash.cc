#include "ir/graph_hash.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "ir/type.h"
#include "xxhash.h"

namespace assay {
namespace {

// Larger tensors of floating types are told apart by nobody (passes/twins.cc looks at 64).
constexpr int64_t kMostFloats = 64;

// Collects what is hashed. Each thing says how long it is, so that no two sequences run together.
class Collector {
 public:
  explicit Collector(const Graph& graph) : graph_(graph) {
    Grow(static_cast<size_t>(graph.num_ops()) * 128);
  }

  std::string Hash() {
    for (ConstantId id(0); id.index < graph_.num_constants(); ++id.index) {
      Add(graph_.constant(id));
    }
    for (ValueId id(0); id.index < graph_.num_values(); ++id.index) Add(graph_.value(id));
    for (ValueId id : graph_.region(Graph::kMain).args) Text(graph_.name(id));
    for (ValueId id : graph_.region(Graph::kMain).results) Text(graph_.name(id));
    for (RegionId id(0); id.index < graph_.num_regions(); ++id.index) Add(graph_.region(id));
    for (OpId id(0); id.index < graph_.num_ops(); ++id.index) Add(id);
    return HashOf(absl::string_view(bytes_.get(), size_));
  }

 private:
  template <class T>
  void Number(T number) {
    Append(&number, sizeof number);
  }
  template <class T>
  void Numbers(const std::vector<T>& numbers) {
    Number(static_cast<uint32_t>(numbers.size()));
    for (T number : numbers) Number(number);
  }
  void Text(absl::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    Append(text.data(), text.size());
  }
  void Name(NameId name) { Text(graph_.str(name)); }

  void Add(const Constant& c) {
    Number(c.dtype);
    Numbers(c.dims);
    Number(c.sparse);
    Number(c.stored_elements);
    Number(c.payload.kind == Payload::Kind::kAbsent);
    for (NameId s : c.payload.strings) Name(s);
    const int64_t most = IsFloat(c.dtype) ? kMostFloats : TensorValue::kMaxElements;
    if (c.sparse || c.stored_elements > most) return;
    const absl::StatusOr<std::vector<Elem>> contents = StoredElements(graph_, c);
    Number(contents.ok());
    if (!contents.ok()) return;
    for (const Elem& e : *contents) {
      Number(e.kind);
      if (e.is_int()) Number(e.num.value());
      Number(e.real);
    }
  }

  void Add(const ClaimedType& claim) {
    Number(claim.kind);
    Number(claim.dtype);
    Number(claim.ranked);
    Number(claim.sparse);
    Number(static_cast<uint32_t>(claim.dims.size()));
    for (const ClaimedDim& d : claim.dims) {
      Number(d.value);
      Name(d.symbol);
    }
    Number(static_cast<uint32_t>(claim.element.size()));
    for (const ClaimedType& element : claim.element) Add(element);
  }

  void Add(const Value& v) {
    Number(v.def);
    Number(v.op.index);
    Number(v.region.index);
    Number(v.index);
    Number(v.constant.index);
    Number(v.claim >= 0);
    if (v.claim >= 0) Add(graph_.claim(v.claim));
  }

  void Add(const Region& region) {
    Number(region.owner.index);
    Number(region.begin.index);
    Number(region.end.index);
    Ids(region.args);
    Ids(region.results);
  }

  void Add(OpId id) {
    const Op& op = graph_.op(id);
    Name(op.type);
    Name(op.domain);
    Number(op.opset);
    Number(op.region.index);
    Ids(graph_.inputs(id));
    Ids(graph_.outputs(id));
    Number(static_cast<uint32_t>(graph_.attrs(id).size()));
    for (const Attr& a : graph_.attrs(id)) {
      Name(a.name);
      Number(a.kind);
      Number(a.i);
      Number(a.f);
      Name(a.s);
      Numbers(a.ints);
      Numbers(a.floats);
      Number(static_cast<uint32_t>(a.strings.size()));
      for (NameId s : a.strings) Name(s);
      if (a.kind == AttrKind::kType) Add(graph_.claim(static_cast<int32_t>(a.i)));
    }
  }

  void Ids(absl::Span<const ValueId> ids) {
    Number(static_cast<uint32_t>(ids.size()));
    for (ValueId id : ids) Number(id.index);
  }

  // Called for every field of every op: a std::string's append costs five times as much.
  void Append(const void* from, size_t size) {
    if (size > capacity_ - size_) Grow(std::max(2 * capacity_, size_ + size));
    if (size > 0) std::memcpy(bytes_.get() + size_, from, size);
    size_ += size;
  }
  void Grow(size_t capacity) {
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  const Graph& graph_;
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace

std::string HashOf(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest));
}

std::string HashOf(const Graph& graph) { return Collector(graph).Hash(); }

}  // namespace assay
