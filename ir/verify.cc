#include "ir/verify.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "ir/graph_internals.h"

namespace assay {
namespace {

constexpr InvariantRow kInvariants[] = {
    {1, "Every id that an op, value, region, attribute, constant or claim holds names an entry."},
    {2, "The operands and the attributes of an op are a range within their store."},
    {3,
     "Ops stand depth first: the ops of a region follow each other, subtree by subtree, and fill "
     "it."},
    {4, "The main region has no owner; every other one is an attribute of its owner, once."},
    {5,
     "A value is defined once, where it says: result of an op, argument of a region, or weight."},
    {6, "A value is defined before it is used, in the user's region or in one around it."},
    {7, "The uses of a value are those of all operands and region results, in op order."},
    {8,
     "A constant's dimensions are not negative, their product fits 63 bits, and contents held "
     "inline "
     "are as many as the elements."},
    {9,
     "A claimed type is well formed: dimensions from -1 up, at most one element type, known "
     "kinds."},
};

// What is wrong, without the rest of the sentence; empty when nothing is.
using Problem = std::string;

absl::Status Violation(int number, absl::string_view where, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("V", number, ": ", where, ": ", what, " (", kInvariants[number - 1].text, ")"));
}

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : g_(graph) {}

  absl::Status Run() {
    for (auto check :
         {&Verifier::CheckIds, &Verifier::CheckRanges, &Verifier::CheckAttrs,
          &Verifier::CheckNesting, &Verifier::CheckDefinitions, &Verifier::CheckVisibility,
          &Verifier::CheckUses, &Verifier::CheckConstants, &Verifier::CheckClaims}) {
      if (absl::Status s = (this->*check)(); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

 private:
  template <class Store>
  static bool In(int64_t index, const Store& store) {
    return index >= 0 && index < static_cast<int64_t>(store.size());
  }
  bool IsName(NameId id) const { return In(id.index, names_); }
  bool IsNameOrNone(NameId id) const { return !id.has_value() || IsName(id); }
  bool IsValueOrNone(ValueId id) const { return !id.has_value() || In(id.index, values_); }

  std::string OpName(int64_t i) const {
    return absl::StrCat("#", i, " ", IsName(ops_[i].type) ? g_.str(ops_[i].type) : "?");
  }
  std::string ValueName(int64_t i) const {
    return absl::StrCat("value ", i, " `", IsName(values_[i].name) ? g_.name(ValueId(i)) : "?",
                        "`");
  }

  // V1, all but what attributes hold.
  absl::Status CheckIds() {
    for (size_t i = 0; i < ops_.size(); ++i) {
      const Op& op = ops_[i];
      const Location& at = op.location;
      if (!IsName(op.type) || !IsName(op.domain) || !IsNameOrNone(at.name) ||
          !IsNameOrNone(at.scope) || !IsNameOrNone(at.module)) {
        return Violation(1, OpName(i), "a name is out of range");
      }
      if (!In(op.region.index, regions_)) return Violation(1, OpName(i), "region out of range");
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      const Value& v = values_[i];
      Problem problem;
      if (!IsName(v.name)) problem = "name out of range";
      if (!In(v.region.index, regions_)) problem = "region out of range";
      if (v.claim >= 0 && !In(v.claim, claims_)) problem = "claim out of range";
      if (v.def == Value::Def::kOp && !In(v.op.index, ops_)) problem = "op out of range";
      if (v.def == Value::Def::kWeight && !In(v.constant.index, constants_)) {
        problem = "constant out of range";
      }
      if (!problem.empty()) return Violation(1, ValueName(i), problem);
    }
    if (regions_.empty()) return Violation(1, "graph", "there is no main region");
    for (size_t i = 0; i < regions_.size(); ++i) {
      const Region& r = regions_[i];
      bool ok = IsNameOrNone(r.name) && (!r.owner.has_value() || In(r.owner.index, ops_));
      for (ValueId v : r.args) ok = ok && In(v.index, values_);
      for (ValueId v : r.results) ok = ok && IsValueOrNone(v);
      if (!ok) return Violation(1, absl::StrCat("region ", i), "an id is out of range");
    }
    for (ValueId v : operands_) {
      if (!IsValueOrNone(v)) return Violation(1, "operands", "a value is out of range");
    }
    for (size_t i = 0; i < constants_.size(); ++i) {
      const Constant& c = constants_[i];
      bool ok = IsNameOrNone(c.name) && IsNameOrNone(c.payload.path);
      for (NameId s : c.payload.strings) ok = ok && IsName(s);
      if (!ok) return Violation(1, absl::StrCat("constant ", i), "a name is out of range");
    }
    return absl::OkStatus();
  }

  // V2.
  absl::Status CheckRanges() {
    for (size_t i = 0; i < ops_.size(); ++i) {
      const Op& op = ops_[i];
      if (op.inputs_begin > op.inputs_end || op.inputs_end > operands_.size() ||
          op.outputs_begin > op.outputs_end || op.outputs_end > operands_.size()) {
        return Violation(2, OpName(i), "its operands are no range of the store");
      }
      if (op.attrs_begin > op.attrs_end || op.attrs_end > attrs_.size()) {
        return Violation(2, OpName(i), "its attributes are no range of the store");
      }
    }
    return absl::OkStatus();
  }

  // V1 for attributes.
  absl::Status CheckAttrs() {
    for (const Attr& attr : attrs_) {
      bool ok = IsName(attr.name);
      switch (attr.kind) {
        case AttrKind::kString:
          ok = ok && IsName(attr.s);
          break;
        case AttrKind::kStrings:
          for (NameId s : attr.strings) ok = ok && IsName(s);
          break;
        case AttrKind::kTensor:
          ok = ok && In(attr.i, constants_);
          break;
        case AttrKind::kTensors:
          for (int64_t c : attr.ints) ok = ok && In(c, constants_);
          break;
        case AttrKind::kRegion:
          ok = ok && In(attr.i, regions_);
          break;
        case AttrKind::kRegions:
          for (int64_t r : attr.ints) ok = ok && In(r, regions_);
          break;
        case AttrKind::kType:
          ok = ok && In(attr.i, claims_);
          break;
        case AttrKind::kInt:
        case AttrKind::kFloat:
        case AttrKind::kInts:
        case AttrKind::kFloats:
          break;
      }
      if (!ok) {
        return Violation(
            1, absl::StrCat("attribute `", IsName(attr.name) ? g_.str(attr.name) : "?", "`"),
            "an id is out of range");
      }
    }
    return absl::OkStatus();
  }

  // V3 and V4, in one walk that meets every region and every op where it must stand.
  absl::Status CheckNesting() {
    struct Frame {
      int region;
      int next;  // op
    };
    const int num_ops = static_cast<int>(ops_.size());
    std::vector<bool> met(regions_.size());
    const Region& main = regions_[0];
    if (main.owner.has_value()) return Violation(4, "region 0", "it has an owner");
    if (main.begin.index != 0 || main.end.index != num_ops) {
      return Violation(3, "region 0", "it does not span all ops");
    }
    met[0] = true;
    std::vector<Frame> stack = {{0, 0}};
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const int end = regions_[frame.region].end.index;
      if (frame.next == end) {
        stack.pop_back();
        continue;
      }
      const int i = frame.next;
      const Op& op = ops_[i];
      const int subtree_end = op.subtree_end.index;
      if (op.region.index != frame.region) {
        return Violation(
            3, OpName(i),
            absl::StrCat("it says region ", op.region.index, " and stands in ", frame.region));
      }
      if (subtree_end <= i || subtree_end > end) {
        return Violation(3, OpName(i), "its subtree does not end within its region");
      }
      frame.next = subtree_end;
      int pos = i + 1;
      for (RegionId id : g_.regions(OpId(i))) {  // (frame is not valid after a push)
        const Region& r = regions_[id.index];
        if (met[id.index]) return Violation(4, OpName(i), "a region of it has another owner");
        met[id.index] = true;
        if (r.owner.index != i) return Violation(4, OpName(i), "a region of it says otherwise");
        if (r.begin.index != pos || r.end.index < pos || r.end.index > subtree_end) {
          return Violation(3, OpName(i), "its regions do not follow each other");
        }
        pos = r.end.index;
        stack.push_back({id.index, r.begin.index});
      }
      if (pos != subtree_end) {
        return Violation(3, OpName(i), "its regions do not fill its subtree");
      }
    }
    for (size_t i = 0; i < met.size(); ++i) {
      if (!met[i]) return Violation(4, absl::StrCat("region ", i), "no attribute holds it");
    }
    return absl::OkStatus();
  }

  // V5: each result and argument names a value that names it; then counts tell that none is left
  // over.
  absl::Status CheckDefinitions() {
    int64_t defined = 0;
    for (size_t i = 0; i < ops_.size(); ++i) {
      absl::Span<const ValueId> outputs = g_.outputs(OpId(i));
      for (size_t k = 0; k < outputs.size(); ++k) {
        if (!outputs[k].has_value()) continue;
        const Value& v = g_.value(outputs[k]);
        if (v.def != Value::Def::kOp || v.op.index != static_cast<int>(i) ||
            v.index != static_cast<int>(k) || v.region != ops_[i].region) {
          return Violation(5, ValueName(outputs[k].index),
                           absl::StrCat("it is not what result ", k, " of ", OpName(i), " is"));
        }
        ++defined;
      }
    }
    for (size_t i = 0; i < regions_.size(); ++i) {
      const std::vector<ValueId>& args = regions_[i].args;
      for (size_t k = 0; k < args.size(); ++k) {
        const Value& v = g_.value(args[k]);
        if (v.def != Value::Def::kArg || v.region.index != static_cast<int>(i) ||
            v.index != static_cast<int>(k)) {
          return Violation(5, ValueName(args[k].index),
                           absl::StrCat("it is not what argument ", k, " of region ", i, " is"));
        }
        ++defined;
      }
    }
    for (const Value& v : values_) defined += v.def == Value::Def::kWeight;
    if (defined != static_cast<int64_t>(values_.size())) {
      return Violation(5, "graph", absl::StrCat(values_.size(), " values, ", defined, " defined"));
    }
    return absl::OkStatus();
  }

  // Is `v` visible to what stands in `region` as part of (or as) op `user`? The region's own
  // results come after all its ops: then `user` is none.
  bool Visible(ValueId id, RegionId region, OpId user) const {
    const Value& v = g_.value(id);
    while (v.region != region) {
      user = g_.region(region).owner;
      if (!user.has_value()) return false;
      region = g_.op(user).region;
    }
    return v.def != Value::Def::kOp || !user.has_value() || v.op.index < user.index;
  }

  // V6.
  absl::Status CheckVisibility() {
    for (size_t i = 0; i < ops_.size(); ++i) {
      absl::Span<const ValueId> inputs = g_.inputs(OpId(i));
      for (size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k].has_value() && !Visible(inputs[k], ops_[i].region, OpId(i))) {
          return Violation(6, absl::StrCat(OpName(i), ", operand ", k),
                           absl::StrCat(ValueName(inputs[k].index), " is not visible there"));
        }
      }
    }
    for (size_t i = 0; i < regions_.size(); ++i) {
      for (ValueId v : regions_[i].results) {
        if (v.has_value() && !Visible(v, RegionId(i), OpId())) {
          return Violation(6, absl::StrCat("results of region ", i),
                           absl::StrCat(ValueName(v.index), " is not visible there"));
        }
      }
    }
    return absl::OkStatus();
  }

