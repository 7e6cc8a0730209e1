// What follows from a table of keys besides reading: listing, writing, packing.
#include <cstring>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "hw/schema.h"

namespace assay {
namespace {

// The rows' accessors take void*; nothing here writes through it.
void* Mutable(const void* object) { return const_cast<void*>(object); }

void ListInto(absl::Span<const KeyRow> rows, const std::string& prefix, std::vector<KeyDoc>* out) {
  for (const KeyRow& row : rows) {
    KeyDoc doc{.path = absl::StrCat(prefix, row.name),
               .required = row.need == Need::kRequired,
               .doc = row.doc};
    switch (row.type) {
      case KeyType::kText:
        doc.type = "text";
        break;
      case KeyType::kTexts:
        doc.type = "list of texts";
        doc.example = "[a, b]";
        break;
      case KeyType::kBool:
        doc.type = "true|false";
        break;
      case KeyType::kInteger:
        doc.type = "whole number";
        doc.example = "1";
        break;
      case KeyType::kChoice:
        doc.type = absl::StrJoin(row.choices(), "|");
        break;
      case KeyType::kByMath:
        doc.path += ".FORMAT";
        [[fallthrough]];
      case KeyType::kQuantity:
        doc.type = std::string(RowOf(row.unit).what);
        doc.example = std::string(RowOf(row.unit).example);
        break;
      case KeyType::kReplaces:
        doc.type = "formats by format";
        doc.example = "{fp32: tf32}";
        break;
      case KeyType::kObject:
      case KeyType::kNamed:
      case KeyType::kModes:
        doc.type = "mapping";
        break;
    }
    if (row.type == KeyType::kNamed || row.type == KeyType::kModes) doc.path += ".NAME";
    std::string path = doc.path;
    out->push_back(std::move(doc));
    if (row.rows != nullptr) ListInto(row.rows(), path + ".", out);
  }
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}), "\"");
}

class Writer {
 public:
  void WriteRows(absl::Span<const KeyRow> rows, const void* object, int indent) {
    for (const KeyRow& row : rows) WriteRow(row, row.field(Mutable(object)), indent);
  }
  std::string Sources() const {
    std::string text = ids_.empty() ? "" : "sources:\n";
    for (const std::string& source : order_) {
      absl::StrAppend(&text, "  ", ids_.at(source), ": ", Quoted(source), "\n");
    }
    return text;
  }
  std::string body;

 private:
  void Line(int indent, absl::string_view key, absl::string_view value) {
    bool plain = !key.empty();
    for (char c : key) plain = plain && (absl::ascii_isalnum(c) || c == '_' || c == '-');
    absl::StrAppend(&body, std::string(static_cast<size_t>(indent), ' '),
                    plain ? std::string(key) : Quoted(key), ":", value.empty() ? "" : " ", value,
                    "\n");
  }
  std::string Write(const Datum& datum, Unit unit) {
    auto [it, added] = ids_.emplace(datum.source, absl::StrCat("s", ids_.size() + 1));
    if (added) order_.push_back(datum.source);
    std::string text =
        absl::StrCat("{value: ", FormatQuantity(datum.value, unit), ", source: ", it->second);
    if (datum.basis != Basis::kDatasheet) absl::StrAppend(&text, ", basis: ", Name(datum.basis));
    if (!datum.reason.empty()) absl::StrAppend(&text, ", reason: ", Quoted(datum.reason));
    return absl::StrCat(text, "}");
  }
  void WriteRow(const KeyRow& row, void* field, int indent) {
    switch (row.type) {
      case KeyType::kText: {
        const std::string& text = *static_cast<std::string*>(field);
        if (!text.empty()) Line(indent, row.name, Quoted(text));
        return;
      }
      case KeyType::kTexts: {
        std::vector<std::string> quoted;
        for (const std::string& text : *static_cast<std::vector<std::string>*>(field)) {
          quoted.push_back(Quoted(text));
        }
        if (!quoted.empty()) {
          Line(indent, row.name, absl::StrCat("[", absl::StrJoin(quoted, ", "), "]"));
        }
        return;
      }
      case KeyType::kBool:
        Line(indent, row.name, *static_cast<bool*>(field) ? "true" : "false");
        return;
      case KeyType::kInteger:
        Line(indent, row.name, absl::StrCat(*static_cast<int*>(field)));
        return;
      case KeyType::kChoice:
        Line(indent, row.name, row.choices()[*static_cast<uint8_t*>(field)]);
        return;
      case KeyType::kQuantity: {
        const Datum& datum = *static_cast<Datum*>(field);
        if (datum.known) Line(indent, row.name, Write(datum, row.unit));
        return;
      }
      case KeyType::kByMath: {
        const auto& data = *static_cast<std::vector<MathDatum>*>(field);
        if (data.empty()) return;
        Line(indent, row.name, "");
        for (const MathDatum& d : data) Line(indent + 2, Name(d.math), Write(d.datum, row.unit));
        return;
      }
      case KeyType::kReplaces: {
        const auto& replaces = *static_cast<std::vector<MathReplacement>*>(field);
        if (replaces.empty()) return;
        Line(indent, row.name, "");
        for (const MathReplacement& r : replaces) Line(indent + 2, Name(r.math), Name(r.runs_as));
        return;
      }
      case KeyType::kObject: {
        std::string before = std::move(body);
        body.clear();
        WriteRows(row.rows(), field, indent + 2);
        std::string inside = std::move(body);
        body = std::move(before);
        if (inside.empty()) return;
        Line(indent, row.name, "");
        body += inside;
        return;
      }
      case KeyType::kNamed:
        if (row.list->size(field) == 0) return;
        Line(indent, row.name, "");
        for (size_t i = 0; i < row.list->size(field); ++i) {
          void* item = row.list->at(field, i);
          Line(indent + 2, *row.list->name(item), "");
          WriteRows(row.rows(), item, indent + 4);
        }
        return;
      case KeyType::kModes:
        return;  // the struct holds their names only
    }
  }

