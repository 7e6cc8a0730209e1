#include "ir/dim.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

class DimTest : public testing::Test {
 protected:
  Dim P(absl::string_view text) {
    absl::StatusOr<Dim> d = pool.Parse(text);
    EXPECT_TRUE(d.ok()) << d.status();
    return d.ok() ? *d : Dim();
  }
  std::string S(absl::string_view text) { return pool.ToString(P(text)); }
  DimPool pool;
};

TEST_F(DimTest, EqualExpressionsHaveEqualHandles) {
  EXPECT_EQ(P("(a + b) * (a - b)"), P("a*a - b*b"));
  EXPECT_EQ(P("3*a + 2 - a"), P("2 + 2*a"));
  EXPECT_EQ(P("a - a + 7"), Dim(7));
  EXPECT_NE(P("a + b"), P("a + c"));
}

TEST_F(DimTest, PrintsByContent) {
  EXPECT_EQ(S("seq + past"), "past + seq");
  EXPECT_EQ(S("batch*1000"), "1000*batch");
  EXPECT_EQ(S("0 - x"), "-x");
  EXPECT_EQ(S("1 - x"), "1 - x");
  EXPECT_EQ(S("z*a*2 + a*a - 3"), "a*a + 2*a*z - 3");
  EXPECT_EQ(S("min(q, b)"), "min(b, q)");
}

TEST_F(DimTest, PrintedFormParsesBack) {
  for (const char* text : {"floordiv(h - 1, 2) + 1", "max(3, min(a, 2*b))", "-3*a*a*b + 4*c - 9",
                           "mod(a + 1, 7)", "ceildiv(a, b)", "-9223372036854775807"}) {
    const Dim d = P(text);
    EXPECT_EQ(P(pool.ToString(d)), d) << text << " printed " << pool.ToString(d);
  }
}

TEST_F(DimTest, FloorDivSimplifies) {
  EXPECT_EQ(P("floordiv(6*b + 5, 3)"), P("2*b + 1"));
  EXPECT_EQ(P("floordiv(2*x + 1, 4)"), P("floordiv(x, 2)"));
  EXPECT_EQ(P("floordiv(floordiv(h - 1, 2), 2)"), P("floordiv(h - 1, 4)"));
  // Two convolutions of stride 2 with padding 1 and a 3 x 3 kernel.
  EXPECT_EQ(P("floordiv(floordiv(h - 1, 2) + 1 - 1, 2) + 1"), P("floordiv(h - 1, 4) + 1"));
  EXPECT_EQ(P("floordiv(b*s*64, b*s)"), Dim(64));
  EXPECT_EQ(P("floordiv(x*y + x, x)"), P("y + 1"));
  EXPECT_EQ(P("floordiv(-7, 2)"), Dim(-4));
  EXPECT_EQ(P("mod(-7, 2)"), Dim(1));
  EXPECT_TRUE(P("a").symbolic());
  EXPECT_TRUE(pool.FloorDiv(Dim(1), Dim(0)).overflow());
}

TEST_F(DimTest, DividesPolynomialsExactly) {
  // What Reshape's -1 asks: batch*(past + seq)*768 elements in rows of 64.
  const Dim elements = P("batch*(past + seq)*768");
  EXPECT_EQ(pool.DivideExactly(elements, P("batch*(past + seq)")), Dim(768));
  EXPECT_EQ(pool.DivideExactly(elements, P("12*past + 12*seq")), P("64*batch"));
  EXPECT_EQ(pool.DivideExactly(elements, P("past")), std::nullopt);
  EXPECT_EQ(pool.DivideExactly(P("a*a - b*b"), P("a + b")), P("a - b"));
}

TEST_F(DimTest, ComparisonsUseBounds) {
  const Dim n = pool.Symbol("n", {.bounds = {.low = 0, .high = 100}});
  const Dim s = P("s");  // at least 1
  EXPECT_EQ(pool.Less(n, Dim(101)), true);
  EXPECT_EQ(pool.Less(n, Dim(100)), std::nullopt);
  EXPECT_EQ(pool.Equal(s, Dim(0)), false);
  EXPECT_EQ(pool.Equal(s, Dim(-1)), false);
  EXPECT_EQ(pool.Equal(s, Dim(1)), std::nullopt);
  EXPECT_EQ(pool.Equal(pool.Add(s, Dim(1)), s), false);
  EXPECT_EQ(pool.Min(s, pool.Add(s, Dim(1))), s);
  EXPECT_EQ(pool.Min(n, Dim(100)), n);
  EXPECT_EQ(pool.Max(n, Dim(0)), n);
  EXPECT_EQ(pool.Min(s, Dim(std::numeric_limits<int64_t>::max())), s);
}

