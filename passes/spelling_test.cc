#include "passes/spelling.h"

#include <cctype>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

// Writes the expression out as ops, one line each, and returns the name of its value: an
// independent reading of the rows.
std::string Write(absl::string_view* text, std::string* lines, int* count) {
  while (!text->empty() && (text->front() == ' ' || text->front() == ',')) text->remove_prefix(1);
  size_t n = 0;
  while (n < text->size() && std::isalnum(static_cast<unsigned char>((*text)[n]))) ++n;
  const std::string word(text->substr(0, n));
  text->remove_prefix(n);
  if (word == "x") return "%x";
  if (word == "c") return "%c";
  EXPECT_NE(OpTable::BuiltIn().Find("", word), nullptr) << word;
  text->remove_prefix(1);
  std::string operands;
  while (text->front() != ')') {
    const std::string operand = Write(text, lines, count);
    absl::StrAppend(&operands, operands.empty() ? "" : ", ", operand);
    while (text->front() == ' ' || text->front() == ',') text->remove_prefix(1);
  }
  text->remove_prefix(1);
  std::string name = absl::StrCat("%t", ++*count);
  absl::StrAppend(lines, name, " = ", word, "(", operands, ")\n");
  return name;
}

TEST(Spelling, EveryRowIsFoundAsItself) {
  for (const SpellingRow& row : Activations()) {
    SCOPED_TRACE(std::string(row.expression));
    absl::string_view text = row.expression;
    std::string lines;
    int count = 0;
    const std::string result = Write(&text, &lines, &count);
    EXPECT_TRUE(text.empty());
    Analyzed run(
        absl::StrCat("arg %x: f32[4, 8]\nweight %c = f32[] {2.0}\n", lines, "return ", result));
    ASSERT_TRUE(run.ok());
    EXPECT_EQ(run.kernels(), row.name);
    EXPECT_EQ(run->partitions[0]->kernels[0].ops.size(), static_cast<size_t>(count));
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
  EXPECT_EQ(run.kernels(), "Div Erf Add Mul Mul");
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