  std::map<std::string, std::string> ids_;
  std::vector<std::string> order_;
};

// Packed form: unsigned numbers as base-128 varints, doubles as 8 bytes, texts as (offset, size) in
// the pool. A record is read by the program that wrote it, so there is nothing to check.
class Packer {
 public:
  Packer(std::string* record, std::string* texts) : record_(*record), texts_(*texts) {}

  void Number(uint64_t value) {
    for (; value >= 128; value >>= 7) record_.push_back(static_cast<char>(value | 128));
    record_.push_back(static_cast<char>(value));
  }
  void Real(double value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    record_.append(bytes, sizeof value);
  }
  void Text(const std::string& text) {
    size_t at = texts_.find(text);
    if (at == std::string::npos) {
      at = texts_.size();
      texts_ += text;
    }
    Number(at);
    Number(text.size());
  }
  void Write(const Datum& datum) {
    Number(datum.known ? 1 + static_cast<uint64_t>(datum.basis) : 0);
    if (!datum.known) return;
    Real(datum.value);
    Text(datum.source);
    Text(datum.reason);
  }

 private:
  std::string& record_;
  std::string& texts_;
};

class Unpacker {
 public:
  Unpacker(absl::string_view record, absl::string_view texts) : record_(record), texts_(texts) {}

