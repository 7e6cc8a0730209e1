#include "passes/spelling.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

// Writes a row out as ops, one line each: an independent reading of the notation. Constants are of
// the kind that their operator takes.
class Writer {
 public:
  // Bit i of `omitted`: without the i-th optional op.
  Writer(absl::string_view text, int omitted) : text_(text), omitted_(omitted) {
    while (true) {
      Skip();
      if (text_.size() < 2 || text_.substr(1, 3) != " = ") break;
      const char name = text_[0];
      text_.remove_prefix(4);
      named_[name] = Expression("", 0);
    }
    result = Expression("", 0);
    EXPECT_TRUE(text_.empty()) << text_;
  }

  std::string lines, result;
  int ops = 0;

 private:
  void Skip() {
    while (!text_.empty() && absl::StrContains(" ,;", text_.substr(0, 1))) text_.remove_prefix(1);
  }

  std::string Expression(absl::string_view of, int operand) {
    Skip();
    size_t n = 0;
    while (n < text_.size() && std::isalnum(static_cast<unsigned char>(text_[n]))) ++n;
    const std::string word(text_.substr(0, n));
    text_.remove_prefix(n);
    if (word == "c") return Constant(of, operand);
    if (word.size() == 1) return named_.count(word[0]) ? named_[word[0]] : absl::StrCat("%", word);
    EXPECT_NE(OpTable::BuiltIn().Find("", word), nullptr) << word;
    const bool omit = text_[0] == '?' && ((omitted_ >> optionals_++) & 1) != 0;
    text_.remove_prefix(text_[0] == '?' ? 2 : 1);
    std::string operands, first;
    for (int i = 0; text_[0] != ')'; ++i) {
      const std::string name = Expression(word, i);
      if (i == 0) first = name;
      absl::StrAppend(&operands, i == 0 ? "" : ", ", name);
      Skip();
    }
    text_.remove_prefix(1);
    if (omit) return first;
    std::string name = absl::StrCat("%t", ++ops);
    const std::string more = word == "Split" ? absl::StrCat(", ", name, "b") : "";
    const std::string attrs = word == "Split" || word == "Concat" ? " {axis = 2}" : "";
    absl::StrAppend(&lines, name, more, " = ", word, "(", operands, ")", attrs, "\n");
    return name;
  }

  static std::string Constant(absl::string_view of, int operand) {
    if (absl::StartsWith(of, "Reduce")) return "%axes";
    if (of == "Split") return "%halves";
    if (of == "Slice")
      return operand == 1 ? "%from" : operand == 2 ? "%to" : operand == 3 ? "%axes" : "%step";
    return of == "InstanceNormalization" ? "%channels" : "%c";
  }

  absl::string_view text_;
  const int omitted_;
  int optionals_ = 0;
  std::map<char, std::string> named_;
};

std::vector<Spelled> Find(const Analyzed& run, absl::Span<const SpellingRow* const> rows) {
  return FindSpellings(run.graph(), *run->execution, *run->flow, rows);
}

TEST(Spelling, EveryRowIsFoundAsItself) {
  for (const SpellingRow& row : Spellings()) {
    SCOPED_TRACE(std::string(row.expression));
    const auto optionals = std::count(row.expression.begin(), row.expression.end(), '?');
    for (int omitted = 0; omitted < (1 << optionals); ++omitted) {
      const Writer written(row.expression, omitted);
      const std::string y = row.classes == "gate" ? "f32[2, 4, 1]" : "f32[2, 4, 8]";
      Analyzed run(absl::StrCat("arg %x: f32[2, 4, 8]\narg %y: ", y, "\narg %z: f32[2, 4, 8]\n",
                                R"(
          weight %c = f32[] {2.0}
          weight %channels = f32[4]
          weight %axes = i64[1] {2}
          weight %halves = i64[2] {4, 4}
          weight %from = i64[1] {0}
          weight %to = i64[1] {4}
          weight %step = i64[1] {1}
      )",
                                written.lines, "return ", written.result));
      ASSERT_TRUE(run.ok());
      const std::vector<Spelled> found = Find(run, {&row});
      ASSERT_EQ(found.size(), 1u) << written.lines;
      EXPECT_EQ(found[0].row, &row);
      EXPECT_EQ(found[0].ops.size(), static_cast<size_t>(written.ops));
      EXPECT_EQ(found[0].inputs[0], run.value("x"));
    }
  }
}

