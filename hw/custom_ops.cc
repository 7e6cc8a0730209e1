#include "hw/custom_ops.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "ir/dtype.h"
#include "ir/op_context.h"
#include "ir/ops/operands.h"
#include "ir/suggest.h"

namespace assay {
namespace {

constexpr size_t kMostOperands = 64;
constexpr Role kRoles[] = {Role::kOther,     Role::kContraction,   Role::kPointwise,
                           Role::kReduction, Role::kNormalization, Role::kPooling,
                           Role::kMovement,  Role::kAttention};

// --- names in expressions ---

// "x.d1" to the input and ('d', 1); "x.size" to ('s', 0).
struct Field {
  int input = -1;
  char what = 0;
  int index = 0;
};

int FindInput(const CustomOp& op, absl::string_view name) {
  int index = 0;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i].name == name) return static_cast<int>(i);
  }
  if (absl::ConsumePrefix(&name, "x") && absl::SimpleAtoi(name, &index) && index >= 0 &&
      index < static_cast<int>(op.inputs.size())) {
    return index;
  }
  return -1;
}

std::optional<Field> ParseField(const CustomOp& op, absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos) return std::nullopt;
  Field field;
  field.input = FindInput(op, name.substr(0, dot));
  absl::string_view rest = name.substr(dot + 1);
  if (field.input < 0 || rest.empty()) return std::nullopt;
  field.what = rest[0];
  if (rest == "size") return field;
  if (field.what != 'd' && field.what != 'v') return std::nullopt;
  if (!absl::SimpleAtoi(rest.substr(1), &field.index) || field.index < 0 || field.index > 63) {
    return std::nullopt;
  }
  return field;
}

bool IsNumber(absl::string_view text, int64_t* value) { return absl::SimpleAtoi(text, value); }

// Every plain name that an expression of the operator may use.
std::vector<absl::string_view> NamesOf(const CustomOp& op) {
  std::vector<absl::string_view> names;
  int64_t number = 0;
  for (const CustomOp::Input& input : op.inputs) {
    for (const std::string& axis : input.axes) {
      if (axis != "_" && !IsNumber(axis, &number)) names.push_back(axis);
    }
  }
  for (const CustomOp::Attribute& a : op.attributes) names.push_back(a.name);
  for (const auto& [name, high] : op.data_dependent) names.push_back(name);
  return names;
}

// --- reading ---

class Reader {
 public:
  Reader(const YamlNode& node, std::vector<Problem>* problems) : root_(node), problems_(problems) {}

  std::vector<std::unique_ptr<CustomOp>> ReadFile() {
    std::vector<std::unique_ptr<CustomOp>> ops;
    if (root_.kind != YamlNode::Kind::kMap) {
      Say(root_.place, "is no mapping; begin with `schema: operators/1`");
      return ops;
    }
    CheckKeys(root_, {"schema", "operators"});
    const YamlNode* schema = root_.Find("schema");
    if (schema == nullptr || schema->text != kOperatorsSchema) {
      Say(schema == nullptr ? root_.place : schema->place,
          absl::StrCat("the schema is ",
                       schema == nullptr ? "missing" : absl::StrCat("`", schema->text, "`"),
                       "; write `schema: ", kOperatorsSchema, "`"));
      return ops;
    }
    const YamlNode* list = Mapping(root_, "operators", /*required=*/true);
    if (list == nullptr) return ops;
    if (list->entries.empty()) Say(list->place, "`operators` is empty; declare at least one");
    for (const YamlEntry& entry : list->entries) {
      auto op = std::make_unique<CustomOp>();
      op->name = entry.key;
      if (entry.value.kind != YamlNode::Kind::kMap) {
        Say(entry.place, absl::StrCat("`", entry.key,
                                      "` must be a mapping with `inputs` and "
                                      "`outputs`"));
        continue;
      }
      ReadOp(entry.value, entry.place, op.get());
      ops.push_back(std::move(op));
    }
    return ops;
  }

