#include "analyzer/profile.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// One event of ONNX Runtime; times in microseconds.
std::string Node(absl::string_view name, absl::string_view type, double begin, double duration,
                 int thread = 7) {
  return absl::StrCat(R"({"cat":"Node","tid":)", thread, R"(,"ts":)", begin, R"(,"dur":)", duration,
                      R"(,"name":")", name, R"(_kernel_time","args":{"op_name":")", type,
                      R"(","node_index":"0","output_type_shape":[{"float":[2,3]}]}})");
}
std::string WholeRun(double begin, double duration) {
  return absl::StrCat(R"({"cat":"Session","ts":)", begin, R"(,"dur":)", duration,
                      R"(,"name":"model_run"})");
}
std::string List(const std::vector<std::string>& events) {
  return absl::StrCat("[", absl::StrJoin(events, ","), "]");
}

TEST(Profile, TakesTheMedianOfRunsAfterTheFirst) {
  absl::StatusOr<Profile> p =
      ParseProfile(List({Node("a", "Conv", 0, 90), WholeRun(0, 100), Node("a", "Conv", 100, 10),
                         WholeRun(100, 20), Node("a", "Conv", 200, 30), Node("b", "Relu", 230, 8),
                         WholeRun(200, 40), Node("a", "Conv", 300, 14), Node("b", "Relu", 320, 4),
                         WholeRun(300, 30)}),
                   "p.json");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->kind, ProfileKind::kOnnxRuntime);
  EXPECT_EQ(p->runs, 4);
  EXPECT_EQ(p->left_out, 1);
  ASSERT_EQ(p->entries.size(), 2u);
  EXPECT_EQ(p->entries[0].name, "a");
  EXPECT_EQ(p->entries[0].op_type, "Conv");
  EXPECT_THAT(*p->entries[0].shape, ElementsAre(2, 3));
  EXPECT_DOUBLE_EQ(p->entries[0].seconds, 14e-6);  // of 10, 30, 14
  EXPECT_DOUBLE_EQ(p->entries[1].seconds, 4e-6);   // of 0, 8, 4: it did not run in the second
  EXPECT_DOUBLE_EQ(p->seconds, 14e-6 + 4e-6);
  EXPECT_DOUBLE_EQ(p->run_seconds, 30e-6);  // of 20, 40, 30
}

TEST(Profile, KeepsAnOnlyRun) {
  absl::StatusOr<Profile> p =
      ParseProfile(List({Node("a", "Conv", 0, 9), WholeRun(0, 10)}), "p.json");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->left_out, 0);
  EXPECT_DOUBLE_EQ(p->seconds, 9e-6);
}

TEST(Profile, CountsNodesInsideALoopOnce) {
  // The loop takes 50, of which its body's node, which runs twice, takes 2 * 15. Another thread's
  // node is beside it, not inside.
  absl::StatusOr<Profile> p =
      ParseProfile(List({Node("body", "MatMul", 5, 15), Node("body", "MatMul", 25, 15),
                         Node("beside", "Add", 10, 5, /*thread=*/8), Node("loop", "Loop", 0, 50),
                         WholeRun(0, 60)}),
                   "p.json");
  ASSERT_TRUE(p.ok()) << p.status();
  ASSERT_EQ(p->entries.size(), 3u);
  EXPECT_DOUBLE_EQ(p->entries[0].seconds, 2 * 15e-6);
  EXPECT_DOUBLE_EQ(p->entries[1].seconds, 5e-6);
  EXPECT_DOUBLE_EQ(p->entries[2].seconds, (50 - 2 * 15) * 1e-6);
}

TEST(Profile, ReadsWhatOnnxRuntimeWrote) {
  absl::StatusOr<Profile> p = ReadProfile("testdata/profiles/mlp_raw.json");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->runs, 3);
  ASSERT_EQ(p->entries.size(), 3u);
  EXPECT_EQ(p->entries[0].name, "fused /0/Gemm");
  EXPECT_EQ(p->entries[0].op_type, "FusedGemm");
  EXPECT_THAT(*p->entries[0].shape, ElementsAre(32, 512));
  EXPECT_EQ(p->entries[2].name, "/4/Gemm");
  EXPECT_GT(p->seconds, 0);
  EXPECT_GT(p->run_seconds, p->seconds);
}

