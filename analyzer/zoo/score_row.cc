#include "analyzer/zoo/score_row.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/csv.h"
#include "analyzer/units.h"
#include "analyzer/utf8.h"
#include "ir/suggest.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace assay {
namespace {

using In = const ScoreInput&;

ScoreValue Known(double number) {
  return std::isfinite(number) ? ScoreValue(number) : ScoreValue();
}
ScoreValue Text(absl::string_view text) { return std::string(text); }

// What limits most of the time.
ScoreValue LimitedBy(In in) {
  if (in.estimate == nullptr || in.estimate->resources.empty()) return {};
  return in.estimate->resources.front().name;
}

// In the order in which every format has them.
constexpr ScoreColumn kColumns[] = {
    {"path", ScoreType::kText, Quantity::kText, "the model's file, as it was found or below --root",
     true},
    {"target", ScoreType::kText, Quantity::kText, "the machine; empty without --target", true},
    {"runtime", ScoreType::kText, Quantity::kText, "what runs the model there", true},
    {"precision", ScoreType::kText, Quantity::kText, "in which it is run", true},
    {"dims", ScoreType::kText, Quantity::kText,
     "the sizes given on the command line: `batch=8 seq=128`", true},
    {"status", ScoreType::kText, Quantity::kText,
     "`ok`; `failed`: the file is no sound model; `timeout`, `memory`: it took more than "
     "--time-limit or --memory-limit; `crashed`: its worker ended"},
    {"error", ScoreType::kText, Quantity::kText, "what is wrong, unless the status is ok"},
    {"score", ScoreType::kReal, Quantity::kRatio,
     "100 where the model is as good as the references of --weight, 200 where twice as good", false,
     true},
    {"verdict", ScoreType::kText, Quantity::kText,
     "PASS, PARTIAL or FAIL against the limits, and the target's memory", false, false,
     [](In in) { return in.assessment ? Text(Name(in.assessment->verdict)) : ScoreValue(); }},
    {"binding", ScoreType::kText, Quantity::kText, "the limit of the smallest margin", false, false,
     [](In in) {
       const LimitResult* r = in.assessment ? in.assessment->binding() : nullptr;
       return r != nullptr ? Text(r->title()) : ScoreValue();
     }},
    {"margin", ScoreType::kReal, Quantity::kShare, "the share of that limit which is left", false,
     true,
     [](In in) {
       const LimitResult* r = in.assessment ? in.assessment->binding() : nullptr;
       return r != nullptr ? Known(r->margin) : ScoreValue();
     }},
    {"latency_s", ScoreType::kReal, Quantity::kSeconds, "of one run, with its whole batch", false,
     false, [](In in) { return in.estimate ? Known(in.estimate->latency_s) : ScoreValue(); }},
    {"latency_low_s", ScoreType::kReal, Quantity::kSeconds, "the interval's fast end", false, false,
     [](In in) { return in.estimate ? Known(in.estimate->latency_low_s) : ScoreValue(); }},
    {"latency_high_s", ScoreType::kReal, Quantity::kSeconds, "the interval's slow end", false,
     false, [](In in) { return in.estimate ? Known(in.estimate->latency_high_s) : ScoreValue(); }},
    {"throughput_per_s", ScoreType::kReal, Quantity::kPerSecond, "samples", false, true,
     [](In in) { return in.estimate ? Known(in.estimate->throughput_per_s) : ScoreValue(); }},
    {"energy_j", ScoreType::kReal, Quantity::kJoules,
     "of one run; the least that it can be where the target does not state all of it", false, false,
     [](In in) { return in.estimate ? Known(in.estimate->energy_j) : ScoreValue(); }},
    {"power_w", ScoreType::kReal, Quantity::kWatts, "while it runs, where all energies are stated",
     false, false, [](In in) { return in.estimate ? Known(in.estimate->power_w) : ScoreValue(); }},
    {"utilization", ScoreType::kReal, Quantity::kShare, "of the machine's peak", false, true,
     [](In in) { return in.estimate ? Known(in.estimate->utilization) : ScoreValue(); }},
    {"limited_by", ScoreType::kText, Quantity::kText, "the resource that limits most of the time",
     false, false, LimitedBy},
    {"calibration", ScoreType::kText, Quantity::kText, "what the times rest on", false, false,
     [](In in) { return in.estimate ? Text(in.estimate->calibration) : ScoreValue(); }},
    {"memory_bytes", ScoreType::kReal, Quantity::kBytes,
     "weights and peak of activations, in the precision in force; without a target as stored",
     false, false,
     [](In in) {
       return Known(in.estimate ? in.estimate->memory_needed_bytes
                                : in.model.weight_bytes + in.model.peak_bytes);
     }},
    {"kernels", ScoreType::kInteger, Quantity::kCount,
     "that take time, as often as they run; without a target those of --fuse", false, false,
     [](In in) { return Known(in.estimate ? in.estimate->launches : in.model.kernels); }},
    {"operators", ScoreType::kInteger, Quantity::kCount, "that run", false, false,
     [](In in) { return Known(in.model.ops); }},
    {"parameters", ScoreType::kInteger, Quantity::kCount, "of the weights", false, false,
     [](In in) { return Known(in.model.parameters); }},
    {"weight_bytes", ScoreType::kInteger, Quantity::kBytes, "as stored", false, false,
     [](In in) { return Known(in.model.weight_bytes); }},
    {"macs", ScoreType::kInteger, Quantity::kCount, "multiply-accumulates", false, false,
     [](In in) { return Known(in.model.macs); }},
    {"flops", ScoreType::kInteger, Quantity::kCount, "2 x MACs, and arithmetic of all else", false,
     false, [](In in) { return Known(in.model.flops); }},
    {"bytes", ScoreType::kInteger, Quantity::kBytes, "traffic of every operator by itself", false,
     false, [](In in) { return Known(in.model.bytes); }},
    {"bytes_fused", ScoreType::kInteger, Quantity::kBytes, "traffic of the kernels of --fuse",
     false, false, [](In in) { return Known(in.model.bytes_fused); }},
    {"peak_activation_bytes", ScoreType::kInteger, Quantity::kBytes, "between these kernels", false,
     false, [](In in) { return Known(in.model.peak_bytes); }},
    {"width", ScoreType::kInteger, Quantity::kCount,
     "parallelism: operators that could run at once (the widest antichain)", false, true,
     [](In in) { return Known(in.model.width); }},
    {"unknown_operators", ScoreType::kInteger, Quantity::kCount,
     "whose work is not known, and in no number", false, false,
     [](In in) { return Known(in.model.unknown_ops); }},
    {"point", ScoreType::kText, Quantity::kText,
     "the sizes at which the numbers hold, where the file leaves some open", false, false,
     [](In in) { return in.model.point.empty() ? ScoreValue() : Text(in.model.point); }},
    {"file_bytes", ScoreType::kInteger, Quantity::kBytes, "of the file, without external data"},
    {"graph", ScoreType::kText, Quantity::kText,
     "a hash of the graph without its weights: equal for copies"},
    {"settings", ScoreType::kText, Quantity::kText,
     "a hash of what the row was made with: version, targets, options"},
};
constexpr size_t kNumColumns = std::size(kColumns);

using JsonTextWriter = rapidjson::Writer<rapidjson::StringBuffer>;

}  // namespace