 private:
  void Say(Place place, std::string message) { problems_->push_back({place, std::move(message)}); }

  void CheckKeys(const YamlNode& map, absl::Span<const absl::string_view> known) {
    for (const YamlEntry& entry : map.entries) {
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      Say(entry.place, absl::StrCat("unknown key `", entry.key, "`", DidYouMean(entry.key, known),
                                    "; known are ", absl::StrJoin(known, ", ")));
    }
  }

  const YamlNode* Mapping(const YamlNode& map, absl::string_view key, bool required) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr) {
      if (required) Say(map.place, absl::StrCat("`", key, "` is missing; add it"));
      return nullptr;
    }
    if (node->kind == YamlNode::Kind::kMap) return node;
    Say(node->place, absl::StrCat("`", key, "` must be a mapping from names"));
    return nullptr;
  }

  std::string Text(const YamlNode& map, absl::string_view key) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr) return "";
    if (node->kind == YamlNode::Kind::kText && !node->text.empty()) return node->text;
    Say(node->place, absl::StrCat("`", key, "` must be one text"));
    return "";
  }

  // A name that may stand in expressions.
  bool CheckName(const std::string& name, Place place) {
    bool good = !name.empty() && name.size() <= 100 && !absl::ascii_isdigit(name[0]);
    for (char c : name) good &= absl::ascii_isalnum(c) || c == '_';
    static constexpr absl::string_view kWords[] = {"floordiv", "ceildiv", "mod", "min", "max"};
    good &= std::find(std::begin(kWords), std::end(kWords), name) == std::end(kWords);
    if (!good) {
      Say(place, absl::StrCat("`", name,
                              "` is no name; use letters, digits and _, and no function's name"));
    }
    return good;
  }

  void ReadOp(const YamlNode& node, Place place, CustomOp* op) {
    CheckKeys(node, {"domain", "inputs", "attributes", "data_dependent", "outputs", "role", "macs",
                     "flops", "transcendentals", "comparisons", "int_ops", "reads", "writes",
                     "formula", "source"});
    op->domain = Text(node, "domain");
    if (op->domain == "ai.onnx") op->domain.clear();
    op->formula = Text(node, "formula");
    op->source = Text(node, "source");
    if (OpTable::BuiltIn().Find(op->domain, op->name) != nullptr) {
      Say(place,
          absl::StrCat("`", op->name, "` of domain `", op->domain.empty() ? "ai.onnx" : op->domain,
                       "` is built in; `assay ops ", op->name, "` shows its rule"));
    }
    ReadRole(node, op);
    if (const YamlNode* inputs = Mapping(node, "inputs", /*required=*/true)) {
      if (inputs->entries.size() > kMostOperands) Say(inputs->place, "has more than 64 inputs");
      for (const YamlEntry& entry : inputs->entries) ReadInput(entry, op);
    }
    if (const YamlNode* attributes = Mapping(node, "attributes", /*required=*/false)) {
      for (const YamlEntry& entry : attributes->entries) ReadAttribute(entry, op);
    }
    if (const YamlNode* sizes = Mapping(node, "data_dependent", /*required=*/false)) {
      for (const YamlEntry& entry : sizes->entries) {
        // The bound may not name the size itself.
        if (!CheckName(entry.key, entry.place)) continue;
        std::string high = Expression(entry.value, *op);
        op->data_dependent.emplace_back(entry.key, std::move(high));
      }
    }
    if (const YamlNode* outputs = Mapping(node, "outputs", /*required=*/true)) {
      if (outputs->entries.empty()) Say(outputs->place, "`outputs` is empty; declare at least one");
      if (outputs->entries.size() > kMostOperands) Say(outputs->place, "has more than 64 outputs");
      for (const YamlEntry& entry : outputs->entries) ReadOutput(entry, op);
    }
    for (auto [key, text] :
         {std::pair("macs", &op->macs), std::pair("flops", &op->flops),
          std::pair("transcendentals", &op->transcendentals),
          std::pair("comparisons", &op->comparisons), std::pair("int_ops", &op->int_ops)}) {
      if (const YamlNode* count = node.Find(key)) *text = Expression(*count, *op);
    }
    std::vector<absl::string_view> inputs, outputs;
    for (const auto& i : op->inputs) inputs.push_back(i.name);
    for (const auto& o : op->outputs) outputs.push_back(o.name);
    ReadMoved(node, "reads", inputs, *op, &op->reads);
    ReadMoved(node, "writes", outputs, *op, &op->writes);
  }

  void ReadRole(const YamlNode& node, CustomOp* op) {
    const YamlNode* role = node.Find("role");
    if (role == nullptr) return;
    std::vector<absl::string_view> names;
    for (Role r : kRoles) {
      names.push_back(Name(r));
      if (role->text != Name(r)) continue;
      op->role = r;
      return;
    }
    Say(role->place, absl::StrCat("unknown role `", role->text, "`", DidYouMean(role->text, names),
                                  "; use one of ", absl::StrJoin(names, ", ")));
  }

  void ReadInput(const YamlEntry& entry, CustomOp* op) {
    if (!CheckName(entry.key, entry.place)) return;
    CustomOp::Input input{.name = entry.key};
    const YamlNode& axes = entry.value;
    if (axes.kind == YamlNode::Kind::kText && axes.text == "any") {
      input.any_rank = true;
    } else if (axes.kind != YamlNode::Kind::kList) {
      Say(axes.kind == YamlNode::Kind::kNull ? entry.place : axes.place,
          absl::StrCat("`", entry.key, "` must be a list of its axes, [n, 3, _], or `any`"));
    }
    for (const YamlNode& axis : axes.items) {
      int64_t number = 0;
      if (IsNumber(axis.text, &number)) {
        if (number < 0)
          Say(axis.place, absl::StrCat("an axis of size ", number, "; use 0 or more"));
      } else if (axis.text != "_" && !CheckName(axis.text, axis.place)) {
        continue;
      }
      input.axes.push_back(axis.text);
    }
    op->inputs.push_back(std::move(input));
  }

  void ReadAttribute(const YamlEntry& entry, CustomOp* op) {
    if (!CheckName(entry.key, entry.place)) return;
    CustomOp::Attribute a{.name = entry.key};
    if (entry.value.kind == YamlNode::Kind::kNull) {
      a.required = true;
    } else if (!IsNumber(entry.value.text, &a.fallback)) {
      Say(entry.value.place, absl::StrCat("the default of `", entry.key,
                                          "` is no whole number; write one, or ~ when the model "
                                          "must give it"));
    }
    op->attributes.push_back(std::move(a));
  }

  void ReadOutput(const YamlEntry& entry, CustomOp* op) {
    CustomOp::Output output{.name = entry.key};
    const YamlNode& node = entry.value;
    if (node.kind != YamlNode::Kind::kMap) {
      Say(entry.place,
          absl::StrCat("`", entry.key, "` must be a mapping with `shape` and `dtype`"));
      return;
    }
    CheckKeys(node, {"shape", "dtype"});
    const YamlNode* shape = node.Find("shape");
    if (shape == nullptr || shape->kind != YamlNode::Kind::kList) {
      Say(shape == nullptr ? entry.place : shape->place,
          absl::StrCat("`", entry.key, "` needs a `shape`, a list of expressions"));
    } else {
      for (const YamlNode& size : shape->items) output.shape.push_back(Expression(size, *op));
    }
    output.dtype = Text(node, "dtype");
    if (output.dtype.empty()) {
      output.dtype = "x0";
    } else if (FindInput(*op, output.dtype) < 0 && !ParseDType(output.dtype)) {
      std::vector<absl::string_view> names = {"f32", "f16", "bf16", "i64", "i32", "u8", "bool"};
      for (const auto& i : op->inputs) names.push_back(i.name);
      Say(node.Find("dtype")->place,
          absl::StrCat("`", output.dtype, "` is neither an element type nor an input",
                       DidYouMean(output.dtype, names), "; use f32, i64, ... or an input's name"));
    }
    op->outputs.push_back(std::move(output));
  }

  void ReadMoved(const YamlNode& node, absl::string_view key,
                 const std::vector<absl::string_view>& known, const CustomOp& op,
                 CustomOp::Named* out) {
    const YamlNode* map = Mapping(node, key, /*required=*/false);
    if (map == nullptr) return;
    for (const YamlEntry& entry : map->entries) {
      if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
        Say(entry.place,
            absl::StrCat("`", key, "` names `", entry.key, "`, which is no ",
                         key == "reads" ? "input" : "output", DidYouMean(entry.key, known),
                         "; use one of ", absl::StrJoin(known, ", ")));
      }
      out->emplace_back(entry.key, Expression(entry.value, op));
    }
  }

  // Tried in a pool of its own, so that a wrong expression is found now and not in some model.
  std::string Expression(const YamlNode& node, const CustomOp& op) {
    if (node.kind != YamlNode::Kind::kText || node.text.empty()) {
      Say(node.place, "is no expression; write one, such as 2 * n * c");
      return "";
    }
    if (node.text.size() > 1000) {
      Say(node.place, "the expression is longer than 1000 characters; divide it up");
      return "";
    }
    DimPool pool;
    absl::StatusOr<Dim> parsed =
        pool.Parse(node.text, [&](absl::string_view name) -> absl::StatusOr<Dim> {
          const std::vector<absl::string_view> names = NamesOf(op);
          if (std::find(names.begin(), names.end(), name) != names.end() || ParseField(op, name)) {
            return pool.Symbol(name);
          }
          return absl::NotFoundError(
              absl::StrCat("unknown name `", name, "`", DidYouMean(name, names),
                           "; names are the inputs' axes, attributes, and INPUT.d0, INPUT.size, "
                           "INPUT.v0"));
        });
    if (!parsed.ok()) {
      const absl::string_view said = parsed.status().message();  // mostly quotes the expression
      const bool quoted = absl::StartsWith(said, absl::StrCat("`", node.text, "`"));
      Say(node.place, absl::StrCat(quoted ? "" : absl::StrCat("`", node.text, "`: "), said));
    } else if (parsed->overflow()) {
      Say(node.place, absl::StrCat("`", node.text, "` leaves 64 bits; use smaller numbers"));
    }
    return node.text;
  }

  const YamlNode& root_;
  std::vector<Problem>* problems_;
};

