#include "analyzer/profile.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"

namespace assay {
namespace {

using Json = rapidjson::Value;

constexpr absl::string_view kKernelTime = "_kernel_time";

// Of `n` values, of which those that are not in `values` are 0.
double Median(std::vector<double> values, size_t n) {
  std::sort(values.begin(), values.end());
  const size_t zeros = n - values.size();
  auto at = [&](size_t i) { return i < zeros ? 0 : values[i - zeros]; };
  return (at((n - 1) / 2) + at(n / 2)) / 2;
}

const Json* Find(const Json& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto at = object.FindMember(key);
  return at == object.MemberEnd() ? nullptr : &at->value;
}

// "" where it is none.
absl::string_view Text(const Json* json) {
  if (json == nullptr || !json->IsString()) return {};
  return {json->GetString(), json->GetStringLength()};
}

// Says of which element of the file what is wrong.
class Elements {
 public:
  explicit Elements(absl::string_view path) : path_(path) {}

  absl::Status Bad(size_t index, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": element ", index, " ", what, "; write the profile anew"));
  }
  // A number of at least 0; `size` keeps sums of millions finite and exact enough.
  absl::StatusOr<double> Number(const Json& element, size_t index, const char* key) const {
    constexpr double kMost = 1e15;
    const Json* json = Find(element, key);
    if (json == nullptr) return Bad(index, absl::StrCat("has no `", key, "`"));
    if (!json->IsNumber() || !(json->GetDouble() >= 0) || json->GetDouble() > kMost) {
      return Bad(index, absl::StrCat("has a `", key, "` that is no time"));
    }
    return json->GetDouble();
  }

 private:
  absl::string_view path_;
};

// One event of a trace: microseconds from `begin` to `end`, `own` of them its own.
struct Event {
  double thread = 0, begin = 0, end = 0, own = 0;
  size_t entry = 0, run = 0;
};

// What happens inside an event on its thread is not its own time.
void TakeAwayNested(std::vector<Event>* events) {
  std::vector<size_t> order(events->size()), open;
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  auto key = [&](size_t i) {
    const Event& e = (*events)[i];
    // An event is written when it ends: of two alike, the later one is outside.
    return std::make_tuple(e.thread, e.begin, -e.end, order.size() - i);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  for (size_t i : order) {
    const Event& e = (*events)[i];
    while (!open.empty() &&
           ((*events)[open.back()].thread != e.thread || (*events)[open.back()].end < e.end ||
            (*events)[open.back()].end <= e.begin)) {
      open.pop_back();
    }
    if (!open.empty()) {
      double& own = (*events)[open.back()].own;
      own = std::max(0.0, own - (e.end - e.begin));
    }
    open.push_back(i);
  }
}

// [{"float":[1,64,56,56]}]: the first result's.
std::optional<std::vector<int64_t>> ShapeOf(const Json* results) {
  if (results == nullptr || !results->IsArray() || results->Empty()) return std::nullopt;
  const Json& first = (*results)[0];
  if (!first.IsObject() || first.MemberCount() != 1) return std::nullopt;
  const Json& sizes = first.MemberBegin()->value;
  if (!sizes.IsArray()) return std::nullopt;
  std::vector<int64_t> out;
  for (const Json& size : sizes.GetArray()) {
    if (!size.IsInt64()) return std::nullopt;
    out.push_back(size.GetInt64());
  }
  return out;
}

absl::StatusOr<Profile> FromTrace(const Json& root, absl::string_view path) {
  const Elements elements(path);
  Profile out;
  out.kind = ProfileKind::kOnnxRuntime;
  std::vector<Event> events, runs;
  // Names need not be unique; indices are, in one graph.
  absl::flat_hash_map<std::tuple<std::string, std::string, std::string>, size_t> seen;
  for (rapidjson::SizeType i = 0; i < root.Size(); ++i) {
    const Json& element = root[i];
    const absl::string_view category = Text(Find(element, "cat"));
    absl::string_view name = Text(Find(element, "name"));
    const bool is_run = category == "Session" && name == "model_run";
    const bool is_node = category == "Node" && absl::ConsumeSuffix(&name, kKernelTime);
    if (!is_run && !is_node) continue;
    Event event;
    const absl::StatusOr<double> begin = elements.Number(element, i, "ts");
    if (!begin.ok()) return begin.status();
    const absl::StatusOr<double> duration = elements.Number(element, i, "dur");
    if (!duration.ok()) return duration.status();
    event.begin = *begin;
    event.end = *begin + *duration;
    event.own = *duration;
    if (is_run) {
      runs.push_back(event);
      continue;
    }
    if (const Json* thread = Find(element, "tid"); thread != nullptr && thread->IsNumber()) {
      event.thread = thread->GetDouble();
    }
    const Json* args = Find(element, "args");
    if (args == nullptr || !args->IsObject()) return elements.Bad(i, "has no `args`");
    const absl::string_view type = Text(Find(*args, "op_name"));
    const auto [at, is_new] = seen.try_emplace(
        {std::string(name), std::string(Text(Find(*args, "node_index"))), std::string(type)},
        out.entries.size());
    if (is_new) {
      out.entries.push_back({.name = std::string(name),
                             .op_type = std::string(type),
                             .shape = ShapeOf(Find(*args, "output_type_shape"))});
    }
    event.entry = at->second;
    events.push_back(event);
  }
  if (events.empty() || runs.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": no ", runs.empty() ? "`model_run`" : "event of a node",
        " is in this profile of ONNX Runtime; run the model before session.end_profiling()"));
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Event& a, const Event& b) { return a.begin < b.begin; });
  for (Event& event : events) {
    const auto after = std::upper_bound(runs.begin(), runs.end(), event.begin,
                                        [](double t, const Event& run) { return t < run.begin; });
    if (after == runs.begin() || (after - 1)->end < event.end) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": node `", out.entries[event.entry].name,
                       "` is timed outside of every run; profile runs one after the other"));
    }
    event.run = static_cast<size_t>(after - runs.begin()) - 1;
  }
  TakeAwayNested(&events);

  out.runs = static_cast<int64_t>(runs.size());
  out.left_out = runs.size() > 1 ? 1 : 0;
  const auto first = static_cast<size_t>(out.left_out);
  // By entry, then by run: a node may run several times in one.
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::make_pair(a.entry, a.run) < std::make_pair(b.entry, b.run);
  });
  for (size_t i = 0; i < events.size();) {
    const size_t entry = events[i].entry;
    std::vector<double> taken;
    while (i < events.size() && events[i].entry == entry) {
      const size_t run = events[i].run;
      double sum = 0;
      for (; i < events.size() && events[i].entry == entry && events[i].run == run; ++i) {
        sum += events[i].own * 1e-6;
      }
      if (run >= first) taken.push_back(sum);
    }
    out.entries[entry].seconds = Median(std::move(taken), runs.size() - first);
    out.seconds += out.entries[entry].seconds;
  }
  std::vector<double> whole;
  for (size_t r = first; r < runs.size(); ++r) whole.push_back(runs[r].own * 1e-6);
  const size_t n = whole.size();
  out.run_seconds = Median(std::move(whole), n);
  return out;
}

