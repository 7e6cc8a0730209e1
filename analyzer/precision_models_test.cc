// The precision what-if, on every shipped target: it gives an estimate or names what the target
// has, and fewer bits never take longer.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"
#include "hw/estimate.h"
#include "hw/precision.h"
#include "hw/target.h"

namespace assay {
namespace {

constexpr const char* kAsked[] = {"fp32", "fp16", "bf16", "tf32", "int8", "int4", "amp"};

struct Model {
  const char* file;
  std::vector<std::pair<const char*, int>> dims;
};

const Model kModels[] = {
    {"resnet18.onnx", {{"batch", 8}}},
    {"bert_base.onnx", {{"batch", 1}, {"seq", 128}}},
    {"yolov8n.onnx", {{"batch", 1}, {"height", 640}, {"width", 640}}},
};

void PrintTo(const Model& model, std::ostream* os) { *os << model.file; }

class PrecisionModels : public testing::TestWithParam<Model> {};

// By target and precision; null where the target refuses it.
struct Row {
  std::shared_ptr<const Target> target;
  std::vector<const ModelEstimate*> of;  // in the order of kAsked
};

class Table {
 public:
  explicit Table(const Model& model) {
    AnalyzeOptions options;
    options.threads = 1;
    for (const auto& [name, value] : model.dims) options.bindings.dims.emplace_back(name, value);
    absl::StatusOr<Plan> plan = MakePlan(options);
    EXPECT_TRUE(plan.ok()) << plan.status();
    std::vector<std::pair<size_t, size_t>> where;  // row and precision of each request
    for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
      const auto target = FindTarget(name);
      EXPECT_TRUE(target.ok()) << target.status();
      Row& row = rows_.emplace_back(Row{*target});
      row.of.resize(std::size(kAsked));
      const std::vector<absl::string_view> present = PrecisionsOf(**target);
      for (size_t p = 0; p < std::size(kAsked); ++p) {
        const absl::StatusOr<Platform> made =
            MakePlatform(*target, nullptr, {.precision = kAsked[p]});
        if (!made.ok()) {
          EXPECT_TRUE(absl::StrContains(made.status().message(),
                                        absl::StrCat("--precision ", kAsked[p], "; use one of ")))
              << made.status();
          for (absl::string_view has : present) {
            EXPECT_TRUE(absl::StrContains(made.status().message(), has)) << made.status();
          }
          EXPECT_EQ(std::count(present.begin(), present.end(), kAsked[p]), 0) << name;
          continue;
        }
        plan->request.estimates.push_back({.target = *target, .precision = kAsked[p]});
        where.emplace_back(rows_.size() - 1, p);
      }
    }
    absl::StatusOr<Report> report = AnalyzeModel(absl::StrCat(kModelFolder, model.file), *plan);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return;
    report_ = std::make_unique<Report>(*std::move(report));
    for (size_t i = 0; i < where.size(); ++i) {
      rows_[where[i].first].of[where[i].second] = report_->analysis.estimates[i].get();
    }
  }

  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;
  std::unique_ptr<Report> report_;
};

size_t At(absl::string_view precision) {
  return static_cast<size_t>(std::find(std::begin(kAsked), std::end(kAsked), precision) -
                             std::begin(kAsked));
}

TEST_P(PrecisionModels, FewerBitsTakeLessMemoryAndNoLonger) {
  const Table table(GetParam());
  constexpr std::pair<const char*, double> kWidths[] = {
      {"fp16", 1.0 / 2}, {"bf16", 1.0 / 2}, {"amp", 1.0 / 2},
      {"tf32", 1},       {"int8", 1.0 / 4}, {"int4", 1.0 / 8},
  };
  for (const Row& row : table.rows()) {
    const ModelEstimate* wide = row.of[At("fp32")];
    // (QNN runs fp32 as fp16.)
    if (wide == nullptr || wide->platform->precision->name != "fp32") continue;
    for (const auto& [precision, width] : kWidths) {
      const ModelEstimate* e = row.of[At(precision)];
      if (e == nullptr || e->platform->precision->name != precision) continue;
      const std::string what = absl::StrCat(row.target->name, " in ", precision);
      // Integer inputs keep their width: a thousandth of a model at most.
      EXPECT_NEAR(e->weights_bytes / wide->weights_bytes, width, width * 1e-3) << what;
      EXPECT_LE(e->activation_bytes, wide->activation_bytes) << what;
      // Of the same runtime. Where the narrower format has no higher peak, as tf32 on an RTX, the
      // tiles of the matrix engines may cost more than they gain.
      // (Stated peaks may be 2 % off.)
      const bool faster = row.target->BestRate(*e->platform->precision->contraction) >
                          1.02 * row.target->BestRate(Math::kFp32);
      if (faster && e->platform->calibration_label == wide->platform->calibration_label) {
        EXPECT_LE(e->latency_s, wide->latency_s * (1 + 1e-9)) << what;
      }
    }
  }
}

TEST_P(PrecisionModels, MixedPrecisionMultipliesNarrowAndAddsWide) {
  const Table table(GetParam());
  int checked = 0;
  for (const Row& row : table.rows()) {
    const ModelEstimate* e = row.of[At("amp")];
    if (e == nullptr || e->platform->precision->name != "amp") continue;
    for (size_t i = 0; i < e->kernels.size(); ++i) {
      const KernelEstimate& r = e->results[i];
      if (r.fallback || !e->kernels[i].loops || e->kernels[i].macs <= 0) continue;
      ++checked;
      EXPECT_EQ(r.mapping.math, Math::kFp16) << row.target->name;
    }
    if (row.target->Rate(EngineClass::kVector, Math::kFp32) <= 0) continue;
    EXPECT_EQ(e->platform->PointwiseMath(DType::kF32), Math::kFp32) << row.target->name;
  }
  EXPECT_GT(checked, 0);
}

// No machine draws more than it is designed for, whatever the precision.
TEST_P(PrecisionModels, PowerStaysBelowDesign) {
  const Table table(GetParam());
  int checked = 0;
  for (const Row& row : table.rows()) {
    for (const ModelEstimate* e : row.of) {
      if (e == nullptr || !e->energy.joules.has_value() || !row.target->design_power.known)
        continue;
      ++checked;  // what is known of the energy is the least that it can be
      const double watts = *e->energy.joules / e->latency_s;
      EXPECT_FALSE(e->above_design_power) << row.target->name;
      EXPECT_LE(watts, row.target->design_power.value * (1 + 1e-9))
          << row.target->name << " in " << e->platform->precision->name;
    }
  }
  EXPECT_GT(checked, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, PrecisionModels, testing::ValuesIn(kModels),
                         [](const auto& info) { return TestNameOf(info.param.file); });

}  // namespace
}  // namespace assay
