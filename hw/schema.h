// One table of keys per kind of YAML file, and everything that follows from it: reading a file into
// a struct, strictly; listing the keys; writing the struct as YAML; packing it into the program and
// unpacking it. A new key is one row (and one member).
//
//   constexpr KeyRow kUnitKeys[] = {
//       Quantity<&UnitClass::count>("count", Unit::kCount, Need::kRequired, "how many"), ...
//
// In every mapping three more keys are understood, and hold for all numbers inside unless they say
// otherwise themselves: `source` (an entry of the file's top-level `sources`), `basis` and
// `reason`. A single number takes them in its long form: {value: 4 nm, source: hot-chips, basis:
// recalled, reason: ...}.
//
// Reading goes into a struct that may already hold values (`extends`, power modes): what the file
// gives replaces, items of lists are matched by name, and `~` takes away what was inherited.
#ifndef ASSAY_HW_SCHEMA_H_
#define ASSAY_HW_SCHEMA_H_

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/datum.h"
#include "hw/key_doc.h"
#include "hw/precision.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "hw/units.h"
#include "hw/yaml_tree.h"

namespace assay {

enum class Need : uint8_t { kOptional, kRequired };

enum class KeyType : uint8_t {
  kText,      // std::string
  kTexts,     // std::vector<std::string>, a list
  kBool,      // true or false
  kInteger,   // int, 1 or more
  kChoice,    // an enum of uint8_t, by the names in `choices`
  kQuantity,  // Datum with `unit`
  kByMath,    // std::vector<MathDatum>, a mapping from format to quantity with `unit`
  kReplaces,  // std::vector<MathReplacement>, a mapping from format to format
  kObject,    // a struct with rows of its own, a mapping
  kNamed,     // std::vector of such structs with `name` and `place`, a mapping from name to mapping
  kModes,     // power modes: names in std::vector<std::string>; contents are read by hw/library.cc
};

struct KeyRow;

// How to handle a vector of structs without knowing them.
struct ListOps {
  size_t (*size)(const void* list);
  void* (*at)(void* list, size_t i);
  void* (*add)(void* list);
  void (*erase)(void* list, size_t i);
  std::string* (*name)(void* item);
  Place* (*place)(void* item);
};

struct KeyRow {
  absl::string_view name;
  KeyType type = KeyType::kText;
  Unit unit = Unit::kCount;
  Need need = Need::kOptional;
  absl::string_view doc;
  void* (*field)(void* object) = nullptr;
  absl::Span<const absl::string_view> (*choices)() = nullptr;  // kChoice
  absl::Span<const KeyRow> (*rows)() = nullptr;                // kObject, kNamed
  const ListOps* list = nullptr;                               // kNamed
};

// Reads the mapping `node` into *object. `schema` is what the file's `schema:` must say. Keys that
// belong to every file (schema, extends, sources, source, basis, reason) are understood besides the
// rows.
void ReadObject(const YamlNode& node, absl::Span<const KeyRow> rows, absl::string_view schema,
                void* object, std::vector<Problem>* problems);
// Reads only `overrides` (one power mode, `what` for messages) into *object; sources are looked up
// in `file`.
void ReadOverrides(const YamlNode& file, const YamlNode& overrides, absl::string_view what,
                   absl::Span<const KeyRow> rows, void* object, std::vector<Problem>* problems);

std::vector<KeyDoc> ListKeys(absl::Span<const KeyRow> rows);

// YAML that ReadObject reads into an equal struct.
std::string WriteYaml(absl::string_view schema, absl::Span<const KeyRow> rows, const void* object);

// Packed form, for constants of the program. Texts go to a pool shared by all records.
void Pack(absl::Span<const KeyRow> rows, const void* object, std::string* record,
          std::string* texts);
void Unpack(absl::Span<const KeyRow> rows, absl::string_view record, absl::string_view texts,
            void* object);

// How rows are written: each helper ties a key to a member of the right type.
namespace keys {

template <class T>
struct MemberOf;
template <class Class, class Field>
struct MemberOf<Field Class::*> {
  using Object = Class;
  using Type = Field;
};
template <auto kMember>
using TypeOf = typename MemberOf<decltype(kMember)>::Type;

template <auto kMember>
void* FieldOf(void* object) {
  return &(static_cast<typename MemberOf<decltype(kMember)>::Object*>(object)->*kMember);
}

template <class Item>
inline constexpr ListOps kListOps = {
    [](const void* list) { return static_cast<const std::vector<Item>*>(list)->size(); },
    [](void* list, size_t i) -> void* { return &(*static_cast<std::vector<Item>*>(list))[i]; },
    [](void* list) -> void* { return &static_cast<std::vector<Item>*>(list)->emplace_back(); },
    [](void* list, size_t i) {
      auto* items = static_cast<std::vector<Item>*>(list);
      items->erase(items->begin() + static_cast<std::ptrdiff_t>(i));
    },
    [](void* item) { return &static_cast<Item*>(item)->name; },
    [](void* item) { return &static_cast<Item*>(item)->place; },
};

template <auto kMember>
constexpr KeyRow Row(absl::string_view name, KeyType type, Unit unit, Need need,
                     absl::string_view doc) {
  KeyRow row;
  row.name = name;
  row.type = type;
  row.unit = unit;
  row.need = need;
  row.doc = doc;
  row.field = FieldOf<kMember>;
  return row;
}
template <auto kMember>
constexpr KeyRow Text(absl::string_view name, Need need, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, std::string>);
  return Row<kMember>(name, KeyType::kText, Unit::kCount, need, doc);
}
template <auto kMember>
constexpr KeyRow Texts(absl::string_view name, Need need, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, std::vector<std::string>>);
  return Row<kMember>(name, KeyType::kTexts, Unit::kCount, need, doc);
}
template <auto kMember>
constexpr KeyRow Bool(absl::string_view name, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, bool>);
  return Row<kMember>(name, KeyType::kBool, Unit::kCount, Need::kOptional, doc);
}
template <auto kMember>
constexpr KeyRow Integer(absl::string_view name, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, int>);
  return Row<kMember>(name, KeyType::kInteger, Unit::kCount, Need::kOptional, doc);
}
template <auto kMember>
constexpr KeyRow Choice(absl::string_view name, absl::Span<const absl::string_view> (*choices)(),
                        Need need, absl::string_view doc) {
  static_assert(std::is_enum_v<TypeOf<kMember>> && sizeof(TypeOf<kMember>) == 1);
  KeyRow row = Row<kMember>(name, KeyType::kChoice, Unit::kCount, need, doc);
  row.choices = choices;
  return row;
}
template <auto kMember>
constexpr KeyRow Quantity(absl::string_view name, Unit unit, Need need, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, Datum>);
  return Row<kMember>(name, KeyType::kQuantity, unit, need, doc);
}
template <auto kMember>
constexpr KeyRow ByMath(absl::string_view name, Unit unit, Need need, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, std::vector<MathDatum>>);
  return Row<kMember>(name, KeyType::kByMath, unit, need, doc);
}
template <auto kMember>
constexpr KeyRow Replaces(absl::string_view name, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, std::vector<MathReplacement>>);
  return Row<kMember>(name, KeyType::kReplaces, Unit::kCount, Need::kOptional, doc);
}
template <auto kMember>
constexpr KeyRow Object(absl::string_view name, absl::Span<const KeyRow> (*rows)(),
                        absl::string_view doc) {
  KeyRow row = Row<kMember>(name, KeyType::kObject, Unit::kCount, Need::kOptional, doc);
  row.rows = rows;
  return row;
}
template <auto kMember>
constexpr KeyRow Named(absl::string_view name, absl::Span<const KeyRow> (*rows)(), Need need,
                       absl::string_view doc) {
  KeyRow row = Row<kMember>(name, KeyType::kNamed, Unit::kCount, need, doc);
  row.rows = rows;
  row.list = &kListOps<typename TypeOf<kMember>::value_type>;
  return row;
}
template <auto kMember>
constexpr KeyRow Modes(absl::string_view name, absl::string_view doc) {
  static_assert(std::is_same_v<TypeOf<kMember>, std::vector<std::string>>);
  return Row<kMember>(name, KeyType::kModes, Unit::kCount, Need::kOptional, doc);
}

}  // namespace keys
}  // namespace assay

#endif  // ASSAY_HW_SCHEMA_H_
