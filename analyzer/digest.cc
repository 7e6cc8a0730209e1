#include "analyzer/digest.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr int kNameWidth = 36;
constexpr size_t kMostAssumed = 6;
constexpr size_t kExamples = 2;
// A signature of as many rows is printed as it is; a longer one is cut at the second number.
constexpr size_t kShortSignature = 12;
constexpr size_t kLongSignature = 24;
constexpr size_t kLeastRun = 3;

std::string ShortName(absl::string_view name) { return Shorten(Printable(name), kNameWidth); }

}  // namespace

int64_t CountTerms(absl::string_view expression) {
  int64_t terms = 1;
  int depth = 0;
  for (size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    // A sign in front of all is not between terms.
    if (depth == 0 && i > 0 && expression[i - 1] == ' ' && (c == '+' || c == '-')) ++terms;
  }
  return terms;
}

std::string FormulaDigest(absl::string_view expression, const std::vector<std::string>& symbols,
                          size_t width, absl::string_view whole) {
  // What has far more bytes than columns need not be looked at to see that it does not fit.
  if (expression.size() <= 8 * width) {
    std::string text = Printable(expression);
    if (static_cast<size_t>(DisplayWidth(text)) <= width) return text;
  }
  const int64_t terms = CountTerms(expression);
  std::string digest = terms == 1 ? "one term in " : absl::StrCat(Exact(terms), " terms in ");
  const std::string tail = absl::StrCat("; ", whole, " has ", terms == 1 ? "it" : "them");
  // All names if they fit; else as many as do beside " and 123 others"; else their number.
  std::vector<std::string> names;
  names.reserve(symbols.size());
  for (const std::string& symbol : symbols) names.push_back(ShortName(symbol));
  const std::string all = absl::StrJoin(names, ", ");
  if (digest.size() + all.size() + tail.size() <= width) return digest + all + tail;
  constexpr size_t kOthers = 15;
  size_t named = 0;
  for (; named < names.size(); ++named) {
    const std::string more = absl::StrCat(named == 0 ? "" : ", ", names[named]);
    if (digest.size() + more.size() + kOthers + tail.size() > width) break;
    digest += more;
  }
  const auto others = static_cast<int64_t>(names.size() - named);
  if (others > 0) {
    digest +=
        named == 0 ? Plural(others, "symbol") : absl::StrCat(" and ", Plural(others, "other"));
  }
  return digest + tail;
}

std::string PointDigest(const std::vector<PointEntry>& point) {
  std::vector<std::string> bound, assumed, examples;
  std::string to_set;
  int64_t contents = 0, low = 0, high = 0;
  for (const PointEntry& e : point) {
    if (!e.bound && e.data_dependent) {
      low = contents == 0 ? e.value : std::min(low, e.value);
      high = contents == 0 ? e.value : std::max(high, e.value);
      if (examples.size() < kExamples) examples.push_back(ShortName(e.symbol));
      ++contents;
      continue;
    }
    if (!e.bound) to_set = assumed.empty() ? ShortName(e.symbol) : "";
    (e.bound ? bound : assumed).push_back(absl::StrCat(ShortName(e.symbol), " = ", e.value));
  }
  std::vector<std::string> parts;
  if (!bound.empty()) parts.push_back(absl::StrJoin(bound, ", "));
  if (!assumed.empty()) {
    const size_t more = assumed.size() > kMostAssumed ? assumed.size() - kMostAssumed : 0;
    assumed.resize(assumed.size() - more);
    parts.push_back(absl::StrCat("assumed ", absl::StrJoin(assumed, ", "),
                                 more > 0 ? absl::StrCat(" and ", more, " more") : ""));
  }
  if (contents > 0) {
    parts.push_back(absl::StrCat(
        contents, contents == 1 ? " size that depends" : " sizes that depend",
        " on tensor contents taken as ", low, low == high ? "" : absl::StrCat(" to ", high),
        contents == 1 ? ", " : ", such as ", absl::StrJoin(examples, " and ")));
  }
  if (parts.empty()) return "at the sizes that the file fixes";
  if (contents > 0 || assumed.size() > 1) {
    parts.emplace_back("--dim NAME=N sets one");
  } else if (!to_set.empty()) {
    parts.push_back(absl::StrCat("--dim ", to_set, "=N sets it"));
  }
  return absl::StrCat("at ", absl::StrJoin(parts, "; "));
}

std::vector<NameAndType> SignatureDigest(std::vector<NameAndType> rows) {
  if (rows.size() <= kShortSignature) return rows;
  std::vector<NameAndType> out;
  for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].type == rows[begin].type) ++end;
    if (end - begin < kLeastRun) {
      for (size_t i = begin; i < end; ++i) out.push_back(std::move(rows[i]));
    } else {
      out.push_back({absl::StrCat(rows[begin].name, " ... ", rows[end - 1].name),
                     absl::StrCat(end - begin, " x ", rows[begin].type)});
    }
  }
  if (out.size() > kLongSignature) {
    const size_t more = out.size() - (kLongSignature - 1);
    out.resize(kLongSignature - 1);
    out.push_back({absl::StrCat("(", more, " more rows)"), "--format json lists all"});
  }
  return out;
}

std::vector<std::string> RemarkDigest(const std::vector<Remark>& remarks) {
  absl::flat_hash_map<std::string, size_t> index;
  std::vector<std::pair<const Remark*, int64_t>> kinds;  // the first, and how many more
  for (const Remark& r : remarks) {
    auto [at, fresh] = index.try_emplace(r.text, kinds.size());
    if (fresh) {
      kinds.emplace_back(&r, 0);
    } else {
      ++kinds[at->second].second;
    }
  }
  std::vector<std::string> lines;
  lines.reserve(kinds.size());
  for (const auto& [first, more] : kinds) {
    std::string where = Printable(first->where);
    if (more > 0 && !where.empty()) absl::StrAppend(&where, " and ", Plural(more, "other"));
    lines.push_back(absl::StrCat(where, where.empty() ? "" : ": ", Printable(first->text)));
  }
  return lines;
}

}  // namespace assay