// Written by hand in the format of trtexec: older releases write no median.
TEST(Profile, ReadsLayersOfTrtexec) {
  absl::StatusOr<Profile> p = ParseProfile(R"json([
  { "count" : 200 }
, { "name" : "conv1 + relu1", "timeMs" : 44, "averageMs" : 0.22, "medianMs" : 0.21, "percentage" : 60 }
, { "name" : "PWN(act/Sigmoid, act/Mul)", "timeMs" : 20, "averageMs" : 0.1, "percentage" : 30 }
, { "name" : "fc", "timeMs" : 10 }
])json",
                                           "p.json");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->kind, ProfileKind::kTrtexec);
  EXPECT_EQ(p->runs, 200);
  ASSERT_EQ(p->entries.size(), 3u);
  EXPECT_EQ(p->entries[0].name, "conv1 + relu1");
  EXPECT_DOUBLE_EQ(p->entries[0].seconds, 0.21e-3);
  EXPECT_DOUBLE_EQ(p->entries[1].seconds, 0.1e-3);
  EXPECT_DOUBLE_EQ(p->entries[2].seconds, 10e-3 / 200);
  EXPECT_DOUBLE_EQ(p->seconds, 0.21e-3 + 0.1e-3 + 10e-3 / 200);
}

TEST(Profile, RefusesWhatIsNone) {
  const std::string node = Node("a", "Conv", 0, 9), run = WholeRun(0, 10);
  const std::pair<std::string, absl::string_view> cases[] = {
      {"", "no JSON at byte 0"},
      {"[{\"cat\":\"Node\"", "no JSON at byte"},
      {absl::StrCat("[", node, ","), "a profile is complete only when"},
      {"[{\"cat\":\"Node\",\"dur\":NaN}]", "no JSON at byte"},
      {"[{\"cat\":\"Node\",\"dur\":1e999}]", "no JSON at byte"},
      {std::string(1000000, '['), "no JSON at byte 1000000"},
      {absl::StrCat(std::string(100000, '['), std::string(100000, ']')), "neither a profile"},
      {"{}", "neither a profile of ONNX Runtime"},
      {"[]", "neither a profile of ONNX Runtime"},
      {"[1, \"a\", null, {}]", "neither a profile of ONNX Runtime"},
      {List({run}), "no event of a node"},
      {List({node}), "no `model_run`"},
      {List({node, WholeRun(100, 10)}), "node `a` is timed outside of every run"},
      {List({Node("a", "Conv", 0, -9), run}), "element 0 has a `dur` that is no time"},
      {List({Node("a", "Conv", 0, 1e300), run}), "element 0 has a `dur` that is no time"},
      {R"([{"cat":"Node","name":"a_kernel_time","ts":0,"dur":"5","args":{}}])",
       "element 0 has a `dur` that is no time"},
      {R"([{"cat":"Node","name":"a_kernel_time","dur":5,"args":{}}])", "element 0 has no `ts`"},
      {R"([{"cat":"Node","name":"a_kernel_time","ts":0,"dur":5,"args":[]}])",
       "element 0 has no `args`"},
      {R"([{"count":0},{"name":"a","timeMs":1}])", "element 0 has a `count` that is no number"},
      {R"([{"name":"a","timeMs":1}])", "element 0 has `timeMs` alone"},
      {R"([{"count":2},{"name":"a","medianMs":-1}])", "element 1 has a `medianMs` that is no time"},
      {R"([{"count":2},{"medianMs":1}])", "element 1 has no `name`"},
      {R"([{"count":2},{"name":"a","medianMs":1},{"name":"b"}])", "element 2 has no `timeMs`"},
  };
  for (const auto& [text, what] : cases) {
    absl::StatusOr<Profile> p = ParseProfile(text, "p.json");
    ASSERT_FALSE(p.ok()) << text.substr(0, 200);
    EXPECT_THAT(std::string(p.status().message()), StartsWith("p.json: ")) << text.substr(0, 200);
    EXPECT_THAT(std::string(p.status().message()), HasSubstr(std::string(what)));
    EXPECT_THAT(std::string(p.status().message()), HasSubstr("; ")) << "says what to do";
  }
  EXPECT_THAT(std::string(ReadProfile("no/such.json").status().message()),
              HasSubstr("no/such.json: cannot be read"));
}

// Were it quadratic in runs times nodes, it would not end.
TEST(Profile, TakesTimeInProportion) {
  constexpr int kRuns = 10000;
  std::vector<std::string> events;
  for (int i = 0; i < kRuns; ++i) {
    events.push_back(Node(absl::StrCat("n", i), "Conv", 10 * i, 5));
    events.push_back(WholeRun(10 * i, 6));
  }
  absl::StatusOr<Profile> p = ParseProfile(List(events), "p.json");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->entries.size(), kRuns);
  EXPECT_EQ(p->seconds, 0);  // each node ran in one run of many
}

}  // namespace
}  // namespace assay