  // V7: walks all uses in op order and takes them off each value's list, front to back.
  absl::Status CheckUses() {
    if (use_begin_.size() != values_.size() + 1 || use_begin_[0] != 0 ||
        use_begin_.back() != uses_.size()) {
      return Violation(7, "graph", "the lists of uses do not fill their store");
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      if (use_begin_[i] > use_begin_[i + 1]) {
        return Violation(7, ValueName(i), "its list of uses is no range of the store");
      }
    }
    std::vector<uint32_t> next(use_begin_.begin(), use_begin_.end() - 1);
    auto take = [&](ValueId v, OpId op, size_t operand, RegionId region) {
      if (!v.has_value()) return true;
      if (next[v.index] == use_begin_[v.index + 1]) return false;
      const Use& use = uses_[next[v.index]++];
      return use.op == op && use.operand == static_cast<int>(operand) && use.region == region;
    };
    auto take_results = [&](RegionId region) {
      const std::vector<ValueId>& results = g_.region(region).results;
      for (size_t k = 0; k < results.size(); ++k) {
        if (!take(results[k], OpId(), k, region)) return false;
      }
      return true;
    };
    bool ok = true;
    for (size_t i = 0; i < ops_.size() && ok; ++i) {
      OpId id(i);
      absl::Span<const ValueId> inputs = g_.inputs(id);
      for (size_t k = 0; k < inputs.size(); ++k) ok = ok && take(inputs[k], id, k, RegionId());
      for (RegionId r : g_.regions(id)) ok = ok && take_results(r);
      if (!ok) return Violation(7, OpName(i), "a use of it is missing or in the wrong place");
    }
    if (!take_results(Graph::kMain)) {
      return Violation(7, "results of region 0", "a use is missing or in the wrong place");
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      if (next[i] != use_begin_[i + 1]) return Violation(7, ValueName(i), "it has a use too many");
    }
    return absl::OkStatus();
  }