absl::StatusOr<Profile> FromLayers(const Json& root, absl::string_view path) {
  const Elements elements(path);
  Profile out;
  out.kind = ProfileKind::kTrtexec;
  for (rapidjson::SizeType i = 0; i < root.Size(); ++i) {
    const Json& element = root[i];
    if (const Json* count = Find(element, "count"); count != nullptr) {
      if (!count->IsInt64() || count->GetInt64() < 1) {
        return elements.Bad(i, "has a `count` that is no number of runs");
      }
      out.runs = count->GetInt64();
      continue;
    }
    const Json* name = Find(element, "name");
    if (name == nullptr || !name->IsString()) return elements.Bad(i, "has no `name`");
    const char* key = "timeMs";
    for (const char* better : {"averageMs", "medianMs"}) {
      if (Find(element, better) != nullptr) key = better;
    }
    const absl::StatusOr<double> time = elements.Number(element, i, key);
    if (!time.ok()) return time.status();
    const bool is_sum = absl::string_view(key) == "timeMs";
    if (is_sum && out.runs == 0) {
      return elements.Bad(i, "has `timeMs` alone, and no `count` of runs stands before it");
    }
    out.entries.push_back(
        {.name = std::string(Text(name)),
         .seconds = *time * 1e-3 / (is_sum ? static_cast<double>(out.runs) : 1.0)});
    out.seconds += out.entries.back().seconds;
  }
  return out;
}

}  // namespace

absl::string_view Name(ProfileKind kind) {
  return kind == ProfileKind::kOnnxRuntime ? "ONNX Runtime" : "trtexec";
}

absl::string_view RuntimeOf(ProfileKind kind) {
  return kind == ProfileKind::kOnnxRuntime ? "onnxruntime-cpu" : "tensorrt";
}

absl::StatusOr<Profile> ParseProfile(std::string text, absl::string_view path) {
  rapidjson::Document root;
  // Iterative: however deep it nests, the stack does not grow.
  root.ParseInsitu<rapidjson::kParseIterativeFlag>(text.data());
  if (root.HasParseError()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": no JSON at byte ", root.GetErrorOffset(), ": ",
                     absl::StripSuffix(rapidjson::GetParseError_En(root.GetParseError()), "."),
                     "; a profile is complete only when the profiling has ended"));
  }
  if (root.IsArray()) {
    for (const Json& element : root.GetArray()) {
      if (Find(element, "cat") != nullptr) return FromTrace(root, path);
      if (Find(element, "timeMs") != nullptr || Find(element, "averageMs") != nullptr ||
          Find(element, "medianMs") != nullptr) {
        return FromLayers(root, path);
      }
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": neither a profile of ONNX Runtime (events with `cat`) nor of trtexec "
                   "(layers with `timeMs`); make one with enable_profiling or "
                   "`trtexec --exportProfile`"));
}

absl::StatusOr<Profile> ReadProfile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read; check the path"));
  }
  return ParseProfile(text.str(), path);
}

}  // namespace assay
