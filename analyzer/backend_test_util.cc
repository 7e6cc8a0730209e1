#include "analyzer/backend_test_util.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/onnx/byte_source.h"
#include "analyzer/onnx/constant_reader.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/wire.h"

namespace assay {
namespace {

// Field numbers of SequenceProto and OptionalProto (onnx/onnx-data.proto); both have `name` as 1
// and `elem_type` as 2, and enumerate the kinds of elements alike.
constexpr int kTensorField = 3, kSparseField = 4, kSequenceField = 5, kOptionalField = 7;

class PbReader {
 public:
  PbReader(std::shared_ptr<const ByteSource> source, const std::string& file)
      : in_(std::move(source), file) {}

  absl::StatusOr<StoredType> Read(TypeKind kind, uint64_t begin, uint64_t end) {
    StoredType type;
    type.kind = kind;
    if (kind == TypeKind::kTensor) {
      Message m = in_.At(Msg::kTensor, begin, end);
      while (in_.Next(m)) {
        if (m.field == onnx::TensorProto::kDimsFieldNumber) in_.AppendInts(m, &type.dims, 64);
        if (m.field == onnx::TensorProto::kDataTypeFieldNumber) {
          const ElementTypeRow* row = FindElementType(in_.Int(m));
          if (row != nullptr) type.dtype = row->dtype;
        }
      }
      if (!in_.ok()) return in_.status();
      return type;
    }
    if (kind != TypeKind::kSequence && kind != TypeKind::kOptional) {
      return absl::UnimplementedError("a map; no case had one");
    }
    Message m = in_.At(Msg::kOther, begin, end);
    while (in_.Next(m)) {
      TypeKind element = TypeKind::kUnknown;
      if (m.field == kTensorField) element = TypeKind::kTensor;
      if (m.field == kSequenceField) element = TypeKind::kSequence;
      if (m.field == kOptionalField) element = TypeKind::kOptional;
      if (m.field == kSparseField) return absl::UnimplementedError("a sparse element");
      if (element == TypeKind::kUnknown) continue;
      absl::StatusOr<StoredType> read = Read(element, m.offset, m.next);
      if (!read.ok()) return read;
      type.elements.push_back(*std::move(read));
    }
    if (!in_.ok()) return in_.status();
    return type;
  }

