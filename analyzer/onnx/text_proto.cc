#include "analyzer/onnx/text_proto.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/text_scanner.h"
#include "analyzer/onnx/wire_writer.h"
#include "ir/suggest.h"

namespace assay {
namespace {

class TextProto {
 public:
  TextProto(absl::string_view text, absl::string_view file, int max_depth)
      : in_(text, file), max_depth_(max_depth) {}

  // Fields up to `close`, or to the end of the text where it is '\0'.
  absl::Status ReadMessage(Msg kind, char close, int depth, WireWriter* out) {
    // Submessages take several levels of text per nested graph or type.
    if (depth > 8 * max_depth_) {
      return in_.Error("messages are nested deeper than ", 8 * max_depth_);
    }
    while (close == '\0' ? !in_.AtEnd() : !in_.Accept(close)) {
      if (absl::Status s = ReadField(kind, depth, out); !s.ok()) return s;
      if (!in_.Accept(';')) in_.Accept(',');
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadField(Msg kind, int depth, WireWriter* out) {
    const FieldRow* field = nullptr;
    if (in_.Accept('[')) {  // an extension, or the type of an Any
      while (!in_.AtEnd() && in_.Peek() != ']') {
        if (in_.Word().empty() && in_.Number().empty() && !in_.Accept('.') && !in_.Accept('/')) {
          return in_.Expected("the name of an extension");
        }
      }
      if (absl::Status s = in_.Expect(']'); !s.ok()) return s;
    } else if (absl::string_view name = in_.Word(); !name.empty()) {
      field = FindField(kind, name);
      if (field == nullptr && kind != Msg::kOther) {
        std::vector<absl::string_view> names;
        for (const FieldRow& row : FieldRows()) {
          if (row.message == kind) names.push_back(row.name);
        }
        return in_.Error(Name(kind), " has no field `", name, "`", DidYouMean(name, names));
      }
    } else {
      return in_.Expected(absl::StrCat("a field of ", Name(kind)));
    }
    const bool colon = in_.Accept(':');
    const char next = in_.Peek();
    if (!colon && next != '{' && next != '<') return in_.Expected("`:`, `{` or `<`");
    if (field == nullptr) return SkipValue(depth);
    if (next == '[') {
      in_.Accept('[');
      if (in_.Accept(']')) return absl::OkStatus();
      do {
        if (absl::Status s = ReadValue(*field, depth, out); !s.ok()) return s;
      } while (in_.Accept(','));
      return in_.Expect(']');
    }
    return ReadValue(*field, depth, out);
  }

  absl::Status ReadValue(const FieldRow& field, int depth, WireWriter* out) {
    switch (field.kind) {
      case FieldKind::kMessage: {
        char close = in_.Accept('{') ? '}' : in_.Accept('<') ? '>' : '\0';
        if (close == '\0') return in_.Expected(absl::StrCat("`{` and the fields of ", field.name));
        const size_t begin = out->Begin(field.number);
        if (absl::Status s = ReadMessage(field.child, close, depth + 1, out); !s.ok()) return s;
        out->End(begin);
        return absl::OkStatus();
      }
      case FieldKind::kBytes: {
        absl::StatusOr<std::string> s = in_.ProtoString();
        if (!s.ok()) return s.status();
        out->Bytes(field.number, *s);
        return absl::OkStatus();
      }
      case FieldKind::kEnum:
        if (absl::string_view name = in_.PeekWord(); !name.empty()) {
          std::optional<int> number = EnumNumber(field, name);
          if (!number) return in_.Error("`", name, "` is no value of ", field.name);
          in_.Word();
          out->Int(field.number, *number);
          return absl::OkStatus();
        }
        [[fallthrough]];
      case FieldKind::kInt: {
        absl::StatusOr<int64_t> number = ReadInt(field);
        if (!number.ok()) return number.status();
        out->Int(field.number, *number);
        return absl::OkStatus();
      }
      case FieldKind::kFloat:
      case FieldKind::kDouble: {
        const size_t at = in_.position();
        std::string text(in_.Number());
        text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
        double number = 0;
        absl::string_view digits = text;
        bool ok = absl::SimpleAtod(digits, &number) ||
                  (absl::ConsumeSuffix(&digits, "f") && absl::SimpleAtod(digits, &number));
        if (!ok) {
          in_.Return(at);
          return in_.Expected(absl::StrCat("a number for ", field.name));
        }
        if (field.kind == FieldKind::kFloat) {
          out->Float(field.number, static_cast<float>(number));
        } else {
          out->Double(field.number, number);
        }
        return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> ReadInt(const FieldRow& field) {
    const size_t at = in_.position();
    std::string text(in_.Number());
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    int64_t number = 0;
    uint64_t large = 0;
    const bool hex = absl::StrContains(text, "0x") || absl::StrContains(text, "0X");
    if (text == "true" || text == "false") return int64_t{text == "true"};
    if (hex ? absl::SimpleHexAtoi(text, &number) : absl::SimpleAtoi(text, &number)) return number;
    if (hex ? absl::SimpleHexAtoi(text, &large) : absl::SimpleAtoi(text, &large)) {
      return static_cast<int64_t>(large);
    }
    in_.Return(at);
    return in_.Expected(absl::StrCat("an integer of 64 bits for ", field.name));
  }

  absl::Status SkipValue(int depth) {
    if (in_.Accept('{')) return Ignore('}', depth);
    if (in_.Accept('<')) return Ignore('>', depth);
    if (in_.Accept('[')) {
      if (in_.Accept(']')) return absl::OkStatus();
      do {
        if (depth > 8 * max_depth_) return in_.Error("messages are nested too deep");
        if (absl::Status s = SkipValue(depth + 1); !s.ok()) return s;
      } while (in_.Accept(','));
      return in_.Expect(']');
    }
    char next = in_.Peek();
    if (next == '"' || next == '\'') return in_.ProtoString().status();
    if (in_.Number().empty()) return in_.Expected("a value");
    return absl::OkStatus();
  }
  absl::Status Ignore(char close, int depth) {
    WireWriter ignored;
    return ReadMessage(Msg::kOther, close, depth + 1, &ignored);
  }

  TextScanner in_;
  int max_depth_;
};

}  // namespace

absl::StatusOr<std::string> TextProtoToWire(absl::string_view text, absl::string_view file,
                                            int max_depth) {
  WireWriter out;
  absl::Status s = TextProto(text, file, max_depth).ReadMessage(Msg::kModel, '\0', 0, &out);
  if (!s.ok()) return s;
  return std::move(out).Take();
}

}  // namespace assay
