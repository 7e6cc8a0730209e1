#include "analyzer/explain_steps.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/units.h"
#include "hw/calibration.h"

namespace assay {
namespace {

std::string CalibrationText(const Calibration& c) {
  std::string text = absl::StrCat("fitted to ", c.data, ", ", c.date);
  if (c.rows) absl::StrAppend(&text, ", ", StepText(c.rows.value), " runs");
  if (c.error_in_sample) {
    absl::StrAppend(&text, "; off by ", Percent(c.error_in_sample.value), " there");
  }
  if (c.error_held_out) {
    absl::StrAppend(&text, ", by ", Percent(c.error_held_out.value),
                    " on families of models left out");
  }
  return text;
}

}  // namespace

bool SameNumber(double a, double b) {
  return std::fabs(a - b) <= 1e-9 * std::max(std::fabs(a), std::fabs(b));
}

std::string StepText(double x) {
  if (x == std::floor(x) && std::fabs(x) < 1e15) return absl::StrCat(static_cast<int64_t>(x));
  return absl::StrFormat("%.6g", x);
}

std::string Citations(const std::vector<Cited>& data) {
  std::vector<std::string> parts;
  for (const Cited& c : data) {
    if (c.datum->known) parts.push_back(Citation(c));
  }
  return absl::StrJoin(parts, "; ");
}

Facts EstimateFacts(const Platform& platform) {
  const Target& target = *platform.target;
  Facts facts{.key = "estimate", .title = absl::StrCat("on ", target.name)};
  const auto add = [&](const char* name, Cell value, std::string remark) {
    facts.Add(name, name, std::move(value), Quantity::kText, std::move(remark));
  };
  add("target", target.name, target.title);
  add("runtime", platform.runtime->name, platform.runtime->title);
  add("precision", platform.precision->name, std::string(platform.precision->doc));
  add("calibration", platform.calibration_label,
      platform.calibration == nullptr ? "" : CalibrationText(*platform.calibration));
  return facts;
}

void CheckedSteps::Add(ExplainedNumber n, double again, Table* table) {
  if (!SameNumber(n.value, again)) {
    ++wrong_;
    n.filled.clear();
  }
  AddNumber(n, table);
}

ExplainedNumber SecondsRow(std::string name, double value, std::string formula, std::string filled,
                           std::string source) {
  return {.name = std::move(name),
          .value = value,
          .unit = "s",
          .quantity = Quantity::kSeconds,
          .formula = std::move(formula),
          .filled = std::move(filled),
          .source = std::move(source)};
}

Table EnergyTable(std::string title, const Target& target, const Energy& energy,
                  absl::Span<const ResourceUse> parts, double seconds, CheckedSteps* steps) {
  Table table = NumbersTable("energy", std::move(title), true);
  double sum = 0;
  for (const EnergyPart& part : energy.parts) {
    ExplainedNumber n{.name = std::string(part.name),
                      .value = part.joules.value_or(NAN),
                      .unit = "J",
                      .quantity = Quantity::kJoules};
    double again = NAN;
    if (part.name == "idle") {
      n.formula = "idle power * seconds";
      n.filled = absl::StrCat(StepText(target.idle_power.value), " * ", StepText(seconds));
      n.source =
          target.idle_power ? Citation({"idle power", &target.idle_power, Unit::kWatts}) : "";
      again = target.idle_power.value * seconds;
    } else {
      for (const ResourceUse& use : parts) {
        if (use.name != part.name) continue;
        const std::vector<Cited> data = DataOfEnergy(target, use);
        again = use.amount;
        n.formula = use.is_memory ? "bytes * energy of one" : "operations * energy of one";
        n.filled = StepText(use.amount);
        for (const Cited& c : data) {
          again *= c.datum->value;
          absl::StrAppend(&n.filled, " * ", StepText(c.datum->value));
        }
        n.source = Citations(data);
        break;
      }
    }
    if (!part.joules.has_value()) {
      n.formula = absl::StrCat("not known: ", target.name, " has no such datum");
      n.filled.clear();
      AddNumber(n, &table);
      continue;
    }
    sum += *part.joules;
    steps->Add(n, again, &table);
  }
  if (energy.joules.has_value()) {
    steps->Add(
        {.name = "joules",
         .value = *energy.joules,
         .unit = "J",
         .quantity = Quantity::kJoules,
         .formula = energy.complete ? "their sum" : "sum of what is known: the least it can be"},
        sum, &table);
    table.rows.back().ink = Ink::kHeading;
  }
  return table;
}

}  // namespace assay