TEST_F(DimTest, OverflowIsStickyAndZeroIsZero) {
  const Dim big(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(pool.Add(big, Dim(1)).overflow());
  EXPECT_TRUE(pool.Mul(big, Dim(2)).overflow());
  EXPECT_TRUE(pool.Add(pool.Mul(big, Dim(2)), P("a")).overflow());
  EXPECT_EQ(pool.Mul(Dim(), Dim(0)), Dim(0));
  EXPECT_TRUE(pool.Add(Dim(), Dim(1)).unknown());
  Point point(pool.symbols().size(), std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(pool.Evaluate(P("a*a"), point).ok());
}

TEST_F(DimTest, DefinitionsReplaceSymbols) {
  const Dim total = P("total"), sum = P("past + seq");
  const Dim area = pool.Mul(total, P("total + 1"));
  pool.Define(pool.SymbolIndex(total), sum);
  EXPECT_EQ(pool.Resolve(total), sum);
  EXPECT_EQ(pool.Resolve(area), P("(past + seq) * (past + seq + 1)"));
  EXPECT_EQ(pool.Equal(total, sum), true);
  // A definition that mentions a symbol eliminated later follows it.
  pool.Define(pool.SymbolIndex(P("past")), Dim(5));
  EXPECT_EQ(pool.Resolve(total), P("seq + 5"));
}

TEST_F(DimTest, GrowthIsBounded) {
  Dim d = P("a + b + c + d");
  for (int i = 0; i < 100 && !d.unknown(); ++i) d = pool.Mul(d, pool.Add(d, Dim(1)));
  EXPECT_TRUE(d.unknown() || d.overflow());
  Dim nested = P("x");
  for (int i = 0; i < 10000; ++i) {
    nested = pool.FloorDiv(pool.Add(pool.Mul(nested, nested), Dim(1)), P("y"));
  }
  EXPECT_TRUE(nested.unknown());
  EXPECT_FALSE(pool.Parse(std::string(100000, '(')).ok());
  EXPECT_FALSE(pool.Parse(std::string(100000, '-')).ok());
}

TEST_F(DimTest, WideProductsStayProducts) {
  // 91 classes with a count each; suppression compares every pair.
  Dim sum(0);
  for (int i = 0; i < 91; ++i) sum = pool.Add(sum, P(absl::StrCat("n", i)));
  const Dim pairs = pool.Mul(sum, sum);
  EXPECT_EQ(pool.Mul(sum, sum), pairs);
  EXPECT_EQ(P(pool.ToString(pairs)), pairs);
  EXPECT_EQ(*pool.Evaluate(pairs, Point(91, 3)), (91 * 3) * (91 * 3));
  EXPECT_EQ(pool.Sub(pool.Add(pairs, Dim(1)), pairs), Dim(1));
  // With its symbols known, it is a number.
  for (int i = 0; i < 91; ++i) pool.Define(i, Dim(2));
  EXPECT_EQ(pool.Resolve(pairs), Dim((91 * 2) * (91 * 2)));
}

TEST_F(DimTest, ParseErrorsSayWhere) {
  EXPECT_THAT(std::string(pool.Parse("a + ").status().message()), testing::HasSubstr("character"));
  EXPECT_FALSE(pool.Parse("").ok());
  EXPECT_FALSE(pool.Parse("a b").ok());
  EXPECT_FALSE(pool.Parse("pow(a, b)").ok());
  EXPECT_FALSE(pool.Parse("99999999999999999999").ok());
}

// The oracle of the canonical form: random expressions evaluated directly and through the pool.
TEST_F(DimTest, RandomExpressionsEvaluateAsWritten) {
  std::mt19937 random(1);
  auto pick = [&](int n) { return static_cast<int>(random() % n); };
  const Dim symbols[] = {P("p"), P("q"), P("r")};
  for (int trial = 0; trial < 3000; ++trial) {
    Point point(pool.symbols().size(), 1);
    int64_t at[3];
    for (int i = 0; i < 3; ++i) {
      at[i] = 1 + pick(20);
      point[pool.SymbolIndex(symbols[i])] = at[i];
    }
    std::vector<std::pair<Dim, int64_t>> stack;
    for (int i = 0; i < 3; ++i) stack.push_back({symbols[i], at[i]});
    for (int step = 0; step < 8; ++step) {
      const int64_t k = pick(9) - 4;
      stack.push_back({Dim(k), k});
      auto [x, xv] = stack[pick(static_cast<int>(stack.size()))];
      auto [y, yv] = stack[pick(static_cast<int>(stack.size()))];
      auto floor_div = [](int64_t a, int64_t b) {
        return static_cast<int64_t>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
      };
      switch (pick(7)) {
        case 0:
          stack.push_back({pool.Add(x, y), xv + yv});
          break;
        case 1:
          stack.push_back({pool.Sub(x, y), xv - yv});
          break;
        case 2:
          stack.push_back({pool.Mul(x, y), xv * yv});
          break;
        case 3:
          if (yv != 0) stack.push_back({pool.FloorDiv(x, y), floor_div(xv, yv)});
          break;
        case 4:
          stack.push_back({pool.Min(x, y), std::min(xv, yv)});
          break;
        case 5:
          stack.push_back({pool.Max(x, y), std::max(xv, yv)});
          break;
        case 6:
          if (yv != 0) stack.push_back({pool.CeilDiv(x, y), -floor_div(-xv, yv)});
          break;
      }
      const auto& [d, v] = stack.back();
      if (d.unknown() || std::abs(v) > 1'000'000'000) {
        stack.pop_back();
        continue;
      }
      absl::StatusOr<int64_t> got = pool.Evaluate(d, point);
      ASSERT_TRUE(got.ok()) << got.status();
      ASSERT_EQ(*got, v) << pool.ToString(d);
      const Bounds bounds = pool.BoundsOf(d);
      ASSERT_LE(bounds.low, v) << pool.ToString(d);
      ASSERT_GE(bounds.high, v) << pool.ToString(d);
      ASSERT_EQ(P(pool.ToString(d)), d) << pool.ToString(d);
    }
  }
}

}  // namespace
}  // namespace assay
