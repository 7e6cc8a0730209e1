#include "hw/schema.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/suggest.h"

namespace assay {
namespace {

constexpr absl::string_view kScopeKeys[] = {"source", "basis", "reason"};
constexpr absl::string_view kFileKeys[] = {"schema", "extends", "sources"};

bool Contains(absl::Span<const absl::string_view> names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What holds for the numbers below, until said otherwise.
struct Scope {
  std::string source;
  Basis basis = Basis::kDatasheet;
  std::string reason;
};

class Reader {
 public:
  Reader(const YamlNode& file, std::vector<Problem>* problems) : problems_(*problems) {
    const YamlNode* sources = file.Find("sources");
    if (sources == nullptr) return;
    if (sources->kind != YamlNode::Kind::kMap) {
      Say(sources->place, "`sources` must map short names to citations");
      return;
    }
    for (const YamlEntry& entry : sources->entries) {
      std::string citation = entry.key;  // stands for one that cannot be read
      ReadText(entry.key, entry.value, &citation);
      sources_.emplace_back(entry.key, citation);
    }
  }

  void Say(Place place, std::string message) { problems_.push_back({place, std::move(message)}); }

  Scope ReadScope(const YamlNode& map, Scope scope) {
    std::string text;
    if (const YamlNode* node = map.Find("source"); node && ReadText("source", *node, &text)) {
      auto it = std::find_if(sources_.begin(), sources_.end(),
                             [&](const auto& source) { return source.first == text; });
      if (it == sources_.end()) {
        scope.source = text;  // said here once, not of every number below
        std::vector<absl::string_view> names;
        for (const auto& source : sources_) names.push_back(source.first);
        Say(node->place, absl::StrCat("source `", text, "` is not in `sources`",
                                      DidYouMean(text, names), "; add it there"));
      } else {
        scope.source = it->second;
      }
    }
    const YamlNode* basis = map.Find("basis");
    if (basis != nullptr && ReadText("basis", *basis, &text)) {
      std::vector<absl::string_view> names;
      bool found = false;
      for (int i = 0; i <= static_cast<int>(Basis::kMixed); ++i) {
        names.push_back(Name(static_cast<Basis>(i)));
        if (names.back() == text) {
          scope.basis = static_cast<Basis>(i);
          found = true;
        }
      }
      if (!found) {
        Say(basis->place, absl::StrCat("unknown basis `", text, "`", DidYouMean(text, names),
                                       "; use one of ", absl::StrJoin(names, ", ")));
      }
      scope.reason.clear();
    }
    if (const YamlNode* node = map.Find("reason")) ReadText("reason", *node, &scope.reason);
    if (basis != nullptr && scope.basis != Basis::kDatasheet && map.Find("reason") == nullptr) {
      Say(basis->place, absl::StrCat("basis `", Name(scope.basis),
                                     "` needs a `reason:` beside it that says why"));
    }
    return scope;
  }

  void ReadMap(const YamlNode& node, absl::string_view what, absl::Span<const KeyRow> rows,
               void* object, const Scope& outer, bool fresh, bool top) {
    if (node.kind != YamlNode::Kind::kMap) {
      Say(node.place, absl::StrCat("`", what, "` must be a mapping of its keys"));
      return;
    }
    Scope scope = ReadScope(node, outer);
    for (const YamlEntry& entry : node.entries) {
      if (Contains(kScopeKeys, entry.key) || (top && Contains(kFileKeys, entry.key))) continue;
      const KeyRow* row = nullptr;
      std::vector<absl::string_view> names;
      for (const KeyRow& candidate : rows) {
        if (candidate.name == entry.key) row = &candidate;
        names.push_back(candidate.name);
      }
      if (row == nullptr) {
        names.insert(names.end(), std::begin(kScopeKeys), std::end(kScopeKeys));
        if (top) names.insert(names.end(), std::begin(kFileKeys), std::end(kFileKeys));
        std::string near = DidYouMean(entry.key, names);
        Say(entry.place,
            absl::StrCat("unknown key `", entry.key, "`",
                         what.empty() ? "" : absl::StrCat(" in `", what, "`"),
                         near.empty() ? absl::StrCat("; use one of ", absl::StrJoin(names, ", "))
                                      : absl::StrCat(near, "; correct or remove it")));
        continue;
      }
      ReadValue(*row, entry, row->field(object), scope);
    }
    for (const KeyRow& row : rows) {
      if (row.need != Need::kRequired || Found(row, row.field(object))) continue;
      if (row.type == KeyType::kChoice ? !fresh || node.Find(row.name) != nullptr
                                       : node.Find(row.name) != nullptr) {
        continue;  // inherited, or already complained of
      }
      Say(node.place, absl::StrCat("`", row.name, "` is missing", what.empty() ? "" : " in `", what,
                                   what.empty() ? "" : "`", "; add ", row.doc));
    }
  }

 private:
  // Whether a mapping leaves out a key that these rows require.
  static bool LacksKeys(absl::Span<const KeyRow> rows, const YamlNode& map) {
    return std::any_of(rows.begin(), rows.end(), [&](const KeyRow& row) {
      return row.need == Need::kRequired && map.Find(row.name) == nullptr;
    });
  }

  // Whether a required member has been given, where its own value can tell.
  static bool Found(const KeyRow& row, void* field) {
    switch (row.type) {
      case KeyType::kText:
        return !static_cast<std::string*>(field)->empty();
      case KeyType::kQuantity:
        return static_cast<Datum*>(field)->known;
      case KeyType::kByMath:
        return !static_cast<std::vector<MathDatum>*>(field)->empty();
      case KeyType::kTexts:
        return !static_cast<std::vector<std::string>*>(field)->empty();
      case KeyType::kNamed:
        return row.list->size(field) > 0;
      default:
        return false;
    }
  }

  bool ReadText(absl::string_view key, const YamlNode& node, std::string* out) {
    if (node.kind != YamlNode::Kind::kText || node.text.empty()) {
      Say(node.place, absl::StrCat("`", key, "` must be a text"));
      return false;
    }
    *out = node.text;
    return true;
  }

  void ReadDatum(absl::string_view key, const YamlNode& node, Unit unit, Scope scope, Datum* out) {
    const YamlNode* value = &node;
    if (node.kind == YamlNode::Kind::kNull) {
      if (!out->known) {
        Say(node.place, absl::StrCat("`", key, "` has no value; write ", RowOf(unit).what,
                                     " like `", RowOf(unit).example, "`, or leave the key out"));
      }
      *out = Datum();
      return;
    }
    if (node.kind == YamlNode::Kind::kMap) {
      for (const YamlEntry& entry : node.entries) {
        constexpr absl::string_view kLong[] = {"value", "source", "basis", "reason"};
        if (!Contains(kLong, entry.key)) {
          Say(entry.place, absl::StrCat("unknown key `", entry.key, "` in `", key, "`",
                                        DidYouMean(entry.key, kLong), "; known are ",
                                        absl::StrJoin(kLong, ", ")));
        }
      }
      scope = ReadScope(node, std::move(scope));
      value = node.Find("value");
      if (value == nullptr) {
        Say(node.place, absl::StrCat("`", key, "` lacks its `value`; write {value: ",
                                     RowOf(unit).example, ", ...}"));
        return;
      }
    }
    if (value->kind != YamlNode::Kind::kText) {
      Say(value->place, absl::StrCat("`", key, "` must be ", RowOf(unit).what, ", like `",
                                     RowOf(unit).example, "`"));
      return;
    }
    absl::StatusOr<double> number = ParseQuantity(value->text, unit);
    if (!number.ok()) {
      Say(value->place, absl::StrCat("`", key, "`: ", number.status().message()));
      return;
    }
    if (scope.source.empty()) {
      Say(value->place,
          absl::StrCat("`", key, "` cites no source; add `source:` beside it or above, naming an ",
                       "entry of `sources`"));
    }
    *out = {.value = *number,
            .known = true,
            .basis = scope.basis,
            .source = std::move(scope.source),
            .reason = std::move(scope.reason),
            .place = value->place};
  }

  std::optional<Math> ReadMath(absl::string_view name, Place place) {
    std::vector<absl::string_view> names;
    for (const MathRow& row : MathRows()) {
      if (row.name == name) return row.math;
      names.push_back(row.name);
    }
    std::optional<Math> alias = ParseMath(name);
    Say(place, absl::StrCat("unknown number format `", name, "`",
                            alias ? absl::StrCat(" (did you mean `", Name(*alias), "`?)")
                                  : DidYouMean(name, names),
                            "; use one of ", absl::StrJoin(names, ", ")));
    return std::nullopt;
  }

  void ReadByMath(const KeyRow& row, const YamlNode& node, const Scope& outer,
                  std::vector<MathDatum>* out) {
    Scope scope = ReadScope(node, outer);
    for (const YamlEntry& entry : node.entries) {
      if (Contains(kScopeKeys, entry.key)) continue;
      std::optional<Math> math = ReadMath(entry.key, entry.place);
      if (!math) continue;
      auto it = std::find_if(out->begin(), out->end(),
                             [&](const MathDatum& d) { return d.math == *math; });
      Datum datum = it == out->end() ? Datum() : it->datum;
      ReadDatum(absl::StrCat(row.name, ".", entry.key), entry.value, row.unit, scope, &datum);
      if (it != out->end()) out->erase(it);
      if (datum.known) out->push_back({*math, std::move(datum)});
    }
    std::sort(out->begin(), out->end(),
              [](const MathDatum& a, const MathDatum& b) { return a.math < b.math; });
  }

  void ReadNamed(const KeyRow& row, const YamlNode& node, const Scope& outer, void* list) {
    Scope scope = ReadScope(node, outer);
    std::vector<std::string> inherited;
    for (size_t i = 0; i < row.list->size(list); ++i) {
      inherited.push_back(*row.list->name(row.list->at(list, i)));
    }
    const std::vector<absl::string_view> names(inherited.begin(), inherited.end());
    for (const YamlEntry& entry : node.entries) {
      if (Contains(kScopeKeys, entry.key)) continue;
      size_t i = 0;
      while (i < row.list->size(list) && *row.list->name(row.list->at(list, i)) != entry.key) ++i;
      bool fresh = i == row.list->size(list);
      std::string what = absl::StrCat(row.name, ".", entry.key);
      if (entry.value.kind == YamlNode::Kind::kNull) {
        if (fresh) {
          Say(entry.place, absl::StrCat("`", what, "` is empty", DidYouMean(entry.key, names),
                                        "; give its keys, or leave it out"));
        } else {
          row.list->erase(list, i);
        }
        continue;
      }
      if (entry.key.empty() || entry.key.size() > 64) {
        Say(entry.place, absl::StrCat("a name in `", row.name, "` must have 1 to 64 characters"));
        continue;
      }
      if (const std::string near = DidYouMean(entry.key, names);
          fresh && !near.empty() && LacksKeys(row.rows(), entry.value)) {
        Say(entry.place, absl::StrCat("`", what, "` is not inherited", near,
                                      "; correct the name, or give all keys of a new one"));
        continue;
      }
      void* item = fresh ? row.list->add(list) : row.list->at(list, i);
      *row.list->name(item) = entry.key;
      *row.list->place(item) = entry.place;
      ReadMap(entry.value, what, row.rows(), item, scope, fresh, /*top=*/false);
    }
  }

  void ReadValue(const KeyRow& row, const YamlEntry& entry, void* field, const Scope& scope) {
    const YamlNode& node = entry.value;
    auto want = [&](YamlNode::Kind kind, absl::string_view shape) {
      if (node.kind == kind) return true;
      Say(node.place, absl::StrCat("`", row.name, "` must be ", shape));
      return false;
    };
    switch (row.type) {
      case KeyType::kText:
        ReadText(row.name, node, static_cast<std::string*>(field));
        return;
      case KeyType::kTexts: {
        auto* texts = static_cast<std::vector<std::string>*>(field);
        if (!want(YamlNode::Kind::kList, "a list of texts, like [a, b]")) return;
        texts->clear();
        for (const YamlNode& item : node.items) {
          std::string text;
          if (ReadText(row.name, item, &text)) texts->push_back(std::move(text));
        }
        return;
      }
      case KeyType::kBool:
        if (node.kind == YamlNode::Kind::kText && (node.text == "true" || node.text == "false")) {
          *static_cast<bool*>(field) = node.text == "true";
        } else {
          Say(node.place, absl::StrCat("`", row.name, "` must be true or false"));
        }
        return;
      case KeyType::kInteger: {
        absl::StatusOr<double> value = ParseQuantity(node.text, Unit::kCount);
        if (!value.ok() || *value < 1 || *value > 1e6 || *value != static_cast<int>(*value)) {
          Say(node.place, absl::StrCat("`", row.name, "` must be a whole number, 1 or more"));
        } else {
          *static_cast<int*>(field) = static_cast<int>(*value);
        }
        return;
      }
      case KeyType::kChoice: {
        absl::Span<const absl::string_view> names = row.choices();
        auto it = node.kind == YamlNode::Kind::kText
                      ? std::find(names.begin(), names.end(), node.text)
                      : names.end();
        if (it == names.end()) {
          Say(node.place, absl::StrCat("`", row.name, "` cannot be `", node.text, "`",
                                       DidYouMean(node.text, names), "; use one of ",
                                       absl::StrJoin(names, ", ")));
        } else {
          *static_cast<uint8_t*>(field) = static_cast<uint8_t>(it - names.begin());
        }
        return;
      }
      case KeyType::kQuantity: {
        auto* datum = static_cast<Datum*>(field);
        if (row.need == Need::kRequired && datum->known && node.kind == YamlNode::Kind::kNull) {
          Say(node.place, absl::StrCat("`", row.name, "` must have a value; write one, or leave ",
                                       "the key out to keep the one that is inherited"));
          return;
        }
        ReadDatum(row.name, node, row.unit, scope, datum);
        return;
      }
      case KeyType::kByMath:
        if (want(YamlNode::Kind::kMap, "a mapping from number format, like {fp16: ...}")) {
          ReadByMath(row, node, scope, static_cast<std::vector<MathDatum>*>(field));
        }
        return;
      case KeyType::kReplaces: {
        auto* replaces = static_cast<std::vector<MathReplacement>*>(field);
        if (!want(YamlNode::Kind::kMap, "a mapping from format to format, like {fp32: tf32}")) {
          return;
        }
        replaces->clear();
        for (const YamlEntry& pair : node.entries) {
          if (pair.value.kind != YamlNode::Kind::kText) {
            Say(pair.value.place,
                absl::StrCat("`", row.name, ".", pair.key, "` must be one number format"));
            continue;
          }
          std::optional<Math> from = ReadMath(pair.key, pair.place);
          std::optional<Math> to = ReadMath(pair.value.text, pair.value.place);
          if (from && to) replaces->push_back({*from, *to});
        }
        return;
      }
      case KeyType::kObject:
        ReadMap(node, row.name, row.rows(), field, scope, /*fresh=*/true, /*top=*/false);
        return;
      case KeyType::kNamed:
        if (want(YamlNode::Kind::kMap, "a mapping from name to keys")) {
          ReadNamed(row, node, scope, field);
          if (row.need == Need::kRequired && row.list->size(field) == 0) {
            Say(node.place, absl::StrCat("`", row.name, "` is empty; add ", row.doc));
          }
        }
        return;
      case KeyType::kModes: {
        auto* modes = static_cast<std::vector<std::string>*>(field);
        if (!want(YamlNode::Kind::kMap, "a mapping from a mode's name to what differs in it")) {
          return;
        }
        ReadScope(node, scope);  // for what is wrong with it
        for (const YamlEntry& mode : node.entries) {
          if (Contains(kScopeKeys, mode.key)) continue;
          if (std::find(modes->begin(), modes->end(), mode.key) == modes->end()) {
            modes->push_back(mode.key);
          }
        }
        return;
      }
    }
  }

  std::vector<Problem>& problems_;
  std::vector<std::pair<std::string, std::string>> sources_;
};

}  // namespace

absl::string_view Name(Basis basis) {
  constexpr absl::string_view kNames[] = {"datasheet", "derived",     "recalled",
                                          "estimate",  "undisclosed", "mixed"};
  return kNames[static_cast<size_t>(basis)];
}

void ReadObject(const YamlNode& node, absl::Span<const KeyRow> rows, absl::string_view schema,
                void* object, std::vector<Problem>* problems) {
  Reader reader(node, problems);
  if (node.kind != YamlNode::Kind::kMap) {
    reader.Say(node.place,
               absl::StrCat("the file must be a mapping that begins with `schema: ", schema, "`"));
    return;
  }
  const YamlNode* said = node.Find("schema");
  if (said == nullptr) {
    reader.Say(node.place, absl::StrCat("`schema` is missing; begin with `schema: ", schema, "`"));
  } else if (said->text != schema) {
    reader.Say(said->place,
               absl::StrCat("schema `", said->text, "` is not `", schema, "`; write that"));
  }
  bool fresh = node.Find("extends") == nullptr;
  reader.ReadMap(node, "", rows, object, Scope(), fresh, /*top=*/true);
}

void ReadOverrides(const YamlNode& file, const YamlNode& overrides, absl::string_view what,
                   absl::Span<const KeyRow> rows, void* object, std::vector<Problem>* problems) {
  std::vector<Problem> seen;  // problems with the file's sources have been reported with the file
  Reader reader(file, &seen);
  seen.clear();
  Scope scope = reader.ReadScope(file, Scope());
  if (const YamlNode* modes = file.Find("modes")) scope = reader.ReadScope(*modes, scope);
  seen.clear();
  // A mode is called TARGET@MODE and has none of its own.
  std::vector<KeyRow> in_mode;
  for (const KeyRow& row : rows) {
    if (row.name != "name" && row.type != KeyType::kModes) in_mode.push_back(row);
  }
  reader.ReadMap(overrides, what, in_mode, object, scope, /*fresh=*/false, /*top=*/false);
  problems->insert(problems->end(), seen.begin(), seen.end());
}

}  // namespace assay
