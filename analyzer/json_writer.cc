// rapidjson's Writer escapes strings and prints numbers; where lines break is decided here.
#include "analyzer/json_writer.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/utf8.h"
#include "rapidjson/writer.h"

namespace assay {
namespace {

// Whole doubles up to here are exact integers.
constexpr double kExact = 9007199254740992.0;  // 2^53

// What rapidjson writes to.
struct StringStream {
  using Ch = char;
  std::string* out;
  void Put(char c) { out->push_back(c); }
  void Flush() {}
};

// Stands in JSON as it is: nearly every name and key, and so the fast way.
bool IsPlain(absl::string_view s) {
  for (char c : s) {
    if (static_cast<signed char>(c) < 0x20 || c == '"' || c == '\\') return false;
  }
  return true;
}

}  // namespace

class JsonWriter::Layout : private rapidjson::Writer<StringStream> {
 public:
  explicit Layout(std::string* out) : Writer(stream_), stream_{out}, out_(*out) {}

  void Open(char bracket, bool on_one_line) {
    Prefix();
    out_ += bracket;
    open_.push_back({.on_one_line = on_one_line || (!open_.empty() && open_.back().on_one_line)});
  }
  void Close(char bracket) {
    Container last = open_.back();
    open_.pop_back();
    if (last.count > 0 && !last.on_one_line) NewLine();
    out_ += bracket;
    if (open_.empty()) out_ += '\n';
  }
  void Key(absl::string_view key) {
    Separate();
    WriteText(key);
    out_ += ": ";
    after_key_ = true;
  }
  void String(absl::string_view s) {
    Prefix();
    WriteText(s);
  }
  void Double(double d) {
    Prefix();
    if (!std::isfinite(d)) {
      WriteNull();
    } else if (d == std::floor(d) && std::fabs(d) <= kExact) {
      WriteInt64(static_cast<int64_t>(d));
    } else {
      WriteDouble(d);
    }
  }
  void Int(int64_t i) {
    Prefix();
    WriteInt64(i);
  }
  void Bool(bool b) {
    Prefix();
    WriteBool(b);
  }
  void Null() {
    Prefix();
    WriteNull();
  }

 private:
  struct Container {
    bool on_one_line = false;
    int64_t count = 0;
  };

  void WriteText(absl::string_view s) {
    if (IsPlain(s)) {
      out_ += '"';
      out_.append(s.data(), s.size());
      out_ += '"';
      return;
    }
    const std::string valid = ValidUtf8(s);
    WriteString(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  }
  void NewLine() {
    out_ += '\n';
    out_.append(2 * open_.size(), ' ');
  }
  // Before a key, or an element of an array.
  void Separate() {
    if (open_.empty()) return;
    Container& c = open_.back();
    if (c.count++ > 0) out_ += c.on_one_line ? ", " : ",";
    if (!c.on_one_line) NewLine();
  }
  void Prefix() {
    if (!after_key_) Separate();
    after_key_ = false;
  }

  StringStream stream_;
  std::string& out_;
  std::vector<Container> open_;
  bool after_key_ = false;
};

JsonWriter::JsonWriter(std::string* out) : layout_(std::make_unique<Layout>(out)) {}
JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::BeginObject() {
  layout_->Open('{', false);
  return *this;
}
JsonWriter& JsonWriter::BeginRow() {
  layout_->Open('{', true);
  return *this;
}
JsonWriter& JsonWriter::EndObject() {
  layout_->Close('}');
  return *this;
}
JsonWriter& JsonWriter::BeginArray() {
  layout_->Open('[', false);
  return *this;
}
JsonWriter& JsonWriter::BeginList() {
  layout_->Open('[', true);
  return *this;
}
JsonWriter& JsonWriter::EndArray() {
  layout_->Close(']');
  return *this;
}
JsonWriter& JsonWriter::Key(absl::string_view key) {
  layout_->Key(key);
  return *this;
}
JsonWriter& JsonWriter::Value(absl::string_view value) {
  layout_->String(value);
  return *this;
}
JsonWriter& JsonWriter::Value(double value) {
  layout_->Double(value);
  return *this;
}
JsonWriter& JsonWriter::Value(int64_t value) {
  layout_->Int(value);
  return *this;
}
JsonWriter& JsonWriter::Value(bool value) {
  layout_->Bool(value);
  return *this;
}
JsonWriter& JsonWriter::Null() {
  layout_->Null();
  return *this;
}

}  // namespace assay
