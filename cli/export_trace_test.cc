// `export --as trace`: the rules of Chrome's trace event format, and that the timeline says what
// the report says.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/cli_test_util.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

struct Trace {
  struct Slice {
    std::string name, cat;
    double ts = 0, dur = 0;
    int kernel = -1;
  };
  std::map<int, std::string> processes;
  std::map<std::pair<int, int>, std::string> threads;
  std::map<std::pair<int, int>, std::vector<Slice>> slices;
  // Nanoseconds in all, of what is `cat` (or of everything) on the track of that name.
  double Sum(int pid, absl::string_view track, absl::string_view cat = "") const {
    double sum = 0;
    for (const auto& [at, list] : slices) {
      if (at.first != pid || threads.at(at) != track) continue;
      for (const Slice& s : list) {
        if (cat.empty() || s.cat == cat) sum += s.dur * 1000;
      }
    }
    return std::round(sum);
  }
};

Trace Read(const std::string& args) {
  const Outcome outcome = RunCommand(absl::StrCat("export ", args, " --as trace --quiet"));
  EXPECT_EQ(outcome.exit, kDone) << outcome.err;
  const rapidjson::Document json = ParseJson(outcome.out);
  Trace trace;
  if (!json.IsObject() || !json.HasMember("traceEvents")) {
    ADD_FAILURE() << args;
    return trace;
  }
  EXPECT_STREQ(json["displayTimeUnit"].GetString(), "ns");
  double last = 0;
  for (const auto& e : json["traceEvents"].GetArray()) {
    const std::string ph = e["ph"].GetString();
    const int pid = e["pid"].GetInt(), tid = e["tid"].GetInt();
    EXPECT_GT(pid, 0);
    const std::string name = e["name"].GetString();
    EXPECT_FALSE(name.empty());
    if (ph == "M") {
      EXPECT_TRUE(trace.slices.empty()) << "names come first";
      if (name == "process_name") {
        EXPECT_TRUE(trace.processes.emplace(pid, e["args"]["name"].GetString()).second);
      } else if (name == "thread_name") {
        EXPECT_GT(tid, 0);
        EXPECT_TRUE(
            trace.threads.emplace(std::pair(pid, tid), e["args"]["name"].GetString()).second);
      } else {
        EXPECT_TRUE(name == "process_sort_index" || name == "thread_sort_index") << name;
        EXPECT_TRUE(e["args"]["sort_index"].IsInt());
      }
      continue;
    }
    EXPECT_EQ(ph, "X");
    EXPECT_TRUE(trace.processes.count(pid) == 1 && trace.threads.count({pid, tid}) == 1);
    Trace::Slice s{.name = name, .cat = e["cat"].GetString()};
    s.ts = e["ts"].GetDouble();
    s.dur = e["dur"].GetDouble();
    EXPECT_GE(s.ts, last) << "in order of time";
    last = s.ts;
    EXPECT_GE(s.dur, 0);
    // Whole nanoseconds.
    EXPECT_NEAR(s.ts * 1000, std::round(s.ts * 1000), 1e-3);
    std::vector<Trace::Slice>& track = trace.slices[{pid, tid}];
    if (!track.empty()) {
      EXPECT_LE(std::round((track.back().ts + track.back().dur) * 1000), std::round(s.ts * 1000))
          << "overlaps on " << trace.threads[{pid, tid}];
    }
    if (s.cat == "kernel") {
      for (const char* key : {"kernel", "pattern", "ops", "bound", "limit", "flops", "bytes"}) {
        EXPECT_TRUE(e["args"].HasMember(key)) << key;
      }
      s.kernel = e["args"]["kernel"].GetInt();
      EXPECT_GT(e["args"]["ops"].Size(), 0u);
    }
    track.push_back(s);
  }
  return trace;
}

// Latency by target, from the report.
std::vector<double> Latencies(const std::string& args) {
  const Outcome outcome = RunCommand(absl::StrCat("analyze ", args, " --format json --quiet"));
  const rapidjson::Document json = ParseJson(outcome.out);
  std::vector<double> out;
  for (const auto& t : json["models"][0]["targets"].GetArray()) {
    out.push_back(t["latency_s"].GetDouble());
  }
  return out;
}

