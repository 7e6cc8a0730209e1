// A timeline in Chrome's trace event format (the JSON object format of "Trace Event Format",
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU), which
// ui.perfetto.dev and chrome://tracing open:
//
//   process  h100-sxm, tensorrt, fp16: 1.234 ms
//     track    stream 0       |#k0 Conv+Relu|#k1 MaxPool|wait|#k2 Conv+Relu|    of each stream
//     track    host dispatch  |run|#k0|#k1|#k2|
//     track    matrix fp16    |#k0 Conv+Relu|           |    |#k2 Conv|         of each unit that
//     is track    HBM3           |#k0 Co|      |#k1 MaxPool|    |#k2 Con|          busy in any
//     kernel
//
// A kernel's slice is all turns of its loop. On a unit it begins when the kernel's launch is over
// and lasts as long as the unit is busy. Where the host is slower than the device, the device
// waits: the gaps are slices of their own, spread in proportion, since an estimate knows their sum
// alone. So the slices of the only stream add up to the latency of the report.
//
// Times are whole nanoseconds, rounded from the start of the run, hence slices of a track neither
// overlap nor leave gaps that are none.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/export.h"
#include "analyzer/json_writer.h"
#include "analyzer/units.h"
#include "passes/streams.h"

namespace assay {
namespace {

enum class What : uint8_t { kKernel, kDispatch, kUnit, kWait, kRun };

struct Slice {
  int64_t start_ns = 0, end_ns = 0;
  int track = 0;
  What what = What::kKernel;
  int32_t kernel = -1;
  int32_t part = -1;  // of the kernel's estimate, of kUnit
};

int64_t Nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

// The slices of one target.
class Timeline {
 public:
  Timeline(const Report& report, const ModelEstimate& estimate)
      : r_(report),
        e_(estimate),
        partition_(*report.analysis.partitions[static_cast<size_t>(estimate.partition)]) {
    const Runtime& runtime = *e_.platform->runtime;
    const int streams = std::max(runtime.streams, 1);
    const StreamSchedule s =
        ScheduleOnStreams(*r_.graph, partition_, *e_.platform->target, e_.results, streams);
    for (int i = 0; i < streams; ++i) {
      TrackOf(streams == 1 ? "stream" : absl::StrCat("stream ", i));
    }
    // What the estimate is made of: latency = per run + max(device, host).
    double host = 0;
    for (size_t k = 0; k < e_.results.size(); ++k) {
      host += partition_.kernels[k].multiplicity * e_.results[k].host_seconds;
    }
    const double rest = e_.latency_s - std::max(s.end, host);
    const double per_run = Nanoseconds(rest) > 0 ? rest : 0;  // and no rounding error
    const double slower = s.end > 0 ? std::max(1.0, host / s.end) : 1;
    if (per_run > 0 || host > 0) {
      const int track = TrackOf("host dispatch");
      if (per_run > 0) Add(track, 0, per_run, What::kRun, -1);
      double at = per_run;
      for (size_t k = 0; k < e_.results.size(); ++k) {
        const double seconds = partition_.kernels[k].multiplicity * e_.results[k].host_seconds;
        if (seconds > 0) Add(track, at, at + seconds, What::kDispatch, static_cast<int32_t>(k));
        at += seconds;
      }
    }
    if (per_run > 0) Add(0, 0, per_run, What::kRun, -1);
    for (size_t k = 0; k < e_.results.size(); ++k) {
      const double start = per_run + s.start[k] * slower;
      if (s.seconds[k] <= 0) continue;  // in place
      Add(s.stream[k], start, start + s.seconds[k], What::kKernel, static_cast<int32_t>(k));
      AddUnits(static_cast<int32_t>(k), s.stream[k], streams, start, s.seconds[k]);
      const double wait = s.seconds[k] * (slower - 1);
      if (wait > 0 && streams == 1) {
        Add(s.stream[k], start + s.seconds[k], start + s.seconds[k] * slower, What::kWait, -1);
      }
    }
    // In time, on each track in order.
    std::stable_sort(slices.begin(), slices.end(),
                     [](const Slice& a, const Slice& b) { return a.start_ns < b.start_ns; });
  }