std::vector<std::unique_ptr<CustomOp>> ReadOperators(absl::string_view text,
                                                     std::vector<Problem>* problems) {
  const YamlNode root = ParseYaml(text, problems);
  if (!problems->empty()) return {};
  return Reader(root, problems).ReadFile();
}

// --- rules ---

// The names of one op's expressions, bound.
class Scope {
 public:
  explicit Scope(OpContext& op) : op_(op), custom_(*op.row().custom) {}

  // Binds axes and attributes; an error where operands contradict the declaration.
  absl::Status Bind() {
    for (size_t i = 0; i < custom_.inputs.size(); ++i) {
      absl::Status s = BindInput(static_cast<int>(i), custom_.inputs[i]);
      if (!s.ok()) return s;
    }
    for (const CustomOp::Attribute& a : custom_.attributes) {
      if (a.required && !op_.has_attr(a.name)) {
        return OpError(absl::StrCat("attribute `", a.name,
                                    "` is missing; give it, or a default in the declaration"));
      }
      names_.emplace_back(a.name, Dim(op_.int_attr(a.name, a.fallback)));
    }
    return absl::OkStatus();
  }

  void Set(absl::string_view name, Dim value) { names_.emplace_back(name, value); }

  absl::StatusOr<Dim> Evaluate(absl::string_view text) {
    return op_.dims().Parse(
        text, [&](absl::string_view name) -> absl::StatusOr<Dim> { return Find(name); });
  }