TEST(ExportTrace, SlicesOfTheStreamAddUpToTheLatency) {
  // Device-bound; bound by the host (torch eager: 30 us a kernel); a host's time per run; loops; an
  // NPU that leaves operators to its host; several at once.
  for (const char* args :
       {"testdata/models/resnet18.onnx --target rtx-4090 --batch 8",
        "testdata/models/googlenet.onnx --target h100-sxm --runtime pytorch-eager",
        "testdata/models/bert_base.onnx --target rtx-4090 --runtime tensorrt --precision fp16",
        "testdata/models/lstm.onnx --target i7-12700k --runtime onnxruntime-cpu",
        "testdata/models/mask_rcnn.onnx --target xeon-8480",
        "testdata/models/yolov8n.onnx --target coral-edge-tpu --precision int8",
        "testdata/models/mobilenet_v2.onnx --target h100-sxm,rtx-4090,tpu-v4,kpu-t64"}) {
    SCOPED_TRACE(args);
    const Trace trace = Read(args);
    const std::vector<double> latencies = Latencies(args);
    ASSERT_EQ(trace.processes.size(), latencies.size());
    for (size_t i = 0; i < latencies.size(); ++i) {
      const int pid = static_cast<int>(i) + 1;
      // Slices are rounded from the start of the run, so errors do not add up.
      EXPECT_NEAR(trace.Sum(pid, "stream"), latencies[i] * 1e9, 1.5);
    }
  }
}

TEST(ExportTrace, UnitsAreBusyForWhatTheReportSays) {
  const std::string args = "testdata/models/mlp.onnx --target h100-sxm";
  const Trace trace = Read(args);
  const Outcome outcome = RunCommand(absl::StrCat("analyze ", args, " --format json --quiet"));
  const rapidjson::Document json = ParseJson(outcome.out);
  double kernels = 0;
  for (const auto& k : json["models"][0]["targets"][0]["kernels"].GetArray()) {
    kernels += k["seconds"].GetDouble();
  }
  EXPECT_NEAR(trace.Sum(1, "stream", "kernel"), kernels * 1e9, 3);
  // The unit of the matrix products and the memory, no longer than the kernels themselves.
  EXPECT_GE(trace.threads.size(), 3u);
  for (const auto& [at, name] : trace.threads) {
    EXPECT_LE(trace.Sum(1, name), trace.Sum(1, "stream") + 1) << name;
  }
}

TEST(ExportTrace, NeedsATarget) {
  const Outcome outcome = RunCommand("export testdata/models/mlp.onnx --as trace");
  EXPECT_EQ(outcome.exit, kUsage);
  EXPECT_EQ(outcome.err, "assay: --as trace: needs a machine; name one with --target\n");
}

// A runtime of one's own with several streams.
TEST(ExportTrace, StreamsSideBySide) {
  const std::string runtime = TestFolder() + "three_streams.yaml";
  WriteFile(runtime, "schema: runtime/1\nextends: ideal\nname: three-streams\nstreams: 3\n");
  const std::string args =
      absl::StrCat("testdata/models/googlenet.onnx --target h100-sxm --runtime ", runtime);
  const Trace trace = Read(args);
  const double latency = Latencies(args)[0];
  double end = 0, busy = 0;
  int streams = 0;
  for (const auto& [at, name] : trace.threads) {
    if (name.rfind("stream ", 0) != 0) continue;
    ++streams;
    busy += trace.Sum(1, name);
    const auto it = trace.slices.find(at);
    if (it != trace.slices.end()) end = std::max(end, it->second.back().ts + it->second.back().dur);
  }
  EXPECT_EQ(streams, 3);
  EXPECT_NEAR(end * 1000, latency * 1e9, 2);
  EXPECT_GT(busy, latency * 1e9);  // inception's branches
}

}  // namespace
}  // namespace assay