  const Partition& partition() const { return partition_; }
  const ModelEstimate& estimate() const { return e_; }

  std::vector<std::string> tracks;
  std::vector<Slice> slices;

 private:
  int TrackOf(const std::string& name) {
    auto [it, is_new] = index_.try_emplace(name, static_cast<int>(tracks.size()));
    if (is_new) tracks.push_back(name);
    return it->second;
  }

  void Add(int track, double start, double end, What what, int32_t kernel, int32_t part = -1) {
    const int64_t from = Nanoseconds(start), to = Nanoseconds(end);
    if (from == to && what != What::kKernel) return;
    slices.push_back({from, to, track, what, kernel, part});
  }

  // Each unit by itself, from the end of the launch; a kernel that waits for others on the same
  // unit is slowed like its units are.
  void AddUnits(int32_t kernel, int stream, int streams, double start, double seconds) {
    const auto k = static_cast<size_t>(kernel);
    const KernelEstimate& e = e_.results[k];
    const double turns = e.seconds > 0 ? seconds / e.seconds : 0;
    std::map<int, double> until;
    for (size_t i = 0; i < e.parts.size(); ++i) {
      const ResourceUse& part = e.parts[i];
      if (!(part.seconds > 0)) continue;
      const int track = TrackOf(streams == 1 ? std::string(part.name)
                                             : absl::StrCat(part.name, " (stream ", stream, ")"));
      const double launch = std::min(e.overhead, e.seconds - part.seconds);
      double& at = until.try_emplace(track, start + std::max(0.0, launch) * turns).first->second;
      const double end = std::min(at + part.seconds * turns, start + seconds);
      Add(track, at, end, What::kUnit, kernel, static_cast<int32_t>(i));
      at = end;
    }
  }

  const Report& r_;
  const ModelEstimate& e_;
  const Partition& partition_;
  std::map<std::string, int> index_;
};

class Writer {
 public:
  Writer(const Report& report, Sink sink) : r_(report), sink_(sink), json_(&out_) {}

  absl::Status Write() {
    json_.BeginObject().Field("displayTimeUnit", "ns");
    json_.Key("otherData").BeginObject();
    json_.Field("schema", "assay.trace/1").Field("model", ShownFile(r_.file)).EndObject();
    json_.Key("traceEvents").BeginArray();
    std::vector<Timeline> timelines;
    for (const auto& estimate : r_.analysis.estimates) timelines.emplace_back(r_, *estimate);
    for (size_t p = 0; p < timelines.size(); ++p) Names(static_cast<int>(p) + 1, timelines[p]);
    // All targets side by side, in order of time.
    std::vector<size_t> next(timelines.size(), 0);
    while (true) {
      size_t first = timelines.size();
      for (size_t p = 0; p < timelines.size(); ++p) {
        if (next[p] == timelines[p].slices.size()) continue;
        if (first == timelines.size() ||
            timelines[p].slices[next[p]].start_ns < timelines[first].slices[next[first]].start_ns) {
          first = p;
        }
      }
      if (first == timelines.size()) break;
      Event(static_cast<int>(first) + 1, timelines[first], timelines[first].slices[next[first]++]);
      if (absl::Status s = Pass(); !s.ok()) return s;
    }
    json_.EndArray().EndObject();
    return sink_(out_);
  }

 private:
  absl::Status Pass() {
    constexpr size_t kPiece = 64 << 10;
    if (out_.size() < kPiece) return absl::OkStatus();
    absl::Status status = sink_(out_);
    out_.clear();
    return status;
  }