 private:
  absl::Status BindInput(int i, const CustomOp::Input& input) {
    if (input.any_rank || !op_.ranked(i)) {
      for (const std::string& axis : input.axes) Name(axis, Dim());
      return absl::OkStatus();
    }
    const int rank = static_cast<int>(input.axes.size());
    if (op_.rank(i) != rank) {
      return OpError(absl::StrCat("operand ", i, " (", input.name, ") has rank ", op_.rank(i),
                                  "; its declaration says ", rank));
    }
    for (int k = 0; k < rank; ++k) {
      const std::string& axis = input.axes[k];
      Dim size = op_.dim(i, k);
      int64_t number = 0;
      if (axis == "_") continue;
      if (IsNumber(axis, &number)) {
        absl::Status s = Merge(op_, &size, Dim(number), "an operand's axis and its declaration");
        if (!s.ok()) return s;
        continue;
      }
      Dim* bound = Name(axis, Dim());
      absl::Status s =
          Merge(op_, bound, size, absl::StrCat("two operands' axes declared as `", axis, "`"));
      if (!s.ok()) return s;
    }
    return absl::OkStatus();
  }

  Dim* Name(absl::string_view name, Dim value) {
    for (auto& [known, dim] : names_) {
      if (known == name) return &dim;
    }
    return &names_.emplace_back(name, value).second;
  }

