#include "analyzer/onnx/constant_reader.h"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/onnx/external_path.h"
#include "analyzer/onnx/wire.h"

namespace assay {
namespace {

using TensorP = onnx::TensorProto;

// Nobody needs the contents of larger tensors.
constexpr int64_t kMaxElements = int64_t{1} << 20;

struct FloatFormat {
  DType dtype;
  int exponent_bits, mantissa_bits, bias;
  // What an exponent of all ones means: infinities and NaNs as IEEE has them, or numbers like any
  // other but for the NaNs of the format.
  bool ieee;
};

constexpr FloatFormat kFloats[] = {
    {DType::kF16, 5, 10, 15, true},     {DType::kBF16, 8, 7, 127, true},
    {DType::kF8E4M3FN, 4, 3, 7, false}, {DType::kF8E4M3FNUZ, 4, 3, 8, false},
    {DType::kF8E5M2, 5, 2, 15, true},   {DType::kF8E5M2FNUZ, 5, 2, 16, false},
    {DType::kF4E2M1, 2, 1, 1, false},
};

double DecodeFloat(DType dtype, uint32_t bits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (dtype == DType::kF8E8M0)
    return bits == 0xff ? nan : std::ldexp(1.0, static_cast<int>(bits) - 127);
  if (dtype == DType::kF8E4M3FN && (bits & 0x7f) == 0x7f) return nan;
  if ((dtype == DType::kF8E4M3FNUZ || dtype == DType::kF8E5M2FNUZ) && bits == 0x80) return nan;
  for (const FloatFormat& f : kFloats) {
    if (f.dtype != dtype) continue;
    const uint32_t mantissa = bits & ((1u << f.mantissa_bits) - 1);
    const uint32_t exponent = (bits >> f.mantissa_bits) & ((1u << f.exponent_bits) - 1);
    const double sign = (bits >> (f.mantissa_bits + f.exponent_bits)) & 1 ? -1 : 1;
    if (f.ieee && exponent == (1u << f.exponent_bits) - 1) {
      return mantissa != 0 ? nan : sign * std::numeric_limits<double>::infinity();
    }
    if (exponent == 0) return sign * std::ldexp(mantissa, 1 - f.bias - f.mantissa_bits);
    return sign * std::ldexp((1u << f.mantissa_bits) + mantissa,
                             static_cast<int>(exponent) - f.bias - f.mantissa_bits);
  }
  return nan;
}

template <class T>
T Load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// One element of a type of at most 32 bits from its bit pattern.
Elem FromBits(DType dtype, uint32_t bits) {
  switch (KindOf(dtype)) {
    case DTypeKind::kFloat:
      if (dtype == DType::kF32) {
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return Elem::Real(value);
      }
      return Elem::Real(DecodeFloat(dtype, bits));
    case DTypeKind::kBool:
      return Elem::Int(int64_t{bits != 0});
    case DTypeKind::kSigned: {
      const int shift = 32 - Bits(dtype);
      return Elem::Int(int64_t{static_cast<int32_t>(bits << shift) >> shift});
    }
    default:
      return Elem::Int(int64_t{bits});
  }
}

// Little-endian, elements narrower than a byte packed from the low bits up.
std::vector<Elem> DecodeRaw(DType dtype, absl::string_view raw, int64_t count) {
  std::vector<Elem> out;
  out.reserve(static_cast<size_t>(count));
  const int width = Bits(dtype);
  for (int64_t i = 0; i < count; ++i) {
    const char* p = raw.data() + i * width / 8;
    switch (width) {
      case 64:
        if (dtype == DType::kF64) {
          out.push_back(Elem::Real(Load<double>(p)));
        } else if (int64_t v = Load<int64_t>(p); dtype == DType::kU64 && v < 0) {
          out.push_back(Elem{});  // beyond what a Dim holds
        } else {
          out.push_back(Elem::Int(v));
        }
        break;
      case 32:
        out.push_back(FromBits(dtype, Load<uint32_t>(p)));
        break;
      case 16:
        out.push_back(FromBits(dtype, Load<uint16_t>(p)));
        break;
      case 8:
        out.push_back(FromBits(dtype, Load<uint8_t>(p)));
        break;
      default: {
        uint32_t byte = Load<uint8_t>(p);
        out.push_back(FromBits(dtype, (byte >> (i * width % 8)) & ((1u << width) - 1)));
      }
    }
  }
  return out;
}

class OnnxConstantReader final : public ConstantReader {
 public:
  OnnxConstantReader(std::shared_ptr<const ByteSource> source, std::string file,
                     ExternalData external)
      : source_(std::move(source)), file_(std::move(file)), external_(std::move(external)) {}