// What a row is found as when all rows are tried: no earlier row may take a part of it.
TEST(Spelling, NoRowHidesAnother) {
  std::vector<const SpellingRow*> all;
  for (const SpellingRow& row : Spellings()) all.push_back(&row);
  for (const SpellingRow& row : Spellings()) {
    if (!absl::StrContains(row.classes, "activation")) continue;
    const Writer written(row.expression, 0);
    Analyzed run(absl::StrCat("arg %x: f32[2, 4, 8]\nweight %c = f32[] {2.0}\n", written.lines,
                              "return ", written.result));
    ASSERT_TRUE(run.ok());
    const std::vector<Spelled> found = Find(run, all);
    ASSERT_EQ(found.size(), 1u) << row.expression;
    EXPECT_EQ(found[0].row->name, row.name) << row.expression;
  }
}

TEST(Spelling, CastsMayStandAnywhere) {
  Analyzed run(R"(
    arg %x: f16[2, 8]
    weight %w = f32[8]
    weight %two = f32[] {2.0}
    weight %axes = i64[1] {1}
    %wide = Cast(%x) {to = "f32"}
    %square = Pow(%wide, %two)
    %mean = ReduceMean(%square, %axes)
    %some = Add(%mean, %two)
    %root = Sqrt(%some)
    %narrow = Cast(%root) {to = "f16"}
    %back = Cast(%narrow) {to = "f32"}
    %y = Div(%wide, %back)
    %z = Mul(%y, %w)
    return %z
  )");
  ASSERT_TRUE(run.ok());
  std::vector<const SpellingRow*> all;
  for (const SpellingRow& row : Spellings()) all.push_back(&row);
  const std::vector<Spelled> found = Find(run, all);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].row->name, "RMSNormalization");
  EXPECT_EQ(found[0].ops.size(), 8u);  // all but the first Cast, which gives x
  EXPECT_EQ(found[0].inputs[0], run.value("wide"));
}

TEST(Spelling, TwoLettersAreTwoTensors) {
  Analyzed run(R"(
    arg %x: f32[2, 4, 8]
    %s = Sigmoid(%x)
    %y = Mul(%x, %s)
    return %y
  )");
  ASSERT_TRUE(run.ok());
  for (const SpellingRow& row : Spellings()) {
    if (row.classes == "gate") {
      EXPECT_TRUE(Find(run, {&row}).empty()) << row.expression;
    }
  }
}

TEST(Spelling, OperandsOfSumsAndProductsComeInEitherOrder) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %c = f32[] {2.0}
    %d = Div(%x, %c)
    %e = Erf(%d)
    %a = Add(%c, %e)
    %m = Mul(%a, %x)
    %y = Mul(%c, %m)
    return %y
  )");
  EXPECT_EQ(run.kernels(), "Gelu");
}

TEST(Spelling, OperandsOfQuotientsDoNot) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %c = f32[] {2.0}
    %d = Div(%c, %x)
    %e = Erf(%d)
    %a = Add(%c, %e)
    %m = Mul(%a, %x)
    %y = Mul(%c, %m)
    return %y
  )");
  EXPECT_EQ(run.kernels(), "Div+Erf+Add Mul+Mul");
}

TEST(Spelling, AllOfXIsOneTensor) {
  Analyzed run(R"(
    arg %x: f32[4]
    arg %z: f32[4]
    %s = Sigmoid(%x)
    %y = Mul(%z, %s)
    return %y
  )");
  EXPECT_EQ(run.kernels(), "Sigmoid Mul");
}

}  // namespace
}  // namespace assay