  void Metadata(absl::string_view name, int pid, int tid, absl::string_view key,
                const std::string& text, int number) {
    json_.BeginRow().Field("ph", "M").Field("name", name).Field("pid", pid).Field("tid", tid);
    json_.Key("args").BeginObject();
    if (text.empty()) {
      json_.Field(key, number);
    } else {
      json_.Field(key, text);
    }
    json_.EndObject().EndObject();
  }

  void Names(int pid, const Timeline& t) {
    const Platform& platform = *t.estimate().platform;
    Metadata("process_name", pid, 0, "name",
             absl::StrCat(platform.target->name, ", ", platform.runtime->name, ", ",
                          platform.precision->name, ": ", Seconds(t.estimate().latency_s)),
             0);
    Metadata("process_sort_index", pid, 0, "sort_index", "", pid);
    for (size_t i = 0; i < t.tracks.size(); ++i) {
      const int tid = static_cast<int>(i) + 1;
      Metadata("thread_name", pid, tid, "name", t.tracks[i], 0);
      Metadata("thread_sort_index", pid, tid, "sort_index", "", tid);
    }
  }

  void Event(int pid, const Timeline& t, const Slice& s) {
    const auto k = static_cast<size_t>(s.kernel);
    const Partition::KernelOps* kernel = s.kernel < 0 ? nullptr : &t.partition().kernels[k];
    const KernelEstimate* e = s.kernel < 0 ? nullptr : &t.estimate().results[k];
    std::string name = s.what == What::kWait ? "wait for the host" : "start of the run";
    if (kernel != nullptr) name = absl::StrCat("#k", s.kernel, " ", kernel->name);
    json_.BeginRow().Field("ph", "X").Field("name", name);
    json_.Field("cat", s.what == What::kKernel     ? "kernel"
                       : s.what == What::kUnit     ? "unit"
                       : s.what == What::kDispatch ? "dispatch"
                       : s.what == What::kWait     ? "wait"
                                                   : "run");
    json_.Field("pid", pid).Field("tid", s.track + 1);
    json_.Field("ts", static_cast<double>(s.start_ns) / 1000);
    json_.Field("dur", static_cast<double>(s.end_ns - s.start_ns) / 1000);
    if (s.what == What::kKernel) Arguments(s.kernel, *kernel, *e);
    if (s.what == What::kUnit) {
      const ResourceUse& part = e->parts[static_cast<size_t>(s.part)];
      json_.Key("args").BeginObject().Field("kernel", s.kernel);
      json_.Field("amount", part.amount * kernel->multiplicity).Field("unit", part.unit);
      json_.Field("rate", part.rate).Field("peak", part.peak).EndObject();
    }
    json_.EndObject();
  }

  void Arguments(int32_t id, const Partition::KernelOps& kernel, const KernelEstimate& e) {
    constexpr size_t kMostOps = 20;
    json_.Key("args").BeginObject().Field("kernel", id).Field("pattern", kernel.pattern);
    json_.Key("ops").BeginArray();
    for (size_t i = 0; i < std::min(kMostOps, kernel.ops.size()); ++i) {
      json_.Value(r_.graph->Describe(kernel.ops[i]));
    }
    json_.EndArray().Field("module", r_.graph->str(r_.graph->op(kernel.main()).location.module));
    json_.Field("bound", Name(e.bound)).Field("limit", e.limit);
    const OpNumbers sum = r_.analysis.numbers->Sum(kernel.ops);
    json_.FieldIf(kernel.known, "macs", sum.macs).FieldIf(kernel.known, "flops", sum.flops);
    json_.FieldIf(kernel.known, "bytes", kernel.bytes_external() * kernel.multiplicity);
    json_.Field("times", kernel.multiplicity).Field("launch_s", e.overhead * kernel.multiplicity);
    json_.Field("utilization", e.utilization).EndObject();
  }

  const Report& r_;
  Sink sink_;
  std::string out_;
  JsonWriter json_;
};

}  // namespace

absl::Status ExportTrace(const ExportInput& input, Sink sink) {
  return Writer(input.report, sink).Write();
}

}  // namespace assay