  uint64_t Number() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      auto byte = static_cast<unsigned char>(record_[at_++]);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  double Real() {
    double value;
    std::memcpy(&value, record_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string Text() {
    uint64_t at = Number();
    return std::string(texts_.substr(at, Number()));
  }
  Datum Read() {
    Datum datum;
    uint64_t basis = Number();
    if (basis == 0) return datum;
    datum.known = true;
    datum.basis = static_cast<Basis>(basis - 1);
    datum.value = Real();
    datum.source = Text();
    datum.reason = Text();
    return datum;
  }

 private:
  absl::string_view record_, texts_;
  size_t at_ = 0;
};

void PackRows(absl::Span<const KeyRow> rows, const void* object, Packer& out) {
  for (const KeyRow& row : rows) {
    void* field = row.field(Mutable(object));
    switch (row.type) {
      case KeyType::kText:
        out.Text(*static_cast<std::string*>(field));
        break;
      case KeyType::kTexts:
      case KeyType::kModes: {
        const auto& texts = *static_cast<std::vector<std::string>*>(field);
        out.Number(texts.size());
        for (const std::string& text : texts) out.Text(text);
        break;
      }
      case KeyType::kBool:
        out.Number(*static_cast<bool*>(field));
        break;
      case KeyType::kInteger:
        out.Number(static_cast<uint64_t>(*static_cast<int*>(field)));
        break;
      case KeyType::kChoice:
        out.Number(*static_cast<uint8_t*>(field));
        break;
      case KeyType::kQuantity:
        out.Write(*static_cast<Datum*>(field));
        break;
      case KeyType::kByMath: {
        const auto& data = *static_cast<std::vector<MathDatum>*>(field);
        out.Number(data.size());
        for (const MathDatum& d : data) {
          out.Number(static_cast<uint64_t>(d.math));
          out.Write(d.datum);
        }
        break;
      }
      case KeyType::kReplaces: {
        const auto& replaces = *static_cast<std::vector<MathReplacement>*>(field);
        out.Number(replaces.size());
        for (const MathReplacement& r : replaces) {
          out.Number(static_cast<uint64_t>(r.math));
          out.Number(static_cast<uint64_t>(r.runs_as));
        }
        break;
      }
      case KeyType::kObject:
        PackRows(row.rows(), field, out);
        break;
      case KeyType::kNamed:
        out.Number(row.list->size(field));
        for (size_t i = 0; i < row.list->size(field); ++i) {
          void* item = row.list->at(field, i);
          out.Text(*row.list->name(item));
          PackRows(row.rows(), item, out);
        }
        break;
    }
  }
}

void UnpackRows(absl::Span<const KeyRow> rows, void* object, Unpacker& in) {
  for (const KeyRow& row : rows) {
    void* field = row.field(object);
    switch (row.type) {
      case KeyType::kText:
        *static_cast<std::string*>(field) = in.Text();
        break;
      case KeyType::kTexts:
      case KeyType::kModes: {
        auto& texts = *static_cast<std::vector<std::string>*>(field);
        texts.resize(in.Number());
        for (std::string& text : texts) text = in.Text();
        break;
      }
      case KeyType::kBool:
        *static_cast<bool*>(field) = in.Number() != 0;
        break;
      case KeyType::kInteger:
        *static_cast<int*>(field) = static_cast<int>(in.Number());
        break;
      case KeyType::kChoice:
        *static_cast<uint8_t*>(field) = static_cast<uint8_t>(in.Number());
        break;
      case KeyType::kQuantity:
        *static_cast<Datum*>(field) = in.Read();
        break;
      case KeyType::kByMath: {
        auto& data = *static_cast<std::vector<MathDatum>*>(field);
        data.resize(in.Number());
        for (MathDatum& d : data) {
          d.math = static_cast<Math>(in.Number());
          d.datum = in.Read();
        }
        break;
      }
      case KeyType::kReplaces: {
        auto& replaces = *static_cast<std::vector<MathReplacement>*>(field);
        replaces.resize(in.Number());
        for (MathReplacement& r : replaces) {
          r.math = static_cast<Math>(in.Number());
          r.runs_as = static_cast<Math>(in.Number());
        }
        break;
      }
      case KeyType::kObject:
        UnpackRows(row.rows(), field, in);
        break;
      case KeyType::kNamed:
        for (uint64_t n = in.Number(); n > 0; --n) {
          void* item = row.list->add(field);
          *row.list->name(item) = in.Text();
          UnpackRows(row.rows(), item, in);
        }
        break;
    }
  }
}

}  // namespace

std::vector<KeyDoc> ListKeys(absl::Span<const KeyRow> rows) {
  std::vector<KeyDoc> docs = {
      {"schema", "text", "target/1", true, "kind and version of this file"},
      {"extends", "text", "h100-sxm", false, "a shipped one to start from; what follows replaces"},
      {"sources.NAME", "text", "", true, "citations, by a short name"},
      {"...source", "text", "", true,
       "in any mapping: whence the numbers inside, an entry of sources"},
      {"...basis", "datasheet|derived|recalled|estimate|undisclosed|mixed", "", false,
       "in any mapping: how far the numbers inside can be trusted; all but the first need a "
       "reason"},
      {"...reason", "text", "", false, "in any mapping: why not from a datasheet"},
  };
  ListInto(rows, "", &docs);
  return docs;
}

std::string WriteYaml(absl::string_view schema, absl::Span<const KeyRow> rows, const void* object) {
  Writer writer;
  writer.WriteRows(rows, object, 0);
  return absl::StrCat("schema: ", schema, "\n", writer.Sources(), writer.body);
}

void Pack(absl::Span<const KeyRow> rows, const void* object, std::string* record,
          std::string* texts) {
  Packer packer(record, texts);
  PackRows(rows, object, packer);
}

void Unpack(absl::Span<const KeyRow> rows, absl::string_view record, absl::string_view texts,
            void* object) {
  Unpacker unpacker(record, texts);
  UnpackRows(rows, object, unpacker);
}

}  // namespace assay