  absl::StatusOr<std::vector<Elem>> Read(const Constant& c) const override {
    int64_t count = 1;
    for (int64_t d : c.dims) {
      if (d < 0 || __builtin_mul_overflow(count, d, &count)) return Error("has impossible sizes");
    }
    if (count > kMaxElements)
      return Error(absl::StrCat("has ", count, " elements, too many to look at"));
    DTypeKind kind = KindOf(c.dtype);
    if (kind == DTypeKind::kNone || kind == DTypeKind::kString || kind == DTypeKind::kComplex) {
      return absl::UnimplementedError(
          absl::StrCat(file_, ": contents of type ", Name(c.dtype), " are not looked at"));
    }
    if (count == 0) return std::vector<Elem>();
    switch (c.payload.kind) {
      case Payload::Kind::kFile:
        return ReadRaw(*source_, c.payload.offset, c.payload.bytes, c.dtype, count);
      case Payload::Kind::kTyped:
        return c.sparse ? ReadSparse(c, count)
                        : ReadTensor(c.payload.offset, c.payload.bytes, count);
      case Payload::Kind::kExternal:
        return ReadExternal(c, count);
      default:
        return absl::NotFoundError(absl::StrCat(file_, ": contents are not stored"));
    }
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(file_, ": a stored tensor ", what, "; export the model again"));
  }

  absl::StatusOr<std::vector<Elem>> ReadRaw(const ByteSource& source, uint64_t offset,
                                            uint64_t bytes, DType dtype, int64_t count) const {
    const uint64_t need =
        (static_cast<uint64_t>(count) * static_cast<uint64_t>(Bits(dtype)) + 7) / 8;
    if (bytes < need)
      return Error(absl::StrCat("has ", bytes, " bytes where its shape needs ", need));
    std::string buffer;
    absl::StatusOr<absl::string_view> raw = source.View(offset, need, &buffer);
    if (!raw.ok()) return raw.status();
    if (raw->size() < need) return Error("lies beyond the end of its file");
    return DecodeRaw(dtype, *raw, count);
  }

  // A TensorProto, its elements raw or in the field that its type goes by.
  absl::StatusOr<std::vector<Elem>> ReadTensor(uint64_t offset, uint64_t bytes,
                                               int64_t count) const {
    WireReader in(source_, file_, std::min(bytes + 16, WireReader::kFirstWindow));
    Message m = in.At(Msg::kTensor, offset, offset + bytes);
    int64_t element = 0;
    std::vector<int64_t> ints;
    std::vector<double> reals;
    uint64_t raw_offset = 0, raw_bytes = 0;
    const uint64_t limit = static_cast<uint64_t>(count) + 1;
    while (in.Next(m)) {
      switch (m.field) {
        case TensorP::kDataTypeFieldNumber:
          element = in.Int(m);
          break;
        case TensorP::kRawDataFieldNumber:
          raw_offset = m.offset;
          raw_bytes = m.length();
          break;
        case TensorP::kInt32DataFieldNumber:
        case TensorP::kInt64DataFieldNumber:
        case TensorP::kUint64DataFieldNumber:
          in.AppendInts(m, &ints, limit);
          break;
        case TensorP::kFloatDataFieldNumber:
          in.AppendFixed<float>(m, &reals, limit);
          break;
        case TensorP::kDoubleDataFieldNumber:
          in.AppendFixed<double>(m, &reals, limit);
          break;
      }
    }
    if (!in.ok()) return in.status();
    const ElementTypeRow* row = FindElementType(element);
    const DType dtype = row == nullptr ? DType::kUndefined : row->dtype;
    if (raw_bytes > 0) return ReadRaw(*source_, raw_offset, raw_bytes, dtype, count);
    std::vector<Elem> out;
    const int width = Bits(dtype);
    if (dtype == DType::kF32 || dtype == DType::kF64) {
      for (double r : reals) out.push_back(Elem::Real(r));
    } else if (width == 64 || dtype == DType::kU32) {
      for (int64_t i : ints) {
        out.push_back(dtype == DType::kU64 && i < 0 ? Elem{} : Elem::Int(i));
      }
    } else if (width < 8) {
      // int32_data holds bytes of packed elements.
      std::string packed;
      for (int64_t i : ints) packed.push_back(static_cast<char>(i));
      const int64_t held = static_cast<int64_t>(packed.size()) * 8 / std::max(width, 1);
      if (width > 0 && held >= count) return DecodeRaw(dtype, packed, count);
    } else {
      for (int64_t i : ints) out.push_back(FromBits(dtype, static_cast<uint32_t>(i)));
    }
    if (static_cast<int64_t>(out.size()) != count) {
      return Error("has contents that do not fit its shape");
    }
    return out;
  }

