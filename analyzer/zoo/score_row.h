// A row of `assay score`: one model on one target under one runtime in one precision, as values of
// named columns. The table of columns is what JSON Lines, CSV, the database and its documentation
// are made of; a new column is one row of it.
#ifndef ASSAY_ANALYZER_ZOO_SCORE_ROW_H_
#define ASSAY_ANALYZER_ZOO_SCORE_ROW_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/assess.h"
#include "analyzer/figures.h"
#include "analyzer/quantity.h"

namespace assay {

// Not known or not there, a number, a text. Whole numbers stay whole in every format.
using ScoreValue = std::variant<std::monostate, double, std::string>;

struct ScoreInput {
  const ModelFigures& model;
  const EstimateFigures* estimate;  // null without targets
  const Assessment* assessment;     // null without targets
};

enum class ScoreType : uint8_t { kText, kInteger, kReal };

struct ScoreColumn {
  absl::string_view name;  // "latency_s"
  ScoreType type = ScoreType::kReal;
  Quantity quantity = Quantity::kText;
  absl::string_view doc;
  bool key = false;  // of the row; never empty-handed, and "" where there is nothing
  bool more_is_better = false;
  // Null: whoever makes the row fills it in.
  ScoreValue (*of)(const ScoreInput&) = nullptr;
};
absl::Span<const ScoreColumn> ScoreColumns();
// -1: there is none.
int FindScoreColumn(absl::string_view name);
// An error that lists what there is: of columns that hold numbers alone, if `numbers`.
absl::StatusOr<int> ScoreColumnOf(absl::string_view name, bool numbers = false);

struct ScoreRow {
  std::vector<ScoreValue> values = std::vector<ScoreValue>(ScoreColumns().size());

  ScoreValue& at(absl::string_view column) { return values[FindScoreColumn(column)]; }
  const ScoreValue& at(absl::string_view column) const { return values[FindScoreColumn(column)]; }
  // "" and NaN where it is another kind.
  absl::string_view text(int column) const;
  double number(int column) const;
  absl::string_view text(absl::string_view column) const { return text(FindScoreColumn(column)); }
  double number(absl::string_view column) const { return number(FindScoreColumn(column)); }

  // What comes before and after in a table that is sorted by key.
  friend bool operator==(const ScoreRow& a, const ScoreRow& b) { return a.values == b.values; }
};

// How a row of status `ok` came to be, or what became of the model.
inline constexpr absl::string_view kScored = "ok", kFailed = "failed", kTimedOut = "timeout",
                                   kTooLarge = "memory", kCrashed = "crashed";

// The figures of a model that was scored; the other columns stay empty.
ScoreRow RowOf(const ScoreInput& input);

// One line of JSON, an object with every column that is not empty, and back. An error says what the
// line lacks.
void AppendJsonLine(const ScoreRow& row, std::string* out);
absl::StatusOr<ScoreRow> ParseJsonLine(absl::string_view line);
// As CSV (RFC 4180), and the header line.
void AppendCsvLine(const ScoreRow& row, std::string* out);
void AppendCsvHeader(std::string* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_SCORE_ROW_H_
