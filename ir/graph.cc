#include "ir/graph.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/op_table.h"
#include "ir/verify.h"

namespace assay {

absl::string_view Name(AttrKind kind) {
  constexpr absl::string_view kNames[] = {"an integer", "a number", "a string", "integers",
                                          "numbers",    "strings",  "a tensor", "tensors",
                                          "a graph",    "graphs",   "a type"};
  return kNames[static_cast<size_t>(kind)];
}

const Attr* Graph::FindAttr(OpId id, absl::string_view name) const {
  for (const Attr& attr : attrs(id)) {
    if (str(attr.name) == name) return &attr;
  }
  return nullptr;
}

std::vector<RegionId> Graph::regions(OpId id) const {
  std::vector<RegionId> out;
  for (const Attr& attr : attrs(id)) {
    if (attr.kind == AttrKind::kRegion) out.push_back(RegionId(attr.i));
    if (attr.kind == AttrKind::kRegions) {
      for (int64_t i : attr.ints) out.push_back(RegionId(i));
    }
  }
  return out;
}

NameId Graph::FindName(absl::string_view s) const {
  auto it = name_index_.find(s);
  return it == name_index_.end() ? NameId() : it->second;
}

std::string Graph::Describe(OpId id) const {
  const Op& o = op(id);
  absl::string_view type = str(o.type);
  absl::string_view name = str(o.location.name);
  absl::string_view scope = str(o.location.scope);
  if (name.empty()) {
    for (ValueId out : outputs(id)) {
      if (out.has_value() && !this->name(out).empty()) {
        return absl::StrCat(type, " that makes `", this->name(out), "`");
      }
    }
    return absl::StrCat("#", id.index, " ", type);
  }
  if (scope.empty()) return absl::StrCat(type, " `", name, "`");
  return absl::StrCat(type, " `", name, "` in `", scope, "`");
}

absl::StatusOr<std::vector<Elem>> StoredElements(const Graph& graph, const Constant& constant) {
  if (constant.stored_elements == 0) return std::vector<Elem>();
  const Payload& payload = constant.payload;
  absl::StatusOr<std::vector<Elem>> elems = absl::NotFoundError("contents are not stored");
  if (payload.kind == Payload::Kind::kInline) {
    elems.emplace();
    for (int64_t i : payload.ints) elems->push_back(Elem::Int(i));
    for (double r : payload.reals) elems->push_back(Elem::Real(r));
  } else if (payload.kind != Payload::Kind::kAbsent && graph.reader() != nullptr) {
    elems = graph.reader()->Read(constant);
  }
  if (elems.ok() && static_cast<int64_t>(elems->size()) != constant.stored_elements) {
    return absl::NotFoundError("contents do not fit the shape");
  }
  return elems;
}

GraphBuilder::GraphBuilder(const OpTable& table) : table_(table) {
  Region main;
  main.begin = OpId(0);
  graph_.regions_.push_back(main);
  open_regions_.push_back(Graph::kMain);
}

// Names are many and short: they share blocks.
absl::string_view GraphBuilder::Keep(absl::string_view s) {
  if (s.empty()) return "";
  if (s.size() > letters_left_.size()) {
    const size_t size = std::max<size_t>(s.size(), 4096);
    std::unique_ptr<char[]> block(new char[size]);
    letters_left_ = absl::MakeSpan(block.get(), size);
    graph_.letters_.push_back(std::move(block));
  }
  char* at = letters_left_.data();
  std::memcpy(at, s.data(), s.size());
  letters_left_.remove_prefix(s.size());
  return absl::string_view(at, s.size());
}

NameId GraphBuilder::Intern(absl::string_view s) {
  auto it = graph_.name_index_.lazy_emplace(s, [&](const auto& make) {
    graph_.names_.push_back(Keep(s));
    make(graph_.names_.back(), NameId(static_cast<int64_t>(graph_.names_.size()) - 1));
  });
  return it->second;
}

ConstantId GraphBuilder::AddConstant(Constant constant) {
  graph_.constants_.push_back(std::move(constant));
  return ConstantId(static_cast<int64_t>(graph_.constants_.size()) - 1);
}

ConstantId GraphBuilder::AddInts(std::vector<int64_t> dims, std::vector<int64_t> ints, DType dtype,
                                 NameId name) {
  Constant c;
  c.name = name;
  c.dtype = dtype;
  c.dims = std::move(dims);
  c.stored_elements = static_cast<int64_t>(ints.size());
  c.payload.kind = Payload::Kind::kInline;
  c.payload.ints = std::move(ints);
  return AddConstant(std::move(c));
}

ConstantId GraphBuilder::AddReals(std::vector<int64_t> dims, std::vector<double> reals, DType dtype,
                                  NameId name) {
  Constant c;
  c.name = name;
  c.dtype = dtype;
  c.dims = std::move(dims);
  c.stored_elements = static_cast<int64_t>(reals.size());
  c.payload.kind = Payload::Kind::kInline;
  c.payload.reals = std::move(reals);
  return AddConstant(std::move(c));
}

int32_t GraphBuilder::AddClaim(ClaimedType claim) {
  graph_.claims_.push_back(std::move(claim));
  return static_cast<int32_t>(graph_.claims_.size()) - 1;
}

ValueId GraphBuilder::AddArg(absl::string_view name, ClaimedType claim) {
  Region& region = graph_.regions_[open_regions_.back().index];
  Value v;
  v.name = Intern(name);
  v.def = Value::Def::kArg;
  v.region = open_regions_.back();
  v.index = static_cast<int32_t>(region.args.size());
  if (claim.kind != TypeKind::kUnknown) v.claim = AddClaim(std::move(claim));
  graph_.values_.push_back(v);
  ValueId id(static_cast<int64_t>(graph_.values_.size()) - 1);
  region.args.push_back(id);
  return id;
}

ValueId GraphBuilder::AddWeight(absl::string_view name, ConstantId constant) {
  Value v;
  v.name = Intern(name);
  v.def = Value::Def::kWeight;
  v.region = open_regions_.back();
  v.constant = constant;
  graph_.values_.push_back(v);
  return ValueId(static_cast<int64_t>(graph_.values_.size()) - 1);
}

OpId GraphBuilder::BeginOp(absl::string_view type, absl::string_view domain, int32_t opset,
                           absl::Span<const ValueId> inputs, Location location) {
  Op o;
  o.type = Intern(type);
  o.domain = Intern(domain == "ai.onnx" ? absl::string_view() : domain);
  o.opset = opset;
  o.region = open_regions_.back();
  o.location = location;
  auto [it, is_new] = rows_.try_emplace({o.domain, o.type}, nullptr);
  if (is_new) it->second = table_.Find(str(o.domain), type);
  o.row = it->second;
  o.inputs_begin = static_cast<uint32_t>(graph_.operands_.size());
  graph_.operands_.insert(graph_.operands_.end(), inputs.begin(), inputs.end());
  o.inputs_end = static_cast<uint32_t>(graph_.operands_.size());
  OpId id(static_cast<int64_t>(graph_.ops_.size()));
  graph_.ops_.push_back(o);
  open_ops_.push_back({id, {}, {}});
  return id;
}

void GraphBuilder::AddAttr(Attr attr) { open_ops_.back().attrs.push_back(std::move(attr)); }

void GraphBuilder::AddIntAttr(absl::string_view name, int64_t i) {
  Attr a;
  a.name = Intern(name);
  a.kind = AttrKind::kInt;
  a.i = i;
  AddAttr(std::move(a));
}

void GraphBuilder::AddFloatAttr(absl::string_view name, double f) {
  Attr a;
  a.name = Intern(name);
  a.kind = AttrKind::kFloat;
  a.f = f;
  AddAttr(std::move(a));
}

void GraphBuilder::AddStringAttr(absl::string_view name, absl::string_view s) {
  Attr a;
  a.name = Intern(name);
  a.kind = AttrKind::kString;
  a.s = Intern(s);
  AddAttr(std::move(a));
}

void GraphBuilder::AddIntsAttr(absl::string_view name, std::vector<int64_t> ints) {
  Attr a;
  a.name = Intern(name);
  a.kind = AttrKind::kInts;
  a.ints = std::move(ints);
  AddAttr(std::move(a));
}

void GraphBuilder::AddTensorAttr(absl::string_view name, ConstantId constant) {
  Attr a;
  a.name = Intern(name);
  a.kind = AttrKind::kTensor;
  a.i = constant.index;
  AddAttr(std::move(a));
}

ValueId GraphBuilder::AddResult(absl::string_view name) {
  Value v;
  v.name = Intern(name);
  v.def = Value::Def::kOp;
  v.op = open_ops_.back().id;
  v.region = open_regions_.back();
  v.index = static_cast<int32_t>(open_ops_.back().outputs.size());
  graph_.values_.push_back(v);
  ValueId id(static_cast<int64_t>(graph_.values_.size()) - 1);
  open_ops_.back().outputs.push_back(id);
  return id;
}

void GraphBuilder::AddOmittedResult() { open_ops_.back().outputs.push_back(ValueId()); }

RegionId GraphBuilder::BeginRegion(absl::string_view attr_name) {
  RegionId id(static_cast<int64_t>(graph_.regions_.size()));
  Region region;
  region.owner = open_ops_.back().id;
  region.name = Intern(attr_name);
  region.begin = OpId(static_cast<int64_t>(graph_.ops_.size()));
  graph_.regions_.push_back(std::move(region));
  open_regions_.push_back(id);
  Attr a;
  a.name = Intern(attr_name);
  a.kind = AttrKind::kRegion;
  a.i = id.index;
  AddAttr(std::move(a));
  return id;
}

void GraphBuilder::EndRegion(std::vector<ValueId> results) {
  Region& region = graph_.regions_[open_regions_.back().index];
  region.end = OpId(static_cast<int64_t>(graph_.ops_.size()));
  region.results = std::move(results);
  open_regions_.pop_back();
}

void GraphBuilder::EndOp() {
  OpenOp open = std::move(open_ops_.back());
  open_ops_.pop_back();
  Op& o = graph_.ops_[open.id.index];
  o.outputs_begin = static_cast<uint32_t>(graph_.operands_.size());
  graph_.operands_.insert(graph_.operands_.end(), open.outputs.begin(), open.outputs.end());
  o.outputs_end = static_cast<uint32_t>(graph_.operands_.size());
  o.attrs_begin = static_cast<uint32_t>(graph_.attrs_.size());
  for (Attr& a : open.attrs) graph_.attrs_.push_back(std::move(a));
  o.attrs_end = static_cast<uint32_t>(graph_.attrs_.size());
  o.subtree_end = OpId(static_cast<int64_t>(graph_.ops_.size()));
}

absl::StatusOr<Graph> GraphBuilder::Finish(std::vector<ValueId> results) && {
  Region& main = graph_.regions_[0];
  main.end = OpId(static_cast<int64_t>(graph_.ops_.size()));
  main.results = std::move(results);

  // Uses, by counting sort: count, prefix sums, fill in op order. The results of a region are used
  // where its owner stands; those of the main region after all ops.
  std::vector<uint32_t>& begin = graph_.use_begin_;
  begin.assign(graph_.values_.size() + 1, 0);
  auto for_each_use = [&](auto&& visit) {
    for (size_t i = 0; i < graph_.ops_.size(); ++i) {
      OpId id(static_cast<int64_t>(i));
      absl::Span<const ValueId> inputs = graph_.inputs(id);
      for (size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k].has_value()) visit(inputs[k], Use{id, static_cast<int32_t>(k), RegionId()});
      }
      const Op& o = graph_.ops_[i];
      if (o.subtree_end.index == id.index + 1 && o.attrs_begin == o.attrs_end) continue;
      for (RegionId r : graph_.regions(id)) {
        const std::vector<ValueId>& res = graph_.regions_[r.index].results;
        for (size_t k = 0; k < res.size(); ++k) {
          if (res[k].has_value()) visit(res[k], Use{OpId(), static_cast<int32_t>(k), r});
        }
      }
    }
    for (size_t k = 0; k < main.results.size(); ++k) {
      if (main.results[k].has_value()) {
        visit(main.results[k], Use{OpId(), static_cast<int32_t>(k), Graph::kMain});
      }
    }
  };
  for_each_use([&](ValueId v, const Use&) { ++begin[v.index + 1]; });
  for (size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  graph_.uses_.resize(begin.back());
  std::vector<uint32_t> next(begin.begin(), begin.end() - 1);
  for_each_use([&](ValueId v, const Use& use) { graph_.uses_[next[v.index]++] = use; });

#ifndef NDEBUG
  if (absl::Status s = VerifyGraph(graph_); !s.ok()) return s;
#endif
  return std::move(graph_);
}

}  // namespace assay
