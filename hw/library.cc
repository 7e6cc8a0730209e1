#include "hw/library.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hw/schema.h"
#include "ir/paths.h"
#include "ir/suggest.h"

namespace assay {
namespace {

template <class T>
T Decode(const EmbeddedRecord& record) {
  T object;
  Unpack(KindOfFile<T>::Rows(), record.bytes, EmbeddedTexts(), &object);
  return object;
}

template <class T>
std::vector<absl::string_view> EmbeddedNames(bool with_modes) {
  std::vector<absl::string_view> names;
  for (const EmbeddedRecord& record : EmbeddedRecords()) {
    if (record.kind != KindOfFile<T>::kKind) continue;
    if (with_modes || !absl::StrContains(record.name, '@')) names.push_back(record.name);
  }
  return names;
}

// What the name on a command line may be besides, and the one in `extends` may not.
constexpr absl::string_view kOrPath = ", and a path to a YAML file serves too";

template <class T>
absl::StatusOr<T> FindEmbedded(absl::string_view name) {
  for (const EmbeddedRecord& record : EmbeddedRecords()) {
    if (record.kind == KindOfFile<T>::kKind && record.name == name) return Decode<T>(record);
  }
  constexpr absl::string_view kWord = KindOfFile<T>::kWord;
  std::vector<absl::string_view> names = EmbeddedNames<T>(/*with_modes=*/true);
  constexpr bool kListed = std::is_same_v<T, Target> || std::is_same_v<T, Runtime>;
  std::string listed = kListed         ? absl::StrCat("`assay ", kWord, "s` lists them", kOrPath)
                       : names.empty() ? "none is shipped"
                                       : absl::StrCat("use one of ", absl::StrJoin(names, ", "));
  return absl::NotFoundError(
      absl::StrCat("unknown ", kWord, " `", name, "`", DidYouMean(name, names), "; ", listed));
}

// Splits "NAME@MODE"; an '@' within a path's folders is none.
std::pair<absl::string_view, absl::string_view> SplitMode(absl::string_view name) {
  size_t at = name.rfind('@');
  if (at == absl::string_view::npos || IsYamlPath(name.substr(at + 1))) return {name, ""};
  return {name.substr(0, at), name.substr(at + 1)};
}

// What every kind of file goes through: start from the base, read over it, complain where an
// inherited number breaks a rule at the `extends` that brought it in.
template <class T>
T ReadFile(const YamlNode& file, FindBase<T> find_base, std::vector<Problem>* problems,
           absl::FunctionRef<void(const T* base, T* object, std::vector<Problem>*)> finish) {
  T object;
  std::unique_ptr<T> base;
  Place from = {1, 1};
  if (const YamlNode* extends = file.Find("extends")) {
    from = extends->place;
    if (extends->kind != YamlNode::Kind::kText || IsYamlPath(extends->text)) {
      problems->push_back(
          {from, absl::StrCat("`extends` must name a shipped ", KindOfFile<T>::kWord,
                              "; files do not extend files")});
      return object;
    }
    absl::StatusOr<T> found = find_base(extends->text);
    if (!found.ok()) {
      problems->push_back(
          {from,
           absl::StrCat("`extends`: ", absl::StripSuffix(found.status().message(), kOrPath))});
      return object;
    }
    base = std::make_unique<T>(*found);
    object = *std::move(found);
    object.name.clear();
    if constexpr (std::is_same_v<T, Target>) object.aliases.clear();  // of the base alone
  }
  size_t before = problems->size();
  ReadObject(file, KindOfFile<T>::Rows(), KindOfFile<T>::kSchema, &object, problems);
  // Rules between keys say little about a file whose keys are wrong.
  if (problems->size() == before) finish(base.get(), &object, problems);
  for (Problem& problem : *problems) {
    if (problem.place.line == 0) problem.place = from;
  }
  std::stable_sort(problems->begin(), problems->end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  return object;
}

// A message for the first problem, and how to see the others.
absl::Status FirstOf(absl::string_view path, absl::string_view word,
                     const std::vector<Problem>& problems) {
  std::string message = Describe(path, problems[0]);
  if (problems.size() > 1) {
    absl::StrAppend(&message, " (and ", problems.size() - 1, " more: `assay ", word, "s --check ",
                    path, "`)");
  }
  return absl::InvalidArgumentError(message);
}

template <class T>
absl::StatusOr<T> LoadFile(absl::string_view path,
                           absl::FunctionRef<T(const YamlNode&, std::vector<Problem>*)> read,
                           std::vector<Problem>* problems) {
  absl::StatusOr<std::string> text = ReadYamlFile(path);
  if (!text.ok()) return text.status();
  YamlNode file = ParseYaml(*text, problems);
  if (!problems->empty()) return T();
  return read(file, problems);
}

template <class T>
std::vector<std::string> CheckFile(
    absl::string_view path, absl::FunctionRef<T(const YamlNode&, std::vector<Problem>*)> read) {
  std::vector<Problem> problems;
  absl::StatusOr<T> loaded = LoadFile<T>(path, read, &problems);
  if (!loaded.ok()) return {std::string(loaded.status().message())};
  std::vector<std::string> messages;
  for (const Problem& problem : problems) messages.push_back(Describe(path, problem));
  return messages;
}

// That the default runtime is one of ours, where there are any (not in hw/embed_main.cc).
void CheckRuntimeOf(const Target& target, const YamlNode& file, std::vector<Problem>* problems) {
  std::vector<absl::string_view> names = EmbeddedNames<Runtime>(false);
  const YamlNode* node = file.Find("runtime");
  if (names.empty() || node == nullptr || IsYamlPath(target.runtime)) return;
  if (std::find(names.begin(), names.end(), target.runtime) != names.end()) return;
  problems->push_back({node->place, absl::StrCat("unknown runtime `", target.runtime, "`",
                                                 DidYouMean(target.runtime, names), "; use one of ",
                                                 absl::StrJoin(names, ", "))});
}

// That the host is a shipped CPU, likewise.
void CheckHostOf(const Target& target, const YamlNode& file, std::vector<Problem>* problems) {
  const YamlNode* node = file.Find("host");
  if (node == nullptr || TargetNames().empty()) return;
  std::vector<absl::string_view> cpus;
  for (absl::string_view name : TargetNames()) {
    const absl::StatusOr<Target> found = FindEmbedded<Target>(name);
    if (found.ok() && found->kind == TargetKind::kCpu) cpus.push_back(name);
  }
  if (std::find(cpus.begin(), cpus.end(), target.host) != cpus.end()) return;
  problems->push_back(
      {node->place,
       absl::StrCat("`host` cannot be `", target.host, "`", DidYouMean(target.host, cpus),
                    "; it must be a shipped CPU: ", absl::StrJoin(cpus, ", "))});
}

Runtime ReadUsersRuntime(const YamlNode& file, std::vector<Problem>* problems) {
  return ReadRuntime(file, FindEmbedded<Runtime>, problems);
}
Calibration ReadUsersCalibration(const YamlNode& file, std::vector<Problem>* problems) {
  return ReadCalibration(file, FindEmbedded<Calibration>, problems);
}

}  // namespace

Target ReadTarget(const YamlNode& file, absl::string_view mode, FindBase<Target> find_base,
                  std::vector<Problem>* problems) {
  const YamlNode* modes = file.Find("modes");
  const YamlNode* own_mode = modes == nullptr ? nullptr : modes->Find(mode);
  bool of_base = false;
  auto base_in_mode = [&](absl::string_view name) -> absl::StatusOr<Target> {
    absl::StatusOr<Target> base = find_base(name);
    if (mode.empty() || own_mode != nullptr || !base.ok()) return base;
    absl::StatusOr<Target> with_mode = find_base(absl::StrCat(name, "@", mode));
    of_base = with_mode.ok();
    return of_base ? with_mode : base;
  };
  const YamlNode* name = file.Find("name");
  Place name_place = name == nullptr ? file.place : name->place;
  Target target = ReadFile<Target>(
      file, base_in_mode, problems,
      [&](const Target* base, Target* object, std::vector<Problem>* found) {
        if (base != nullptr) ScalePeaks(*base, object);
        CheckTarget(*object, file, found);
        CheckRuntimeOf(*object, file, found);
        CheckHostOf(*object, file, found);
        // Every mode must make a whole target, whichever is asked for.
        for (const std::string& each : object->modes) {
          const YamlNode* overrides = modes == nullptr ? nullptr : modes->Find(each);
          if (overrides == nullptr) continue;
          if (!IsTargetName(each)) {
            found->push_back({overrides->place,
                              absl::StrCat("power mode `", each, "` must be lower case letters, ",
                                           "digits and hyphens, like `15w`")});
          }
          Target in_mode = *object;
          size_t before = found->size();
          ReadOverrides(file, *overrides, absl::StrCat("modes.", each), TargetRows(), &in_mode,
                        found);
          ScalePeaks(*object, &in_mode);
          if (found->size() == before) CheckTarget(in_mode, *overrides, found);
        }
      });
  if (mode.empty() || !problems->empty()) return target;
  if (own_mode != nullptr) {
    Target in_mode = target;
    ReadOverrides(file, *own_mode, absl::StrCat("modes.", mode), TargetRows(), &in_mode, problems);
    ScalePeaks(target, &in_mode);
    target = std::move(in_mode);
  } else if (!of_base) {
    std::vector<absl::string_view> names(target.modes.begin(), target.modes.end());
    problems->push_back(
        {name_place,
         absl::StrCat("has no power mode `", mode, "`", DidYouMean(mode, names),
                      names.empty() ? "; it has none" : "; it has ", absl::StrJoin(names, ", "))});
  }
  absl::StrAppend(&target.name, "@", mode);
  return target;
}

Runtime ReadRuntime(const YamlNode& file, FindBase<Runtime> find_base,
                    std::vector<Problem>* problems) {
  return ReadFile<Runtime>(file, find_base, problems,
                           [&](const Runtime*, Runtime* runtime, std::vector<Problem>* found) {
                             if (const YamlNode* fusion = file.Find("fusion"))
                               runtime->fusion_place = fusion->place;
                             CheckRuntime(*runtime, file, found);
                           });
}

Calibration ReadCalibration(const YamlNode& file, FindBase<Calibration> find_base,
                            std::vector<Problem>* problems) {
  return ReadFile<Calibration>(
      file, find_base, problems,
      [&](const Calibration*, Calibration* calibration, std::vector<Problem>* found) {
        CheckCalibration(*calibration, file, found);
      });
}

Prior ReadPrior(const YamlNode& file, FindBase<Prior> find_base, std::vector<Problem>* problems) {
  return ReadFile<Prior>(file, find_base, problems,
                         [&](const Prior*, Prior* prior, std::vector<Problem>* found) {
                           CheckPrior(*prior, file, found);
                         });
}

IntervalTable ReadIntervals(const YamlNode& file, FindBase<IntervalTable> find_base,
                            std::vector<Problem>* problems) {
  return ReadFile<IntervalTable>(
      file, find_base, problems,
      [&](const IntervalTable*, IntervalTable* table, std::vector<Problem>* found) {
        CheckIntervals(*table, found);
      });
}

absl::StatusOr<std::shared_ptr<const Target>> FindTarget(absl::string_view name_or_path) {
  auto [name, mode] = SplitMode(name_or_path);
  if (!IsYamlPath(name)) {
    absl::StatusOr<Target> found = FindEmbedded<Target>(name_or_path);
    if (!found.ok()) return found.status();
    return std::make_shared<const Target>(*std::move(found));
  }
  std::vector<Problem> problems;
  absl::StatusOr<Target> loaded = LoadFile<Target>(
      name,
      [mode = mode](const YamlNode& file, std::vector<Problem>* found) {
        return ReadTarget(file, mode, FindEmbedded<Target>, found);
      },
      &problems);
  if (!loaded.ok()) return loaded.status();
  if (!problems.empty()) return FirstOf(name, "target", problems);
  return std::make_shared<const Target>(*std::move(loaded));
}

std::vector<absl::string_view> TargetNames(bool with_modes) {
  return EmbeddedNames<Target>(with_modes);
}

absl::StatusOr<TargetChoice> ExpandTargets(absl::Span<const std::string> words) {
  TargetChoice out;
  const auto add = [&](absl::string_view name) {
    if (!absl::c_linear_search(out.names, name)) out.names.emplace_back(name);
  };
  for (const std::string& word : words) {
    absl::string_view base = word;
    if (absl::ConsumeSuffix(&base, "@*")) {
      absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(base);
      if (!target.ok()) return target.status();
      add(base);
      for (const std::string& mode : (*target)->modes) add(absl::StrCat(base, "@", mode));
      continue;
    }
    const bool kind = absl::c_linear_search(TargetKindNames(), word);
    const bool pattern = !IsYamlPath(word) && word.find_first_of("*?[") != word.npos;
    if (word != "all" && !kind && !pattern) {
      add(word);
      continue;
    }
    out.open = true;
    bool any = false;
    for (absl::string_view name : TargetNames(/*with_modes=*/absl::StrContains(word, '@'))) {
      if (kind && Name(FindEmbedded<Target>(name)->kind) != word) continue;
      if (pattern && !MatchesPattern(word, name)) continue;
      add(name);
      any = true;
    }
    if (!any) {
      return absl::NotFoundError(
          absl::StrCat("no target is called `", word, "`; `assay targets` lists them"));
    }
  }
  return out;
}

std::vector<std::string> CheckTargetFile(absl::string_view path) {
  return CheckFile<Target>(path, [](const YamlNode& file, std::vector<Problem>* found) {
    return ReadTarget(file, "", FindEmbedded<Target>, found);
  });
}

absl::StatusOr<std::shared_ptr<const Runtime>> FindRuntime(absl::string_view name_or_path) {
  if (!IsYamlPath(name_or_path)) {
    absl::StatusOr<Runtime> found = FindEmbedded<Runtime>(name_or_path);
    if (!found.ok()) return found.status();
    return std::make_shared<const Runtime>(*std::move(found));
  }
  std::vector<Problem> problems;
  absl::StatusOr<Runtime> loaded = LoadFile<Runtime>(name_or_path, ReadUsersRuntime, &problems);
  if (!loaded.ok()) return loaded.status();
  if (!problems.empty()) return FirstOf(name_or_path, "runtime", problems);
  loaded->file = std::string(name_or_path);
  return std::make_shared<const Runtime>(*std::move(loaded));
}

absl::StatusOr<std::shared_ptr<const Runtime>> RuntimeOf(const Target& target) {
  return FindRuntime(target.runtime.empty() ? "ideal" : absl::string_view(target.runtime));
}

std::vector<absl::string_view> RuntimeNames() { return EmbeddedNames<Runtime>(false); }

std::vector<std::string> CheckRuntimeFile(absl::string_view path) {
  return CheckFile<Runtime>(path, ReadUsersRuntime);
}

int MatchOf(const Calibration& calibration, const Target& target, const Runtime& runtime) {
  if (calibration.runtime != runtime.name) return 0;
  if (!calibration.target.empty()) {
    if (calibration.target == target.name) return 4;
    return calibration.target == SplitMode(target.name).first ? 3 : 0;
  }
  if (!calibration.family.empty()) return calibration.family == target.family ? 2 : 0;
  return calibration.kind == Name(target.kind) ? 1 : 0;
}

namespace {

// Every estimate chooses among all of them, by what they hold for: those keys stand before the
// first list. The rest of one is decoded when it is first chosen.
class ShippedCalibration {
 public:
  explicit ShippedCalibration(const EmbeddedRecord& record) : record_(record) {
    size_t keys = 0;
    while (CalibrationRows()[keys].type != KeyType::kNamed) ++keys;
    Unpack(CalibrationRows().first(keys), record.bytes, EmbeddedTexts(), &head_);
  }
  const Calibration& head() const { return head_; }
  std::shared_ptr<const Calibration> whole() const {
    std::call_once(once_, [this] {
      whole_ = std::make_shared<const Calibration>(Decode<Calibration>(record_));
    });
    return whole_;
  }

