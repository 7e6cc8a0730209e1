#include "analyzer/expect.h"

#include <cmath>
#include <limits>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/yaml_fields.h"
#include "hw/target.h"
#include "ir/paths.h"
#include "ir/suggest.h"
#include "passes/facts.h"

namespace assay {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr absl::string_view kLatency = "latency";
constexpr absl::string_view kSchema = "expectations/1";

constexpr ExpectRow kRows[] = {
    {"macs", Quantity::kCount, "1.8G", "multiply-accumulates of contractions",
     [](const Report& r) { return r.analysis.numbers->total.macs; }},
    {"flops", Quantity::kCount, "3.7G", "2 x macs and all other arithmetic",
     [](const Report& r) { return r.analysis.numbers->total.flops; }},
    {"parameters", Quantity::kCount, "11.7M", "numbers in weights",
     [](const Report& r) { return static_cast<double>(r.analysis.works->parameters); }},
    {"weight_bytes", Quantity::kBytes, "46.8MB", "what they take in the file",
     [](const Report& r) { return static_cast<double>(r.analysis.works->weight_bytes); }},
    {"bytes", Quantity::kBytes, "90MB", "traffic of all operators, unfused",
     [](const Report& r) { return r.bytes(); }},
    {"peak_memory", Quantity::kBytes, "6.4MB", "of activations, in file order",
     [](const Report& r) { return r.analysis.memory->peak_activation_bytes; }},
    {"ops", Quantity::kCount, "49", "operators that run",
     [](const Report& r) { return static_cast<double>(r.analysis.numbers->running_ops); }},
    {"kernels", Quantity::kCount, "31", "of --fuse",
     [](const Report& r) {
       return r.partition == nullptr ? kNaN : static_cast<double>(r.partition->kernels.size());
     }},
};

void ReadEntry(const YamlFields& fields, ExpectEntry* out) {
  std::vector<absl::string_view> keys = {"files", "note"};
  for (const ExpectRow& row : ExpectRows()) keys.push_back(row.key);
  keys.push_back(kLatency);
  fields.Allow(keys);
  for (const YamlEntry& entry : fields.entries()) {
    if (entry.key == "files") {
      out->files = fields.Texts(entry.key, entry.value);
    } else if (entry.key == "note") {
      fields.Text(entry.key, entry.value);
    } else if (entry.key == kLatency) {
      for (const YamlEntry& of : fields.Inside(kLatency, entry.value).entries()) {
        const auto range =
            fields.Range(absl::StrCat(kLatency, ".", of.key), of.value, Quantity::kSeconds, "20ms");
        const auto target = FindTarget(of.key);
        if (!target.ok()) fields.Say(of.place, std::string(target.status().message()));
        if (!range.has_value() || !target.ok()) continue;
        out->expectations.push_back(
            {entry.key, of.key, Quantity::kSeconds, range->first, range->second});
      }
    }
    for (const ExpectRow& row : ExpectRows()) {
      if (row.key != entry.key) continue;
      const auto range = fields.Range(row.key, entry.value, row.quantity, row.example);
      if (!range.has_value()) continue;
      out->expectations.push_back({entry.key, "", row.quantity, range->first, range->second});
    }
  }
  if (out->files.empty()) out->files = {absl::StrCat(out->name, "*")};
}

void ReadAll(const YamlFields& fields, absl::string_view from, std::vector<ExpectEntry>* out) {
  fields.Allow({"source", "expect"});
  if (const YamlNode* source = fields.Find("source")) fields.Text("source", *source);
  const YamlNode* expect = fields.Find("expect");
  if (expect == nullptr) {
    fields.Say({1, 1}, "`expect` is missing; add a mapping from a model's name to its ranges");
    return;
  }
  for (const YamlEntry& entry : fields.Inside("expect", *expect).entries()) {
    ExpectEntry& one = out->emplace_back(ExpectEntry{entry.key, std::string(from), {}, {}});
    ReadEntry(fields.Inside(absl::StrCat("expect.", entry.key), entry.value), &one);
    if (one.expectations.empty()) {
      fields.Say(entry.place, absl::StrCat("`", entry.key, "` expects nothing; give a range, like ",
                                           "macs: 1.8G..1.9G"));
    }
  }
}

// Latencies of all estimates on that target: several runtimes and precisions each have to hold.
std::vector<ExpectationResult> OfLatency(const Report& report, const ExpectationResult& wanted) {
  std::vector<ExpectationResult> out;
  const auto is_meant = [&](const auto& estimate) {
    const auto request = static_cast<size_t>(estimate->request);
    return report.analysis.estimate_requests[request].target->name == wanted.target;
  };
  const bool several = absl::c_count_if(report.analysis.estimates, is_meant) > 1;
  for (const auto& estimate : report.analysis.estimates) {
    if (!is_meant(estimate)) continue;
    const Platform& on = *estimate->platform;
    ExpectationResult& r = out.emplace_back(wanted);
    r.value = estimate->latency_s;
    if (several) absl::StrAppend(&r.target, " ", on.runtime->name, " ", on.precision->name);
  }
  if (out.empty()) out.push_back(wanted);
  return out;
}

std::vector<ExpectationResult> Check(const Report& report, const ExpectEntry& entry) {
  std::vector<ExpectationResult> out;
  for (const Expectation& e : entry.expectations) {
    ExpectationResult r{.model = ShownFile(report.file),
                        .entry = entry.name,
                        .key = e.key,
                        .target = e.target,
                        .quantity = e.quantity,
                        .low = e.low,
                        .high = e.high,
                        .value = kNaN};
    for (const ExpectRow& row : ExpectRows()) {
      if (row.key == e.key) r.value = row.value(report);
    }
    const std::vector<ExpectationResult> found =
        e.key == kLatency ? OfLatency(report, r) : std::vector<ExpectationResult>{r};
    out.insert(out.end(), found.begin(), found.end());
  }
  // (A value that is not known meets nothing.)
  for (ExpectationResult& r : out) r.met = r.value >= r.low && r.value <= r.high;
  return out;
}

// How far off an entry is: by how many ranges, then by how much, in ratios.
std::pair<int64_t, double> Distance(const std::vector<ExpectationResult>& results) {
  int64_t missed = 0;
  double off = 0;
  for (const ExpectationResult& r : results) {
    if (r.met) continue;
    ++missed;
    const double bound = r.value < r.low ? r.low : r.high;
    off += r.value > 0 && bound > 0 ? std::abs(std::log(r.value / bound)) : 1;
  }
  return {missed, off};
}

}  // namespace