  // V8.
  absl::Status CheckConstants() {
    for (size_t i = 0; i < constants_.size(); ++i) {
      const Constant& c = constants_[i];
      Problem problem;
      int64_t elements = absl::c_linear_search(c.dims, 0) ? 0 : 1;
      for (int64_t d : c.dims) {
        if (d < 0) problem = "a dimension is negative";
        if (__builtin_mul_overflow(elements, d, &elements)) problem = "more than 2^63 elements";
      }
      if (problem.empty()) {
        const Payload& p = c.payload;
        const size_t held = p.ints.size() + p.reals.size() + p.strings.size();
        // A complex element may be held as two reals.
        const bool pairs = KindOf(c.dtype) == DTypeKind::kComplex;
        if (c.sparse ? c.stored_elements < 0 || c.stored_elements > elements
                     : c.stored_elements != elements) {
          problem =
              absl::StrCat(c.stored_elements, " elements stored, ", elements, " by dimensions");
        } else if (p.kind != Payload::Kind::kInline && held != 0) {
          problem = "it is not inline and holds contents";
        } else if (p.kind == Payload::Kind::kInline && !c.sparse &&
                   held != static_cast<size_t>(elements) &&
                   !(pairs && held == 2 * static_cast<size_t>(elements))) {
          problem = absl::StrCat(held, " elements inline, ", elements, " by dimensions");
        }
      }
      if (!problem.empty()) {
        return Violation(8, absl::StrCat("constant ", i, " `", g_.str(c.name), "`"), problem);
      }
    }
    return absl::OkStatus();
  }

