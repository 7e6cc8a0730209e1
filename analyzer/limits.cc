#include "analyzer/limits.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/yaml_fields.h"
#include "hw/yaml_tree.h"
#include "ir/paths.h"

namespace assay {
namespace {

constexpr LimitRow kRows[] = {
    {LimitKind::kLatency, "--max-latency", "max_latency", "latency", "latency_s",
     Quantity::kSeconds, false, "10ms"},
    {LimitKind::kThroughput, "--min-throughput", "min_throughput", "throughput", "throughput_per_s",
     Quantity::kPerSecond, true, "100/s"},
    {LimitKind::kMemory, "--max-memory", "max_memory", "memory", "memory_bytes", Quantity::kBytes,
     false, "256MiB"},
    {LimitKind::kEnergy, "--max-energy", "max_energy", "energy", "energy_j", Quantity::kJoules,
     false, "5mJ"},
    {LimitKind::kPower, "--max-power", "max_power", "power", "power_w", Quantity::kWatts, false,
     "15W"},
    {LimitKind::kPrice, "--max-price-per-million", "max_price_per_million", "price per million",
     "price_per_million_usd", Quantity::kDollars, false, "0.5USD"},
};

struct Spelling {
  Quantity quantity;
  absl::string_view unit;
  double factor;
};
constexpr double kHour = 3600, kYear = 365.25 * 24 * kHour;
constexpr Spelling kSpellings[] = {
    {Quantity::kSeconds, "s", 1},        {Quantity::kSeconds, "ms", 1e-3},
    {Quantity::kSeconds, "us", 1e-6},    {Quantity::kSeconds, "ns", 1e-9},
    {Quantity::kSeconds, "min", 60},     {Quantity::kSeconds, "h", kHour},
    {Quantity::kSeconds, "days", 86400}, {Quantity::kSeconds, "years", kYear},
    {Quantity::kSeconds, "year", kYear}, {Quantity::kPerSecond, "/s", 1},
    {Quantity::kPerSecond, "k/s", 1e3},  {Quantity::kPerSecond, "/min", 1.0 / 60},
    {Quantity::kBytes, "B", 1},          {Quantity::kBytes, "kB", 1e3},
    {Quantity::kBytes, "MB", 1e6},       {Quantity::kBytes, "GB", 1e9},
    {Quantity::kBytes, "TB", 1e12},      {Quantity::kBytes, "KiB", 1024},
    {Quantity::kBytes, "MiB", 1048576},  {Quantity::kBytes, "GiB", 1073741824},
    {Quantity::kJoules, "J", 1},         {Quantity::kJoules, "mJ", 1e-3},
    {Quantity::kJoules, "uJ", 1e-6},     {Quantity::kJoules, "kJ", 1e3},
    {Quantity::kWatts, "W", 1},          {Quantity::kWatts, "mW", 1e-3},
    {Quantity::kWatts, "kW", 1e3},       {Quantity::kDollars, "USD", 1},
    {Quantity::kCount, "", 1},           {Quantity::kCount, "k", 1e3},
    {Quantity::kCount, "M", 1e6},        {Quantity::kCount, "G", 1e9},
    {Quantity::kCount, "T", 1e12},       {Quantity::kShare, "%", 0.01},
};

// What a mapping of limits may say besides the limits.
constexpr absl::string_view kLifetime = "lifetime", kPerKwh = "price_per_kwh",
                            kOperators = "require_operators";

void ReadLimits(const YamlFields& fields, Limits* out) {
  const auto read = [&](absl::string_view key, Quantity quantity, absl::string_view example,
                        std::optional<double>* amount) {
    const YamlNode* node = fields.Find(key);
    if (node == nullptr) return;
    *amount = fields.Amount(key, *node, quantity, example);
    if (*amount == 0) {
      fields.Say(node->place, absl::StrCat("`", key, "`: must be above 0, like ", example));
    }
  };
  for (const LimitRow& row : LimitRows()) {
    read(row.key, row.quantity, row.example, &out->at[static_cast<size_t>(row.kind)]);
  }
  read(kPerKwh, Quantity::kDollars, "0.3USD", &out->dollars_per_kwh);
  read(kLifetime, Quantity::kSeconds, "3years", &out->lifetime_s);
  if (const YamlNode* node = fields.Find(kOperators)) {
    out->require_operators = fields.Truth(kOperators, *node);
  }
}

std::vector<absl::string_view> LimitKeys() {
  std::vector<absl::string_view> keys;
  for (const LimitRow& row : LimitRows()) keys.push_back(row.key);
  keys.insert(keys.end(), {kPerKwh, kLifetime, kOperators});
  return keys;
}

void ReadOverrides(const YamlFields& fields, absl::string_view key,
                   std::vector<std::pair<std::string, Limits>>* out) {
  const YamlNode* node = fields.Find(key);
  if (node == nullptr) return;
  const YamlFields names = fields.Inside(key, *node);
  for (const YamlEntry& entry : names.entries()) {
    const YamlFields one = names.Inside(absl::StrCat(key, ".", entry.key), entry.value);
    one.Allow(LimitKeys());
    ReadLimits(one, &out->emplace_back(entry.key, Limits()).second);
  }
}

}  // namespace

absl::Span<const LimitRow> LimitRows() { return kRows; }
const LimitRow& RowOf(LimitKind kind) { return kRows[static_cast<size_t>(kind)]; }

absl::StatusOr<double> ParseAmount(absl::string_view text, Quantity quantity,
                                   absl::string_view example) {
  const auto bad = [&](auto&&... why) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", text, "` ", why..., "; write it like ", example));
  };
  if (quantity == Quantity::kExact) quantity = Quantity::kCount;
  size_t end = 0;
  while (end < text.size() && (absl::ascii_isdigit(text[end]) || text[end] == '.')) ++end;
  // An exponent, unless it is the beginning of a unit.
  if (end + 1 < text.size() && (text[end] == 'e' || text[end] == 'E') &&
      (absl::ascii_isdigit(text[end + 1]) || text[end + 1] == '-' || text[end + 1] == '+')) {
    end += 2;
    while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  }
  double number = 0;
  if (!absl::SimpleAtod(text.substr(0, end), &number) || !std::isfinite(number)) {
    return bad("is no amount");
  }
  const absl::string_view unit = absl::StripLeadingAsciiWhitespace(text.substr(end));
  std::vector<absl::string_view> units;
  for (const Spelling& spelling : kSpellings) {
    if (spelling.quantity != quantity) continue;
    if (spelling.unit == unit) return number * spelling.factor;
    if (!spelling.unit.empty()) units.push_back(spelling.unit);
  }
  if (unit.empty()) return bad("lacks its unit");
  return bad("has the unit `", unit, "`, and ", absl::StrJoin(units, ", "), " are known");
}

void Limits::Override(const Limits& other) {
  for (size_t i = 0; i < at.size(); ++i) {
    if (other.at[i].has_value()) at[i] = other.at[i];
  }
  if (other.dollars_per_kwh.has_value()) dollars_per_kwh = other.dollars_per_kwh;
  if (other.lifetime_s.has_value()) lifetime_s = other.lifetime_s;
  if (other.require_operators.has_value()) require_operators = other.require_operators;
}

Limits Requirements::For(absl::string_view model, absl::string_view target) const {
  Limits limits = all;
  for (const auto& [pattern, own] : targets) {
    if (MatchesPattern(pattern, target)) limits.Override(own);
  }
  for (const auto& [pattern, own] : models) {
    if (MatchesPattern(pattern, FileName(model))) limits.Override(own);
  }
  return limits;
}

absl::StatusOr<Requirements> ReadRequirements(absl::string_view path,
                                              std::vector<std::string>* errors) {
  Requirements out;
  absl::Status status = ReadYamlFields(
      path, "requirements/1",
      [&](const YamlFields& fields) {
        std::vector<absl::string_view> keys = LimitKeys();
        keys.insert(keys.end(), {"targets", "models"});
        fields.Allow(keys);
        ReadLimits(fields, &out.all);
        ReadOverrides(fields, "targets", &out.targets);
        ReadOverrides(fields, "models", &out.models);
      },
      errors);
  if (!status.ok()) return status;
  return out;
}

}  // namespace assay