 private:
  const EmbeddedRecord& record_;
  Calibration head_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const Calibration> whole_;
};

const std::deque<ShippedCalibration>& ShippedCalibrations() {
  static const auto* const all = [] {
    auto* shipped = new std::deque<ShippedCalibration>;
    for (const EmbeddedRecord& record : EmbeddedRecords()) {
      if (record.kind == FileKind::kCalibration) shipped->emplace_back(record);
    }
    return shipped;
  }();
  return *all;
}

}  // namespace

std::vector<std::string> CalibratedRuntimes(const Target& target) {
  std::vector<std::string> names;
  Runtime runtime;
  for (const ShippedCalibration& calibration : ShippedCalibrations()) {
    runtime.name = calibration.head().runtime;
    if (MatchOf(calibration.head(), target, runtime) > 0) names.push_back(runtime.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::shared_ptr<const Calibration> FindCalibration(const Target& target, const Runtime& runtime) {
  const ShippedCalibration* best = nullptr;
  int best_match = 0;
  for (const ShippedCalibration& calibration : ShippedCalibrations()) {
    if (int match = MatchOf(calibration.head(), target, runtime); match > best_match) {
      best_match = match;
      best = &calibration;
    }
  }
  return best == nullptr ? nullptr : best->whole();
}

absl::StatusOr<std::shared_ptr<const Calibration>> LoadCalibration(absl::string_view path) {
  std::vector<Problem> problems;
  absl::StatusOr<Calibration> loaded = LoadFile<Calibration>(path, ReadUsersCalibration, &problems);
  if (!loaded.ok()) return loaded.status();
  if (!problems.empty()) return FirstOf(path, "calibration", problems);
  return std::make_shared<const Calibration>(*std::move(loaded));
}

std::vector<absl::string_view> CalibrationNames() { return EmbeddedNames<Calibration>(false); }

std::vector<std::string> CheckCalibrationFile(absl::string_view path) {
  return CheckFile<Calibration>(path, ReadUsersCalibration);
}

absl::StatusOr<Prior> PriorFor(TargetKind kind) {
  for (const EmbeddedRecord& record : EmbeddedRecords()) {
    if (record.kind != FileKind::kPrior) continue;
    if (Prior prior = Decode<Prior>(record); prior.kind == Name(kind)) return prior;
  }
  return absl::NotFoundError(absl::StrCat("no fit of a ", Name(kind),
                                          " can be made yet: hw/priors/", Name(kind),
                                          ".yaml is missing; add one"));
}

UncalibratedInterval UncalibratedFor(TargetKind kind, int64_t batch) {
  UncalibratedInterval best;
  for (const EmbeddedRecord& record : EmbeddedRecords()) {
    if (record.kind != FileKind::kIntervals) continue;
    for (const UncalibratedInterval& row : Decode<IntervalTable>(record).intervals) {
      if (row.kind != Name(kind) || row.batch_from.value > static_cast<double>(batch)) continue;
      if (!best.batch_from || row.batch_from.value > best.batch_from.value) best = row;
    }
  }
  return best;
}

std::vector<int64_t> UncalibratedSteps() {
  std::vector<int64_t> steps;
  for (const EmbeddedRecord& record : EmbeddedRecords()) {
    if (record.kind != FileKind::kIntervals) continue;
    for (const UncalibratedInterval& row : Decode<IntervalTable>(record).intervals) {
      steps.push_back(static_cast<int64_t>(row.batch_from.value));
    }
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

std::vector<KeyDoc> TargetKeys() { return ListKeys(TargetRows()); }
std::vector<KeyDoc> RuntimeKeys() { return ListKeys(RuntimeRows()); }
std::vector<KeyDoc> CalibrationKeys() { return ListKeys(CalibrationRows()); }

std::string ToYaml(const Target& target) { return WriteYaml(kTargetSchema, TargetRows(), &target); }
std::string ToYaml(const Runtime& runtime) {
  return WriteYaml(kRuntimeSchema, RuntimeRows(), &runtime);
}
std::string ToYaml(const Calibration& calibration) {
  return WriteYaml(kCalibrationSchema, CalibrationRows(), &calibration);
}

}  // namespace assay