  absl::StatusOr<Dim> Find(absl::string_view name) {
    for (const auto& [known, dim] : names_) {
      if (known == name) return dim;
    }
    const std::optional<Field> field = ParseField(custom_, name);
    if (!field.has_value()) return Dim();
    if (field->what == 's') return op_.in_elements(field->input);
    if (field->what == 'd') return op_.dim(field->input, field->index);
    const std::optional<std::vector<Dim>> contents = op_.ints_value(field->input);
    const size_t k = static_cast<size_t>(field->index);
    return contents.has_value() && k < contents->size() ? (*contents)[k] : Dim();
  }

  OpContext& op_;
  const CustomOp& custom_;
  std::vector<std::pair<absl::string_view, Dim>> names_;
};

absl::Status CustomShape(OpContext& op) {
  const CustomOp& custom = *op.row().custom;
  Scope scope(op);
  if (absl::Status s = scope.Bind(); !s.ok()) return s;
  for (const auto& [name, high] : custom.data_dependent) {
    absl::StatusOr<Dim> most = scope.Evaluate(high);
    if (!most.ok()) return most.status();
    Bounds bounds{.low = 0, .high = Bounds::kNoBound};
    if (most->known() || most->symbolic()) {
      bounds.high = std::max<int64_t>(op.dims().BoundsOf(*most).high, 0);
    }
    scope.Set(name, op.Fresh(0, bounds, name));
  }
  for (size_t i = 0; i < custom.outputs.size(); ++i) {
    const CustomOp::Output& output = custom.outputs[i];
    const int like = FindInput(custom, output.dtype);
    const DType dtype =
        like >= 0 ? op.dtype(like) : ParseDType(output.dtype).value_or(DType::kUndefined);
    Dims dims;
    for (const std::string& size : output.shape) {
      absl::StatusOr<Dim> dim = scope.Evaluate(size);
      if (!dim.ok()) return dim.status();
      if (dim->known() && dim->value() < 0) {
        return OpError(absl::StrCat("`", size, "` of result `", output.name, "` is ", dim->value(),
                                    "; check operands, attributes and the declaration"));
      }
      dims.push_back(*dim);
    }
    op.SetOut(static_cast<int>(i), dtype, std::move(dims));
  }
  return absl::OkStatus();
}