 private:
  WireReader in_;
};

TypeKind DeclaredKind(const Graph& graph, ValueId v) {
  const ClaimedType* claim = graph.claim_of(v);
  return claim == nullptr ? TypeKind::kTensor : claim->kind;
}

// The contents of a small tensor of numbers, as --value would give them. False when they are not
// given.
bool SmallContents(const std::shared_ptr<const ByteSource>& source, const std::string& file,
                   const StoredType& type, Bindings::InputValue* value) {
  int64_t count = 1;
  for (int64_t d : type.dims) count *= d;
  const bool number = IsFloat(type.dtype) || IsInteger(type.dtype) || type.dtype == DType::kBool;
  if (!number || count > kSmallInput) return false;
  Constant constant;
  constant.dtype = type.dtype;
  constant.dims = type.dims;
  constant.payload.kind = Payload::Kind::kTyped;
  constant.payload.bytes = source->size();
  absl::StatusOr<std::vector<Elem>> elems = MakeConstantReader(source, file, {})->Read(constant);
  if (!elems.ok()) return false;
  for (const Elem& e : *elems) {
    if (!e.constant()) return false;  // an unsigned number beyond 63 bits
    const double real = e.AsReal();
    value->reals.push_back(real);
    const bool fits = std::isfinite(real) && std::abs(real) < 9e18;
    value->ints.push_back(e.is_int() ? e.num.value() : fits ? std::llround(real) : 0);
  }
  return true;
}

}  // namespace

std::string ToString(const StoredType& type) {
  if (type.kind == TypeKind::kTensor) {
    return absl::StrCat(Name(type.dtype), "[", absl::StrJoin(type.dims, ", "), "]");
  }
  std::vector<std::string> elements;
  for (const StoredType& e : type.elements) elements.push_back(ToString(e));
  return absl::StrCat(type.kind == TypeKind::kSequence ? "seq{" : "optional{",
                      absl::StrJoin(elements, ", "), "}");
}

std::string BackendCaseFolder() {
  const char* given = std::getenv("ASSAY_BACKEND_CASES");
  return given != nullptr ? given : kPackagedCases;
}

std::vector<std::string> BackendCaseNames(const std::string& folder) {
  std::vector<std::string> names;
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (access(absl::StrCat(folder, "/", name, "/model.onnx").c_str(), R_OK) == 0) {
      names.push_back(name);
    }
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<BackendCase> ReadBackendCase(const std::string& folder, const std::string& name,
                                            const Graph& declared) {
  BackendCase result;
  result.name = name;
  result.folder = absl::StrCat(folder, "/", name);
  const Region& main = declared.region(Graph::kMain);
  auto read = [&](absl::string_view what, size_t i, ValueId v,
                  std::vector<std::optional<StoredType>>* types, bool input) -> absl::Status {
    types->emplace_back();
    const std::string file = absl::StrCat(result.folder, "/test_data_set_0/", what, "_", i, ".pb");
    if (access(file.c_str(), R_OK) != 0) return absl::OkStatus();
    absl::StatusOr<std::shared_ptr<const ByteSource>> source = OpenFile(file);
    if (!source.ok()) return source.status();
    absl::StatusOr<StoredType> type =
        PbReader(*source, file).Read(DeclaredKind(declared, v), 0, (*source)->size());
    if (!type.ok()) return type.status();
    types->back() = *type;
    const ClaimedType* claim = declared.claim_of(v);
    if (claim != nullptr && claim->dtype == DType::kBF16 && type->dtype == DType::kU16) {
      // Cases older than bfloat16 in NumPy hold its bits, some of them flattened.
      types->back()->dtype = DType::kBF16;
      return absl::OkStatus();
    }
    if (!input || type->kind != TypeKind::kTensor) return absl::OkStatus();
    const std::string input_name(declared.name(v));
    bool fixed = claim != nullptr && claim->ranked;
    std::vector<int64_t> sizes;
    for (size_t k = 0; fixed && k < claim->dims.size(); ++k) {
      fixed = claim->dims[k].value >= 0;
      sizes.push_back(claim->dims[k].value);
    }
    if (fixed && sizes != type->dims) return absl::OkStatus();  // a few cases contradict themselves
    if (!fixed) result.bindings.shapes.emplace_back(input_name, type->dims);
    Bindings::InputValue value;
    value.input = input_name;
    if (SmallContents(*source, file, *type, &value)) {
      result.bindings.values.push_back(std::move(value));
    }
    return absl::OkStatus();
  };
  for (size_t i = 0; i < main.args.size(); ++i) {
    absl::Status s = read("input", i, main.args[i], &result.inputs, true);
    if (!s.ok()) return s;
  }
  for (size_t i = 0; i < main.results.size(); ++i) {
    absl::Status s = read("output", i, main.results[i], &result.outputs, false);
    if (!s.ok()) return s;
  }
  return result;
}

absl::StatusOr<LoadedCase> LoadBackendCase(const std::string& folder, const std::string& name) {
  const std::string file = absl::StrCat(folder, "/", name, "/model.onnx");
  absl::StatusOr<Graph> declared = ImportOnnx(file, OpTable::BuiltIn());
  if (!declared.ok()) return declared.status();
  ImportOptions drop;
  drop.drop_claims = true;
  absl::StatusOr<Graph> graph = ImportOnnx(file, OpTable::BuiltIn(), drop);
  if (!graph.ok()) return graph.status();
  absl::StatusOr<BackendCase> data = ReadBackendCase(folder, name, *declared);
  if (!data.ok()) return data.status();
  return LoadedCase{*std::move(graph), *std::move(data)};
}

Difference Compare(const Type& inferred, const StoredType& stored, const DimPool& pool) {
  Difference out;
  auto wrong = [&] {
    out.wrong = absl::StrCat(ToString(inferred, pool), " where ", ToString(stored), " belongs");
    out.loose.clear();
    return out;
  };
  if (inferred.kind != stored.kind) return wrong();
  if (stored.kind != TypeKind::kTensor) {
    // An empty sequence or optional shows no element to compare with.
    if (inferred.element == nullptr) return wrong();
    if (stored.kind == TypeKind::kSequence && inferred.length.known() &&
        !inferred.length.is(static_cast<int64_t>(stored.elements.size()))) {
      return wrong();
    }
    for (const StoredType& element : stored.elements) {
      Type of = *inferred.element;
      // Elements of one sequence may differ in shape: what holds for all of them is then less.
      bool same_rank = true;
      for (const StoredType& other : stored.elements) {
        same_rank &= other.dims.size() == element.dims.size();
      }
      if (!same_rank && !of.ranked && of.dtype == element.dtype) continue;
      if (of.is_tensor() && !of.ranked && of.dtype == element.dtype) {
        out.loose.push_back({absl::StrCat("an element without rank holds ", ToString(element)),
                             "element without rank"});
        continue;
      }
      if (of.kind == TypeKind::kTensor && of.ranked && of.dims.size() == element.dims.size()) {
        for (size_t i = 0; i < element.dims.size(); ++i) {
          bool same = true;
          for (const StoredType& other : stored.elements) {
            same &= other.dims.size() == element.dims.size() && other.dims[i] == element.dims[i];
          }
          if (!same && of.dims[i].unknown()) of.dims[i] = Dim(element.dims[i]);
        }
      }
      Difference inner = Compare(of, element, pool);
      if (!inner.wrong.empty()) return wrong();
      out.loose.insert(out.loose.end(), inner.loose.begin(), inner.loose.end());
    }
    return out;
  }
  if (inferred.dtype != stored.dtype || !inferred.ranked ||
      inferred.dims.size() != stored.dims.size()) {
    return wrong();
  }
  for (size_t i = 0; i < stored.dims.size(); ++i) {
    const Dim d = inferred.dims[i];
    if (d.is(stored.dims[i])) continue;
    if (!d.symbolic()) return wrong();
    const Bounds b = pool.BoundsOf(d);
    if (stored.dims[i] < b.low || stored.dims[i] > b.high) return wrong();
    std::vector<int> symbols;
    pool.CollectSymbols(d, &symbols);
    std::string cause;
    for (int s : symbols) absl::StrAppend(&cause, pool.symbols()[s].origin, "; ");
    out.loose.push_back({absl::StrCat("axis ", i, ": ", pool.ToString(d), " in [", b.low, ", ",
                                      b.high == Bounds::kNoBound ? "any" : absl::StrCat(b.high),
                                      "] holds ", stored.dims[i]),
                         std::move(cause)});
  }
  return out;
}

}  // namespace assay
