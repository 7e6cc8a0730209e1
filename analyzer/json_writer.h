// JSON, streamed: text is appended to a string that the caller may send on and clear at any moment.
// Numbers are numbers, whole ones without a decimal point; what is not known (NaN, infinity) is
// null; strings are always valid UTF-8. The layout is for people and line tools: nested containers
// are indented by two blanks, but a "row" (one operator, one kernel) stands on one line.
//
//   JsonWriter json(&out);
//   json.BeginObject();
//   json.Field("name", "resnet18");
//   json.Key("ops").BeginArray();
//   json.BeginRow().Field("id", 0).Field("macs", 118013952.0).EndObject();
//   json.EndArray().EndObject();
#ifndef ASSAY_ANALYZER_JSON_WRITER_H_
#define ASSAY_ANALYZER_JSON_WRITER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace assay {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out);
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& BeginObject();
  // An object that stands on one line with all it contains.
  JsonWriter& BeginRow();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  // An array that stands on one line with all it contains.
  JsonWriter& BeginList();
  JsonWriter& EndArray();
  JsonWriter& Key(absl::string_view key);

  JsonWriter& Value(absl::string_view value);
  JsonWriter& Value(const std::string& value) { return Value(absl::string_view(value)); }
  JsonWriter& Value(const char* value) { return Value(absl::string_view(value)); }
  JsonWriter& Value(double value);
  JsonWriter& Value(int64_t value);
  JsonWriter& Value(int value) { return Value(static_cast<int64_t>(value)); }
  JsonWriter& Value(bool value);
  // The value, or null when there is none.
  template <class T>
  JsonWriter& Value(const std::optional<T>& value) {
    return value.has_value() ? Value(*value) : Null();
  }
  JsonWriter& Null();

  template <class T>
  JsonWriter& Field(absl::string_view key, const T& value) {
    return Key(key).Value(value);
  }
  // Null unless known.
  template <class T>
  JsonWriter& FieldIf(bool known, absl::string_view key, const T& value) {
    Key(key);
    return known ? Value(value) : Null();
  }

 private:
  class Layout;
  std::unique_ptr<Layout> layout_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_JSON_WRITER_H_
