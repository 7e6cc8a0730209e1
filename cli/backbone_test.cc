// The backbone of the JSON report: names that programs rely on, with the kind of value each has, on
// models of every sort. A row that goes missing, or changes its kind, breaks somebody's script.
#include <cctype>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

using Json = rapidjson::Value;

enum Kind : unsigned {
  kString = 1,
  kInteger = 2,
  kNumber = 4,  // integers too
  kBool = 8,
  kNull = 16,
  kObject = 32,
  kArray = 64,
};
constexpr unsigned kSize = kInteger | kString | kNull;  // a number, an expression, unknown
constexpr unsigned kMaybe = kNumber | kNull;

struct Row {
  absl::string_view path;  // "a.b[].c": every element of the array; "a.{}": every member
  unsigned kinds;
};

constexpr Row kBackbone[] = {
    {"schema", kString},
    {"models", kArray},
    {"models[].file", kString},
    {"models[].name", kString},
    {"models[].producer", kString},
    {"models[].ir_version", kInteger},
    {"models[].opsets.{}", kInteger},
    {"models[].inputs[].name", kString},
    {"models[].inputs[].dtype", kString | kNull},
    {"models[].inputs[].shape", kArray | kNull},
    {"models[].inputs[].shape[]", kSize},
    {"models[].outputs[].name", kString},
    {"models[].outputs[].dtype", kString | kNull},
    {"models[].outputs[].shape", kArray | kNull},
    {"models[].outputs[].shape[]", kSize},
    {"models[].symbols", kArray},
    {"models[].symbols[].name", kString},
    {"models[].symbols[].origin", kString},
    {"models[].symbols[].low", kInteger},
    {"models[].symbols[].high", kInteger | kNull},
    {"models[].dims", kObject},
    {"models[].dims.{}", kInteger},
    {"models[].parameters", kInteger},
    {"models[].weight_bytes", kNumber},
    {"models[].totals.ops", kInteger},
    {"models[].totals.ops_running", kInteger},
    {"models[].totals.macs", kNumber},
    {"models[].totals.flops", kNumber},
    {"models[].totals.transcendentals", kNumber},
    {"models[].totals.bytes_in", kNumber},
    {"models[].totals.bytes_out", kNumber},
    {"models[].totals.bytes_weights", kNumber},
    {"models[].totals.arithmetic_intensity", kMaybe},
    {"models[].totals.unknown_ops", kInteger},
    {"models[].symbolic.macs", kString | kNull},
    {"models[].symbolic.flops", kString | kNull},
    {"models[].symbolic.bytes", kString | kNull},
    {"models[].ops[].id", kInteger},
    {"models[].ops[].name", kString},
    {"models[].ops[].op_type", kString},
    {"models[].ops[].domain", kString},
    {"models[].ops[].module", kString | kNull},
    {"models[].ops[].execution", kString},
    {"models[].ops[].multiplicity", kSize},
    {"models[].ops[].inputs[]", kString | kNull},
    {"models[].ops[].outputs[].name", kString},
    {"models[].ops[].outputs[].dtype", kString | kNull},
    {"models[].ops[].outputs[].shape", kArray | kNull},
    {"models[].ops[].macs", kMaybe},
    {"models[].ops[].flops", kMaybe},
    {"models[].ops[].transcendentals", kMaybe},
    {"models[].ops[].bytes_in", kMaybe},
    {"models[].ops[].bytes_out", kMaybe},
    {"models[].ops[].bytes_weights", kMaybe},
    {"models[].ops[].kernel", kInteger | kNull},
    {"models[].fusion.policy", kString},
    {"models[].fusion.kernels[].id", kInteger},
    {"models[].fusion.kernels[].name", kString},
    {"models[].fusion.kernels[].pattern", kString},
    {"models[].fusion.kernels[].ops[]", kInteger},
    {"models[].fusion.kernels[].macs", kNumber},
    {"models[].fusion.kernels[].bytes_external", kNumber},
    {"models[].fusion.kernels[].bytes_internal", kNumber},
    {"models[].fusion.bytes_unfused", kNumber},
    {"models[].fusion.bytes_fused", kNumber},
    {"models[].concurrency.stages", kInteger},
    {"models[].concurrency.width", kMaybe},
    {"models[].concurrency.widest_stage", kInteger},
    {"models[].concurrency.critical_path.ops", kInteger},
    {"models[].concurrency.critical_path.macs", kNumber},
    {"models[].concurrency.critical_path.flops", kNumber},
    {"models[].concurrency.average_parallelism", kNumber},
    {"models[].memory.weights_bytes", kNumber},
    {"models[].memory.peak_activation_bytes", kNumber},
    {"models[].memory.peak_at", kInteger | kNull},
    {"models[].memory.arena_bytes", kMaybe},
    {"models[].memory.arena_lower_bound_bytes", kMaybe},
    {"models[].targets[].target", kString},
    {"models[].targets[].runtime", kString},
    {"models[].targets[].precision", kString},
    {"models[].targets[].policy", kString},
    {"models[].targets[].calibration", kString},
    {"models[].targets[].latency_s", kNumber},
    {"models[].targets[].latency_low_s", kNumber},
    {"models[].targets[].latency_high_s", kNumber},
    {"models[].targets[].throughput_per_s", kNumber},
    {"models[].targets[].energy_j", kMaybe},
    {"models[].targets[].energy", kObject},
    {"models[].targets[].energy.{}", kMaybe},
    {"models[].targets[].power_w", kMaybe},
    {"models[].targets[].utilization", kNumber},
    {"models[].targets[].bound", kObject},
    {"models[].targets[].bound.{}", kNumber},
    {"models[].targets[].fits", kBool | kNull},
    {"models[].targets[].memory.weights_bytes", kNumber},
    {"models[].targets[].memory.activation_bytes", kNumber},
    {"models[].targets[].memory.activations_between", kString},
    {"models[].targets[].memory.levels[].name", kString},
    {"models[].targets[].memory.levels[].bytes", kMaybe},
    {"models[].targets[].memory.levels[].weights", kBool | kNull},
    {"models[].targets[].memory.levels[].activations", kBool | kNull},
    {"models[].targets[].memory.levels[].both", kBool | kNull},
    {"models[].targets[].cores", kMaybe},
    {"models[].targets[].instances", kInteger},
    {"models[].targets[].kernels[].id", kInteger},
    {"models[].targets[].kernels[].ops[]", kInteger},
    {"models[].targets[].kernels[].seconds", kNumber},
    {"models[].targets[].kernels[].bound", kString},
    {"models[].targets[].kernels[].units_used", kNumber},
    {"models[].assumptions", kArray},
    {"models[].diagnostics", kArray},
};