// A data-dependent size, found again as the axis of a result that is declared so.
Dim FindAgain(OpContext& op, const CustomOp& custom, absl::string_view name) {
  for (size_t i = 0; i < custom.outputs.size(); ++i) {
    const Type& type = op.out(static_cast<int>(i));
    const std::vector<std::string>& shape = custom.outputs[i].shape;
    if (!type.ranked || type.dims.size() != shape.size()) continue;
    for (size_t k = 0; k < shape.size(); ++k) {
      if (shape[k] == name) return type.dims[k];
    }
  }
  return Dim();
}

absl::Status CustomWork(OpContext& op) {
  const CustomOp& custom = *op.row().custom;
  Scope scope(op);
  if (absl::Status s = scope.Bind(); !s.ok()) return s;
  for (const auto& [name, high] : custom.data_dependent) {
    scope.Set(name, FindAgain(op, custom, name));
  }
  absl::Status status;
  // What a count comes to; below zero is a mistake of the declaration.
  const auto count = [&](absl::string_view text) {
    if (text.empty()) return Dim(0);
    absl::StatusOr<Dim> d = scope.Evaluate(text);
    if (d.ok() && !(d->known() && d->value() < 0)) return *d;
    if (status.ok()) {
      status = d.ok() ? OpError(absl::StrCat("`", text, "` is ", d->value(),
                                             "; a count is at least 0: check the declaration"))
                      : d.status();
    }
    return Dim();
  };
  Work& work = op.work();
  work.macs = count(custom.macs);
  work.flops = op.dims().Add(op.dims().Mul(Dim(2), work.macs), count(custom.flops));
  work.transcendentals = count(custom.transcendentals);
  work.comparisons = count(custom.comparisons);
  work.int_ops = count(custom.int_ops);
  for (const auto& [name, text] : custom.reads) {
    const int i = FindInput(custom, name);
    if (op.has(i)) work.reads[i] = count(text);
  }
  for (const auto& [name, text] : custom.writes) {
    for (size_t i = 0; i < custom.outputs.size(); ++i) {
      if (custom.outputs[i].name != name || !op.has_out(static_cast<int>(i))) continue;
      work.writes[i] = count(text);
    }
  }
  return status;
}

OpRow RowOf(const CustomOp& op) {
  OpRow row;
  row.name = op.name;
  row.domain = op.domain;
  row.family = Family::kCustom;
  row.role = op.role;
  row.shape = CustomShape;
  row.work = CustomWork;
  row.formula = op.formula.empty() ? "as declared" : absl::string_view(op.formula);
  row.source = op.source.empty() ? "declared by --ops" : absl::string_view(op.source);
  row.custom = &op;
  return row;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const CustomOps>> CustomOps::Load(
    absl::Span<const std::string> paths) {
  auto all = std::make_shared<CustomOps>();
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> text = ReadYamlFile(path);
    if (!text.ok()) return text.status();
    std::vector<Problem> problems;
    std::vector<std::unique_ptr<CustomOp>> ops = ReadOperators(*text, &problems);
    if (!problems.empty()) return absl::InvalidArgumentError(Describe(path, problems.front()));
    for (std::unique_ptr<CustomOp>& op : ops) {
      if (all->table_.Find(op->domain, op->name) != nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(
            path, ": `", op->name, "` is declared by an earlier file too; keep one of them"));
      }
      all->rows_.push_back(std::make_unique<OpRow>(RowOf(*op)));
      all->table_.Add(*all->rows_.back());
      all->ops_.push_back(std::move(op));
    }
  }
  return std::shared_ptr<const CustomOps>(std::move(all));
}

std::vector<std::string> CheckOperatorsFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadYamlFile(path);
  if (!text.ok()) return {std::string(text.status().message())};
  std::vector<Problem> problems;
  ReadOperators(*text, &problems);
  std::vector<std::string> messages;
  for (const Problem& p : problems) messages.push_back(Describe(path, p));
  return messages;
}

}  // namespace assay