  // A SparseTensorProto: values, and where they go, as places in the flat tensor or as coordinates.
  absl::StatusOr<std::vector<Elem>> ReadSparse(const Constant& c, int64_t count) const {
    WireReader in(source_, file_);
    Message m = in.At(Msg::kSparseTensor, c.payload.offset, c.payload.offset + c.payload.bytes);
    Message values, indices;
    while (in.Next(m)) {
      if (m.field == onnx::SparseTensorProto::kValuesFieldNumber) values = in.Enter(m);
      if (m.field == onnx::SparseTensorProto::kIndicesFieldNumber) indices = in.Enter(m);
    }
    std::vector<int64_t> index_dims;
    Message shape = indices;
    while (in.Next(shape)) {
      if (shape.field == TensorP::kDimsFieldNumber) in.AppendInts(shape, &index_dims, 8);
    }
    if (!in.ok()) return in.status();
    const int64_t n = c.stored_elements;
    const int64_t rank = static_cast<int64_t>(c.dims.size());
    const bool coordinates = index_dims.size() == 2;
    if (n < 0 || n > count || index_dims.empty() || index_dims[0] != n ||
        (coordinates && index_dims[1] != rank)) {
      return Error("is sparse and its indices do not fit its values");
    }
    const Elem zero = IsFloat(c.dtype) ? Elem::Real(0) : Elem::Int(0);
    std::vector<Elem> out(static_cast<size_t>(count), zero);
    if (n == 0) return out;
    absl::StatusOr<std::vector<Elem>> v = ReadTensor(values.begin, values.end - values.begin, n);
    if (!v.ok()) return v;
    absl::StatusOr<std::vector<Elem>> at =
        ReadTensor(indices.begin, indices.end - indices.begin, coordinates ? n * rank : n);
    if (!at.ok()) return at;
    for (int64_t i = 0; i < n; ++i) {
      int64_t place = 0;
      bool inside = true;
      auto number = [&](int64_t k) {
        const Elem& e = (*at)[static_cast<size_t>(k)];
        return e.is_int() ? e.num.value() : -1;
      };
      if (coordinates) {
        for (int64_t k = 0; k < rank; ++k) {
          int64_t x = number(i * rank + k);
          inside &= x >= 0 && x < c.dims[static_cast<size_t>(k)];
          if (inside) place = place * c.dims[static_cast<size_t>(k)] + x;
        }
      } else {
        place = number(i);
      }
      if (!inside || place < 0 || place >= count)
        return Error("is sparse and an index lies outside");
      out[static_cast<size_t>(place)] = (*v)[static_cast<size_t>(i)];
    }
    return out;
  }

  absl::StatusOr<std::vector<Elem>> ReadExternal(const Constant& c, int64_t count) const {
    auto found = external_.paths.find(c.payload.path);
    if (!external_.has_folder || found == external_.paths.end()) {
      return absl::NotFoundError(absl::StrCat(file_, ": external data is not at hand"));
    }
    const std::string* location = &found->second;
    const std::string path =
        external_.folder.empty() ? *location : absl::StrCat(external_.folder, "/", *location);
    if (EscapesFolder(*location) || LeavesFolder(path)) {
      return absl::PermissionDeniedError(
          absl::StrCat(file_, ": external data `", *location,
                       "` lies outside the model's folder and is not read; move it there"));
    }
    absl::StatusOr<std::shared_ptr<const ByteSource>> source =
        OpenFile(path, /*regular_only=*/true);
    if (!source.ok()) return source.status();
    if (c.payload.offset > (*source)->size())
      return Error("lies beyond the end of its external file");
    const uint64_t left = (*source)->size() - c.payload.offset;
    return ReadRaw(**source, c.payload.offset,
                   c.payload.bytes == 0 ? left : std::min(left, c.payload.bytes), c.dtype, count);
  }

  // By links. A file that is not there leads nowhere.
  bool LeavesFolder(const std::string& path) const {
    auto real = [](const std::string& p) {
      char* resolved = realpath(p.c_str(), nullptr);
      std::string result = resolved == nullptr ? "" : resolved;
      free(resolved);
      return result;
    };
    std::string file = real(path);
    if (file.empty()) return false;
    std::string folder = real(external_.folder.empty() ? "." : external_.folder);
    return folder.empty() || (folder != "/" && !absl::StartsWith(file, folder + "/"));
  }

  std::shared_ptr<const ByteSource> source_;
  std::string file_;
  ExternalData external_;
};

}  // namespace

std::shared_ptr<const ConstantReader> MakeConstantReader(std::shared_ptr<const ByteSource> source,
                                                         std::string file, ExternalData external) {
  return std::make_shared<OnnxConstantReader>(KeepBlocks(std::move(source)), std::move(file),
                                              std::move(external));
}

}  // namespace assay
