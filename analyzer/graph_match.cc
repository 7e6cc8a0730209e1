#include "analyzer/graph_match.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/evaluate.h"
#include "passes/flow.h"

namespace assay {
namespace {

using How = GraphMatch::How;

// Steps of the table of a longest common subsequence, over all gaps together.
constexpr int64_t kMostSteps = 4'000'000;

uint64_t Mix(uint64_t h, uint64_t x) {
  h ^= x + 0x9e3779b97f4a7c15 + (h << 6) + (h >> 2);
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  return h ^ (h >> 29);
}
uint64_t Mix(uint64_t h, absl::string_view s) {
  for (char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return Mix(h, s.size());
}

// One of the two models.
struct Side {
  const Report& r;
  const Graph& g;
  const Flow& flow;
  std::vector<uint64_t> local, up, down;  // by slot: digests of the op, and of all before / behind
  std::vector<int32_t> partner;           // by slot, a slot of the other side; -1: none yet

  explicit Side(const Report& report) : r(report), g(*report.graph), flow(*report.analysis.flow) {
    const size_t n = flow.ops.size();
    partner.assign(n, -1);
    for (size_t s = 0; s < n; ++s) local.push_back(Local(flow.ops[s]));
    Upstream();
    Downstream();
  }

  int32_t size() const { return static_cast<int32_t>(flow.ops.size()); }
  OpId op(int32_t slot) const { return flow.ops[slot]; }
  std::string type(int32_t slot) const { return QualifiedType(g, op(slot)); }

  ValueId Root(ValueId v) const { return r.analysis.execution->root[v.index]; }
  bool IsWeight(ValueId v) const { return r.analysis.execution->is_weight(v); }
  // The slot that writes what this operand holds; -1: none.
  int32_t WriterOf(ValueId operand) const {
    if (!operand.has_value() || IsWeight(operand)) return -1;
    return flow.writer(Root(operand));
  }

 private:
  uint64_t TypeDigest(uint64_t h, ValueId v) const {
    const Type& type = r.analysis.shapes->type(v);
    h = Mix(Mix(h, static_cast<uint64_t>(type.kind)), static_cast<uint64_t>(type.dtype));
    h = Mix(h, type.ranked ? 1 + type.dims.size() : 0);
    for (Dim d : type.dims) {
      const double size = ValueAt(*r.analysis.shapes, *r.analysis.numbers, d, -1);
      h = Mix(h, static_cast<uint64_t>(static_cast<int64_t>(size)));
    }
    return h;
  }

  uint64_t AttrDigest(const Attr& a) const {
    uint64_t h = Mix(Mix(1, g.str(a.name)), static_cast<uint64_t>(a.kind));
    if (a.kind == AttrKind::kTensor) {
      const Constant& c = g.constant(ConstantId(a.i));
      h = Mix(h, static_cast<uint64_t>(c.dtype));
      for (int64_t d : c.dims) h = Mix(h, static_cast<uint64_t>(d));
      return h;
    }
    if (a.kind == AttrKind::kInt) h = Mix(h, static_cast<uint64_t>(a.i));
    if (a.kind == AttrKind::kFloat) h = Mix(h, std::bit_cast<uint64_t>(a.f));
    h = Mix(h, g.str(a.s));
    if (a.kind == AttrKind::kInts) {
      for (int64_t i : a.ints) h = Mix(h, static_cast<uint64_t>(i));
    }
    for (double f : a.floats) h = Mix(h, std::bit_cast<uint64_t>(f));
    for (NameId s : a.strings) h = Mix(h, g.str(s));
    return h;
  }

  uint64_t Local(OpId op) const {
    const Op& o = g.op(op);
    uint64_t h = Mix(Mix(2, g.str(o.type)), g.str(o.domain));
    uint64_t attrs = 0;  // in any order
    for (const Attr& a : g.attrs(op)) attrs += AttrDigest(a);
    h = Mix(h, attrs);
    for (ValueId v : g.inputs(op)) {
      h = v.has_value() ? TypeDigest(Mix(h, IsWeight(v) ? 3 : 4), v) : Mix(h, 5);
    }
    for (ValueId v : g.outputs(op)) h = v.has_value() ? TypeDigest(Mix(h, 6), v) : Mix(h, 7);
    return Mix(h, std::bit_cast<uint64_t>(r.analysis.numbers->of(op).multiplicity));
  }

  void Upstream() {
    up = local;
    for (int32_t s = 0; s < size(); ++s) {
      for (ValueId v : g.inputs(op(s))) {
        const int32_t w = WriterOf(v);
        uint64_t from = 8;
        if (w >= 0 && w < s) {
          from = Mix(up[w], static_cast<uint64_t>(g.value(Root(v)).index));
        } else if (w < 0 && v.has_value() && !IsWeight(v)) {
          from = Mix(9, static_cast<uint64_t>(g.value(Root(v)).index));
        }
        up[s] = Mix(up[s], from);
      }
    }
  }

  void Downstream() {
    down.assign(flow.ops.size(), 0);
    const std::vector<ValueId>& results = g.region(Graph::kMain).results;
    for (size_t i = 0; i < results.size(); ++i) {
      const int32_t w = WriterOf(results[i]);
      if (w >= 0) down[w] += Mix(10, i);
    }
    for (int32_t s = size() - 1; s >= 0; --s) {
      down[s] = Mix(local[s], down[s]);
      const absl::Span<const ValueId> inputs = g.inputs(op(s));
      for (size_t i = 0; i < inputs.size(); ++i) {
        const int32_t w = WriterOf(inputs[i]);
        if (w < 0 || w >= s) continue;
        const auto index = static_cast<uint64_t>(g.value(Root(inputs[i])).index);
        down[w] += Mix(Mix(down[s], i), index);
      }
    }
  }
};

// A name that says more than what an exporter counted; "" where it does not.
std::string TellingName(const Graph& g, OpId op) {
  absl::string_view name = g.str(g.op(op).location.name);
  if (name.empty()) {
    for (ValueId v : g.outputs(op)) {
      if (name.empty() && v.has_value()) name = g.name(v);
    }
  }
  absl::string_view stem = name;
  while (!stem.empty() && (absl::ascii_isdigit(stem.back()) || stem.back() == '_' ||
                           stem.back() == '/' || stem.back() == '.' || stem.back() == ':')) {
    stem.remove_suffix(1);
  }
  if (!stem.empty() && stem.front() == '/') stem.remove_prefix(1);
  if (stem.empty() || absl::StartsWith(stem, "node_")) return "";
  for (absl::string_view counted : {"val", "n", "node", "op", "getitem"}) {
    if (stem == counted) return "";
  }
  if (absl::EqualsIgnoreCase(stem, g.str(g.op(op).type)) && stem.size() != name.size()) return "";
  return std::string(name);
}

class Matcher {
 public:
  Matcher(const Report& from, const Report& to) : a_(from), b_(to) {}

  GraphMatch Run() {
    how_.assign(a_.flow.ops.size(), How::kNone);
    ByDigest([](const Side& s, int32_t i) { return Mix(s.up[i], s.down[i]); });
    ByName();
    ByModule();
    ByDigest([](const Side& s, int32_t i) { return s.up[i]; });
    ByDigest([](const Side& s, int32_t i) { return s.down[i]; });
    Spread();
    ByHeart();
    Spread();
    InGaps();
    Spread();
    return Result();
  }

 private:
  void Pair(int32_t x, int32_t y, How how) {
    a_.partner[x] = y;
    b_.partner[y] = x;
    how_[x] = how;
    fresh_.emplace_back(x, y);
  }
  static std::vector<int32_t> Left(const Side& s) {
    std::vector<int32_t> left;
    for (int32_t i = 0; i < s.size(); ++i) {
      if (s.partner[i] < 0) left.push_back(i);
    }
    return left;
  }

  // Those of one key, in order; of several, those of one name first.
  template <class KeyOf>
  void ByDigest(KeyOf key_of) {
    absl::flat_hash_map<uint64_t, std::vector<int32_t>> there;
    for (int32_t y : Left(b_)) there[key_of(b_, y)].push_back(y);
    absl::flat_hash_map<uint64_t, std::vector<int32_t>> here;
    std::vector<uint64_t> order;
    for (int32_t x : Left(a_)) {
      std::vector<int32_t>& bucket = here[key_of(a_, x)];
      if (bucket.empty()) order.push_back(key_of(a_, x));
      bucket.push_back(x);
    }
    for (uint64_t key : order) {
      const auto at = there.find(key);
      if (at == there.end()) continue;
      const std::vector<int32_t>&xs = here[key], &ys = at->second;
      if (xs.size() > 1) {
        absl::flat_hash_map<std::string, int32_t> by_name;
        for (int32_t y : ys) by_name.try_emplace(TellingName(b_.g, b_.op(y)), y);
        for (int32_t x : xs) {
          const std::string name = TellingName(a_.g, a_.op(x));
          const auto same = by_name.find(name);
          if (name.empty() || same == by_name.end() || b_.partner[same->second] >= 0) continue;
          Pair(x, same->second, How::kStructure);
        }
      }
      size_t next = 0;
      for (int32_t x : xs) {
        if (a_.partner[x] >= 0) continue;
        while (next < ys.size() && b_.partner[ys[next]] >= 0) ++next;
        if (next == ys.size()) break;
        Pair(x, ys[next], How::kStructure);
      }
    }
  }

  // By a word that no other op of the model has.
  template <class WordOf>
  void ByWord(WordOf word_of) {
    absl::flat_hash_map<std::string, int32_t> there;  // -1: several
    for (int32_t y : Left(b_)) {
      const std::string word = word_of(b_, y);
      if (word.empty()) continue;
      const auto [at, is_new] = there.try_emplace(word, y);
      if (!is_new) at->second = -1;
    }
    absl::flat_hash_map<std::string, int32_t> here;
    std::vector<std::string> order;
    for (int32_t x : Left(a_)) {
      const std::string word = word_of(a_, x);
      if (word.empty()) continue;
      const auto [at, is_new] = here.try_emplace(word, x);
      if (!is_new) at->second = -1;
      if (is_new) order.push_back(word);
    }
    for (const std::string& word : order) {
      const int32_t x = here[word];
      const auto y = there.find(word);
      if (x >= 0 && y != there.end() && y->second >= 0) Pair(x, y->second, How::kName);
    }
  }

  void ByName() {
    ByWord([](const Side& s, int32_t i) {
      const std::string name = TellingName(s.g, s.op(i));
      return name.empty() ? name : absl::StrCat(s.type(i), " ", name);
    });
  }

  // The k-th of a type in a module, where both modules have as many.
  void ByModule() {
    using Groups = absl::flat_hash_map<std::string, std::vector<int32_t>>;
    const auto groups_of = [](const Side& s, std::vector<std::string>* order) {
      Groups groups;
      for (int32_t i : Left(s)) {
        const Location& at = s.g.op(s.op(i)).location;
        absl::string_view module = s.g.str(at.module);
        if (module.empty()) module = s.g.str(at.scope);
        if (module.empty()) continue;
        std::string key = absl::StrCat(s.type(i), " ", module);
        std::vector<int32_t>& group = groups[key];
        if (group.empty()) order->push_back(key);
        group.push_back(i);
      }
      return groups;
    };
    std::vector<std::string> order, unused;
    const Groups here = groups_of(a_, &order), there = groups_of(b_, &unused);
    for (const std::string& key : order) {
      const auto at = there.find(key);
      const std::vector<int32_t>& xs = here.at(key);
      if (at == there.end() || at->second.size() != xs.size()) continue;
      for (size_t k = 0; k < xs.size(); ++k) Pair(xs[k], at->second[k], How::kName);
    }
  }

  // Another type under the same name; the one contraction of a module.
  void ByHeart() {
    ByWord([](const Side& s, int32_t i) { return TellingName(s.g, s.op(i)); });
    ByWord([](const Side& s, int32_t i) -> std::string {
      if (s.r.analysis.numbers->of(s.op(i)).macs <= 0) return "";
      const absl::string_view module = s.g.str(s.g.op(s.op(i)).location.module);
      return std::string(module);
    });
  }

  // From pairs to what they read and what reads them.
  void Spread() {
    while (!fresh_.empty()) {
      const auto [x, y] = fresh_.back();
      fresh_.pop_back();
      const absl::Span<const ValueId> xs = a_.g.inputs(a_.op(x)), ys = b_.g.inputs(b_.op(y));
      for (size_t i = 0; i < std::min(xs.size(), ys.size()); ++i) {
        Neighbours(a_.WriterOf(xs[i]), b_.WriterOf(ys[i]));
      }
      const absl::Span<const ValueId> xo = a_.g.outputs(a_.op(x)), yo = b_.g.outputs(b_.op(y));
      for (size_t i = 0; i < std::min(xo.size(), yo.size()); ++i) {
        if (!xo[i].has_value() || !yo[i].has_value()) continue;
        Readers(a_.flow.readers(a_.Root(xo[i])), b_.flow.readers(b_.Root(yo[i])));
      }
    }
  }
  void Neighbours(int32_t x, int32_t y) {
    if (x < 0 || y < 0 || a_.partner[x] >= 0 || b_.partner[y] >= 0) return;
    if (a_.type(x) == b_.type(y)) Pair(x, y, How::kNeighbour);
  }
  void Readers(absl::Span<const int32_t> xs, absl::Span<const int32_t> ys) {
    absl::flat_hash_map<std::string, std::vector<int32_t>> there;
    for (int32_t y : ys) {
      if (b_.partner[y] < 0) there[b_.type(y)].push_back(y);
    }
    if (there.empty()) return;
    absl::flat_hash_map<std::string, std::vector<int32_t>> here;
    std::vector<std::string> order;
    for (int32_t x : xs) {
      if (a_.partner[x] >= 0) continue;
      std::vector<int32_t>& group = here[a_.type(x)];
      if (group.empty()) order.push_back(a_.type(x));
      group.push_back(x);
    }
    for (const std::string& type : order) {
      const auto at = there.find(type);
      if (at == there.end() || at->second.size() != here[type].size()) continue;
      for (size_t k = 0; k < at->second.size(); ++k) {
        Neighbours(here[type][k], at->second[k]);
      }
    }
  }

  // What is left between the same two pairs: the longest common sequence of types.
  void InGaps() {
    absl::flat_hash_map<int32_t, std::vector<int32_t>> gaps;  // of b, by the slot of b before it
    int32_t before = -1;
    for (int32_t y = 0; y < b_.size(); ++y) {
      if (b_.partner[y] >= 0) before = y;
      if (b_.partner[y] < 0) gaps[before].push_back(y);
    }
    int64_t steps = 0;
    std::vector<int32_t> gap;
    before = -1;
    std::vector<std::pair<int32_t, std::vector<int32_t>>> of_a;
    for (int32_t x = 0; x < a_.size(); ++x) {
      if (a_.partner[x] >= 0) {
        if (!gap.empty()) of_a.emplace_back(before, std::move(gap));
        gap.clear();
        before = a_.partner[x];
      } else {
        gap.push_back(x);
      }
    }
    if (!gap.empty()) of_a.emplace_back(before, std::move(gap));
    for (const auto& [anchor, xs] : of_a) {
      const auto at = gaps.find(anchor);
      if (at == gaps.end()) continue;
      steps += static_cast<int64_t>(xs.size() + 1) * static_cast<int64_t>(at->second.size() + 1);
      if (steps > kMostSteps) return;
      Align(xs, at->second);
    }
  }
  void Align(const std::vector<int32_t>& xs, const std::vector<int32_t>& ys) {
    const size_t n = xs.size(), m = ys.size(), w = m + 1;
    std::vector<std::string> tx, ty;
    for (int32_t x : xs) tx.push_back(a_.type(x));
    for (int32_t y : ys) ty.push_back(b_.type(y));
    std::vector<int32_t> best((n + 1) * w);  // of the rests from (i, j)
    for (size_t i = n; i-- > 0;) {
      for (size_t j = m; j-- > 0;) {
        best[i * w + j] = tx[i] == ty[j] ? 1 + best[(i + 1) * w + j + 1]
                                         : std::max(best[(i + 1) * w + j], best[i * w + j + 1]);
      }
    }
    for (size_t i = 0, j = 0; i < n && j < m;) {
      if (tx[i] == ty[j]) {
        Pair(xs[i++], ys[j++], How::kOrder);
      } else if (best[(i + 1) * w + j] >= best[i * w + j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  GraphMatch Result() const {
    GraphMatch m;
    m.to_of.resize(a_.g.num_ops());
    m.from_of.resize(b_.g.num_ops());
    m.how.resize(a_.g.num_ops());
    m.alike.resize(a_.g.num_ops());
    for (int32_t x = 0; x < a_.size(); ++x) {
      const int32_t y = a_.partner[x];
      if (y < 0) continue;
      m.to_of[a_.op(x).index] = b_.op(y);
      m.from_of[b_.op(y).index] = a_.op(x);
      m.how[a_.op(x).index] = how_[x];
      m.alike[a_.op(x).index] = a_.local[x] == b_.local[y] ? 1 : 0;
    }
    return m;
  }

  Side a_, b_;
  std::vector<How> how_;
  std::vector<std::pair<int32_t, int32_t>> fresh_;
};

}  // namespace

absl::string_view Name(GraphMatch::How how) {
  constexpr absl::string_view kNames[] = {"none", "structure", "name", "neighbour", "order"};
  return kNames[static_cast<size_t>(how)];
}

GraphMatch MatchGraphs(const Report& from, const Report& to) { return Matcher(from, to).Run(); }

}  // namespace assay
