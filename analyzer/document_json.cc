// A document for programs: facts are fields, tables are arrays of objects, one row a line.
#include <memory>
#include <string>
#include <variant>

#include "analyzer/document.h"
#include "analyzer/json_writer.h"

namespace assay {
namespace {

void Write(const Cell& cell, JsonWriter* json) {
  if (const std::string* text = cell.text()) {
    json->Value(*text);
  } else if (const double* number = cell.number()) {
    json->Value(*number);
  } else if (const bool* yes = cell.yes()) {
    json->Value(*yes);
  } else {
    json->Null();
  }
}

void Write(const Facts& facts, JsonWriter* json) {
  if (!facts.key.empty()) json->Key(facts.key).BeginObject();
  for (const Figure& fact : facts.figures) {
    if (fact.key.empty()) continue;
    json->Key(fact.key);
    Write(fact.value, json);
  }
  if (!facts.key.empty()) json->EndObject();
}

void Write(const Table& table, JsonWriter* json) {
  bool tree = false;
  for (const TableRow& row : table.rows) tree |= row.level > 0;
  json->Key(table.key).BeginArray();
  for (const TableRow& row : table.rows) {
    json->BeginRow();
    if (tree) json->Field("level", row.level);
    for (size_t c = 0; c < table.columns.size(); ++c) {
      json->Key(table.columns[c].key);
      Write(c < row.cells.size() ? row.cells[c] : Cell(), json);
    }
    json->EndObject();
  }
  json->EndArray();
}

void Write(const Notes& notes, JsonWriter* json) {
  json->Key(notes.key).BeginArray();
  for (const std::string& note : notes.notes) json->Value(note);
  json->EndArray();
}

void Write(const Chart&, JsonWriter*) {}

class JsonPrinter : public DocumentPrinter {
 public:
  explicit JsonPrinter(std::string* out) : out_(out) {}

  void Add(const Document& document) override {
    JsonWriter json(out_);
    json.BeginObject();
    json.Field("schema", document.schema);
    for (const Block& block : document.blocks) {
      std::visit([&](const auto& b) { Write(b, &json); }, block);
    }
    json.EndObject();
  }

 private:
  std::string* out_;
};

}  // namespace

std::unique_ptr<DocumentPrinter> MakeJsonPrinter(const TextStyle&, std::string* out) {
  return std::make_unique<JsonPrinter>(out);
}

}  // namespace assay