bool Is(const Json& value, unsigned kinds) {
  return ((kinds & kString) != 0 && value.IsString()) ||
         ((kinds & kInteger) != 0 && value.IsInt64()) ||
         ((kinds & kNumber) != 0 && value.IsNumber()) || ((kinds & kBool) != 0 && value.IsBool()) ||
         ((kinds & kNull) != 0 && value.IsNull()) || ((kinds & kObject) != 0 && value.IsObject()) ||
         ((kinds & kArray) != 0 && value.IsArray());
}

// Checks the rest of a path below a value; what an omitted result (null) would hold is not there.
void Check(const Json& value, absl::string_view rest, const Row& row) {
  if (rest.empty()) {
    EXPECT_TRUE(Is(value, row.kinds)) << row.path << " is of another kind";
    return;
  }
  if (rest[0] == '.') rest.remove_prefix(1);
  if (rest.substr(0, 2) == "[]") {
    if (value.IsNull()) return;
    ASSERT_TRUE(value.IsArray()) << row.path;
    for (const Json& element : value.GetArray()) {
      const bool omitted = element.IsNull() && rest.size() > 2;
      if (!omitted) Check(element, rest.substr(2), row);
      if (testing::Test::HasFailure()) return;  // once is enough
    }
    return;
  }
  ASSERT_TRUE(value.IsObject()) << row.path;
  if (rest.substr(0, 2) == "{}") {
    for (const auto& member : value.GetObject()) Check(member.value, rest.substr(2), row);
    return;
  }
  const std::string name(rest.substr(0, rest.find_first_of(".[")));
  ASSERT_TRUE(value.HasMember(name.c_str())) << row.path << ": no `" << name << "`";
  Check(value[name.c_str()], rest.substr(name.size()), row);
}

class BackboneTest : public testing::TestWithParam<const char*> {};

TEST_P(BackboneTest, NamesAndKinds) {
  const Outcome outcome = RunCommand(
      absl::StrCat("analyze ", GetParam(), " --target h100-sxm,i7-12700k --format json"));
  ASSERT_EQ(outcome.exit, kDone) << outcome.err;
  const rapidjson::Document doc = ParseJson(outcome.out);
  ASSERT_FALSE(doc.HasParseError());
  EXPECT_STREQ(doc["schema"].GetString(), "assay.report/1");
  EXPECT_EQ(doc["models"][0]["targets"].Size(), 2u);
  for (const Row& row : kBackbone) Check(doc, row.path, row);
}

// Fixed sizes, a dynamic batch, a cache and three symbols, sizes that depend on contents and an If,
// quantised weights, recurrence, odd names that are no UTF-8, operators without a row.
INSTANTIATE_TEST_SUITE_P(
    Models, BackboneTest,
    testing::Values("testdata/models/resnet18_bn.onnx", "testdata/models/resnet18.onnx",
                    "testdata/models/gpt2_kv.onnx", "testdata/models/mask_rcnn.onnx",
                    "testdata/models/resnet18_int8.onnx", "testdata/models/lstm.onnx",
                    "testdata/golden/odd_names.textproto", "testdata/golden/opaque.onnxtxt"),
    [](const testing::TestParamInfo<const char*>& info) {
      std::string name;
      for (char c : std::string(info.param).substr(sizeof("testdata"))) {
        name += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      }
      return name;
    });

}  // namespace
}  // namespace assay