absl::Span<const ExpectRow> ExpectRows() { return kRows; }

std::vector<std::string> Expectations::Targets() const {
  std::vector<std::string> targets;
  for (const ExpectEntry& entry : entries) {
    for (const Expectation& e : entry.expectations) {
      if (!e.target.empty() && !absl::c_linear_search(targets, e.target)) {
        targets.push_back(e.target);
      }
    }
  }
  return targets;
}

std::vector<absl::string_view> ShippedExpectations() {
  std::vector<absl::string_view> names;
  for (const ShippedText& shipped : ShippedExpectationTexts()) names.push_back(shipped.name);
  return names;
}

absl::Status AddExpectations(absl::string_view name, Expectations* out,
                             std::vector<std::string>* errors) {
  absl::string_view only;
  const size_t colon = name.rfind(':');
  if (colon != absl::string_view::npos && !IsYamlPath(name.substr(colon + 1))) {
    only = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  std::vector<ExpectEntry> entries;
  const auto read = [&](const YamlFields& fields) { ReadAll(fields, name, &entries); };
  absl::Status status;
  if (IsYamlPath(name)) {
    status = ReadYamlFields(name, kSchema, read, errors);
  } else {
    const absl::Span<const ShippedText> shipped = ShippedExpectationTexts();
    const auto it =
        absl::c_find_if(shipped, [&](const ShippedText& text) { return text.name == name; });
    if (it == shipped.end()) {
      const std::vector<absl::string_view> names = ShippedExpectations();
      return absl::NotFoundError(absl::StrCat("unknown profile `", name, "`",
                                              DidYouMean(name, names), "; use one of ",
                                              absl::StrJoin(names, ", "), ", or a YAML file"));
    }
    status = ReadYamlText(name, it->text, kSchema, read, errors);
  }
  if (!status.ok()) return status;
  std::vector<absl::string_view> names;
  bool found = false;
  for (ExpectEntry& entry : entries) {
    names.push_back(entry.name);
    if (!only.empty() && entry.name != only) continue;
    found = true;
    if (!only.empty()) entry.files = {"*"};
  }
  if (!found) {
    return absl::NotFoundError(absl::StrCat(name, ": has no entry `", only, "`",
                                            DidYouMean(only, names), "; it has ",
                                            absl::StrJoin(names, ", ")));
  }
  for (ExpectEntry& entry : entries) {
    if (only.empty() || entry.name == only) out->entries.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

std::vector<ExpectationResult> CheckExpectations(const Report& report,
                                                 const Expectations& expectations) {
  for (const ExpectEntry& entry : expectations.entries) {
    for (const std::string& pattern : entry.files) {
      if (MatchesPattern(pattern, FileName(report.file))) return Check(report, entry);
    }
  }
  std::vector<ExpectationResult> nearest;
  for (const ExpectEntry& entry : expectations.entries) {
    std::vector<ExpectationResult> results = Check(report, entry);
    if (nearest.empty() || Distance(results) < Distance(nearest)) nearest = std::move(results);
  }
  for (ExpectationResult& r : nearest) r.by_name = false;
  return nearest;
}

Table ExpectationTable(const std::vector<ExpectationResult>& results) {
  Table table{.key = "expectations", .title = "expectations"};
  bool on_targets = false;
  for (const ExpectationResult& r : results) on_targets |= !r.target.empty();
  table.columns = {{"model", "model"},
                   {"entry", "expected of"},
                   {"by_name", "by name", Quantity::kText, true},
                   {"key", "number"},
                   {"target", "on", Quantity::kText, !on_targets},
                   {"low", "from", Quantity::kRatio},
                   {"high", "to", Quantity::kRatio},
                   {"value", "is", Quantity::kRatio},
                   {"verdict", "verdict"}};
  const auto known = [](double value, Quantity quantity) {
    return std::isfinite(value) ? Cell::Of(value, quantity) : Cell();
  };
  for (const ExpectationResult& r : results) {
    TableRow row;
    row.cells = {r.model,
                 r.entry,
                 r.by_name,
                 r.key,
                 r.target.empty() ? Cell() : Cell(r.target),
                 known(r.low, r.quantity),
                 known(r.high, r.quantity),
                 known(r.value, r.quantity),
                 r.met ? "PASS" : "FAIL"};
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace assay