  // V9. Element types nest a few deep; whoever builds claims from a file bounds that.
  Problem ClaimProblem(const ClaimedType& claim) const {
    if (claim.kind > TypeKind::kMap) return "unknown kind";
    if (claim.dtype > DType::kC128) return "unknown element type";
    if (claim.element.size() > 1) return "several element types";
    for (const ClaimedDim& d : claim.dims) {
      if (d.value < -1) return "a dimension is under -1";
      if (!IsNameOrNone(d.symbol)) return "a dimension's name is out of range";
    }
    return claim.element.empty() ? Problem() : ClaimProblem(claim.element[0]);
  }

  absl::Status CheckClaims() {
    for (size_t i = 0; i < claims_.size(); ++i) {
      Problem problem = ClaimProblem(claims_[i]);
      if (!problem.empty()) return Violation(9, absl::StrCat("claim ", i), problem);
    }
    return absl::OkStatus();
  }

  const Graph& g_;
  const std::vector<Op>& ops_ = GraphInternals::ops(g_);
  const std::vector<Value>& values_ = GraphInternals::values(g_);
  const std::vector<Region>& regions_ = GraphInternals::regions(g_);
  const std::vector<Constant>& constants_ = GraphInternals::constants(g_);
  const std::vector<ClaimedType>& claims_ = GraphInternals::claims(g_);
  const std::vector<ValueId>& operands_ = GraphInternals::operands(g_);
  const std::vector<Attr>& attrs_ = GraphInternals::attrs(g_);
  const std::vector<Use>& uses_ = GraphInternals::uses(g_);
  const std::vector<uint32_t>& use_begin_ = GraphInternals::use_begin(g_);
  const std::vector<absl::string_view>& names_ = GraphInternals::names(g_);
};

}  // namespace

absl::Span<const InvariantRow> InvariantRows() { return kInvariants; }

absl::Status VerifyGraph(const Graph& graph) { return Verifier(graph).Run(); }

}  // namespace assay
