#include "ir/type.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {

Type Type::Tensor(DType dtype, Dims dims) {
  Type t;
  t.kind = TypeKind::kTensor;
  t.dtype = dtype;
  t.ranked = true;
  t.dims = std::move(dims);
  return t;
}

Type Type::Unranked(DType dtype) {
  Type t;
  t.kind = TypeKind::kTensor;
  t.dtype = dtype;
  return t;
}

Type Type::Sequence(Type element, Dim length) {
  Type t;
  t.kind = TypeKind::kSequence;
  t.element = std::make_shared<const Type>(std::move(element));
  t.length = length;
  return t;
}

Type Type::Optional(Type element) {
  Type t;
  t.kind = TypeKind::kOptional;
  t.element = std::make_shared<const Type>(std::move(element));
  return t;
}

Type Type::Map(DType key, Type element) {
  Type t;
  t.kind = TypeKind::kMap;
  t.dtype = key;
  t.element = std::make_shared<const Type>(std::move(element));
  return t;
}

bool Type::resolved() const {
  switch (kind) {
    case TypeKind::kUnknown:
      return false;
    case TypeKind::kTensor:
      if (!ranked || dtype == DType::kUndefined) return false;
      for (Dim d : dims) {
        if (d.unknown() || d.overflow()) return false;
      }
      return true;
    default:
      return element != nullptr && element->resolved();
  }
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.dtype != b.dtype || a.ranked != b.ranked || a.sparse != b.sparse ||
      a.dims != b.dims || a.length != b.length) {
    return false;
  }
  if ((a.element == nullptr) != (b.element == nullptr)) return false;
  return a.element == nullptr || *a.element == *b.element;
}

std::string ToString(const Type& type, const DimPool& pool) {
  switch (type.kind) {
    case TypeKind::kUnknown:
      return "?";
    case TypeKind::kTensor: {
      std::string s(Name(type.dtype));
      if (type.sparse) s = absl::StrCat("sparse ", s);
      if (!type.ranked) return absl::StrCat(s, "[*]");
      s += '[';
      for (size_t i = 0; i < type.dims.size(); ++i) {
        if (i > 0) s += ", ";
        s += pool.ToString(type.dims[i]);
      }
      s += ']';
      return s;
    }
    case TypeKind::kSequence:
      return absl::StrCat("seq<", type.element ? ToString(*type.element, pool) : "?", ">");
    case TypeKind::kOptional:
      return absl::StrCat("optional<", type.element ? ToString(*type.element, pool) : "?", ">");
    case TypeKind::kMap:
      return absl::StrCat("map<", Name(type.dtype), ", ",
                          type.element ? ToString(*type.element, pool) : "?", ">");
  }
  return "?";
}

bool operator==(const Elem& a, const Elem& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Elem::Kind::kUnknown:
      return true;
    case Elem::Kind::kInt:
      return a.num == b.num;
    case Elem::Kind::kReal:
      return a.real == b.real;
    case Elem::Kind::kRatio:
      return a.num == b.num && a.den == b.den;
  }
  return false;
}

int64_t TensorValue::size() const {
  int64_t n = 1;
  for (Dim d : dims) {
    if (!d.known() || __builtin_mul_overflow(n, d.value(), &n)) return -1;
  }
  return n;
}

}  // namespace assay