absl::Span<const ScoreColumn> ScoreColumns() { return kColumns; }

int FindScoreColumn(absl::string_view name) {
  for (size_t i = 0; i < kNumColumns; ++i) {
    if (kColumns[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

absl::StatusOr<int> ScoreColumnOf(absl::string_view name, bool numbers) {
  const int at = FindScoreColumn(name);
  if (at >= 0 && (!numbers || kColumns[at].type != ScoreType::kText)) return at;
  std::vector<absl::string_view> known;
  for (const ScoreColumn& c : kColumns) {
    if (!numbers || c.type != ScoreType::kText) known.push_back(c.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("`", name, "` is no column", numbers ? " of numbers" : "",
                   DidYouMean(name, known), "; there are ", absl::StrJoin(known, ", ")));
}

absl::string_view ScoreRow::text(int column) const {
  const auto* text = std::get_if<std::string>(&values[static_cast<size_t>(column)]);
  return text != nullptr ? absl::string_view(*text) : absl::string_view();
}

double ScoreRow::number(int column) const {
  const auto* number = std::get_if<double>(&values[static_cast<size_t>(column)]);
  return number != nullptr && std::isfinite(*number) ? *number : NAN;
}

ScoreRow RowOf(const ScoreInput& input) {
  ScoreRow row;
  for (size_t i = 0; i < kNumColumns; ++i) {
    if (kColumns[i].of != nullptr) row.values[i] = kColumns[i].of(input);
  }
  row.at("status") = std::string(kScored);
  return row;
}

void AppendJsonLine(const ScoreRow& row, std::string* out) {
  rapidjson::StringBuffer buffer;
  JsonTextWriter json(buffer);
  json.StartObject();
  for (size_t i = 0; i < kNumColumns; ++i) {
    const ScoreValue& value = row.values[i];
    if (std::holds_alternative<std::monostate>(value)) continue;
    json.Key(kColumns[i].name.data(), static_cast<rapidjson::SizeType>(kColumns[i].name.size()));
    if (const auto* text = std::get_if<std::string>(&value)) {
      const std::string valid = ValidUtf8(*text);
      json.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    } else {
      const std::string digits = ShortestText(std::get<double>(value));
      json.RawValue(digits.data(), digits.size(), rapidjson::kNumberType);
    }
  }
  json.EndObject();
  out->append(buffer.GetString(), buffer.GetSize());
  *out += '\n';
}

absl::StatusOr<ScoreRow> ParseJsonLine(absl::string_view line) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseFullPrecisionFlag>(line.data(), line.size());
  if (json.HasParseError() || !json.IsObject()) {
    return absl::InvalidArgumentError("a row is no JSON object on one line");
  }
  ScoreRow row;
  for (size_t i = 0; i < kNumColumns; ++i) {
    const auto member = json.FindMember(rapidjson::StringRef(
        kColumns[i].name.data(), static_cast<rapidjson::SizeType>(kColumns[i].name.size())));
    if (member == json.MemberEnd()) continue;
    if (member->value.IsNumber()) row.values[i] = member->value.GetDouble();
    if (member->value.IsString()) {
      row.values[i] = std::string(member->value.GetString(), member->value.GetStringLength());
    }
  }
  if (row.text("path").empty()) return absl::InvalidArgumentError("a row lacks its path");
  return row;
}

void AppendCsvLine(const ScoreRow& row, std::string* out) {
  for (size_t i = 0; i < kNumColumns; ++i) {
    if (i > 0) *out += ',';
    const ScoreValue& value = row.values[i];
    if (const auto* number = std::get_if<double>(&value)) {
      *out += ShortestText(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      *out += CsvField(*text);
    }
  }
  *out += '\n';
}

void AppendCsvHeader(std::string* out) {
  for (size_t i = 0; i < kNumColumns; ++i) {
    absl::StrAppend(out, i > 0 ? "," : "", kColumns[i].name);
  }
  *out += '\n';
}

}  // namespace assay
