#include "ir/ops/fold.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(FoldTest, IndicesAreVisitedInRowMajorOrder) {
  const std::vector<int64_t> dims = {2, 1, 3};
  const std::vector<int64_t> strides = StridesOf(dims);
  EXPECT_EQ(strides, (std::vector<int64_t>{1 * 3, 3, 1}));
  std::vector<int64_t> positions;
  ForEachIndex(dims, [&](absl::Span<const int64_t> index) {
    positions.push_back(index[0] * strides[0] + index[1] * strides[1] + index[2] * strides[2]);
  });
  EXPECT_EQ(positions, (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  int visits = 0;
  ForEachIndex({}, [&](absl::Span<const int64_t>) { ++visits; });
  EXPECT_EQ(visits, 1);  // a scalar has one element
  ForEachIndex({3, 0}, [&](absl::Span<const int64_t>) { ++visits; });
  EXPECT_EQ(visits, 1);
}

TEST(FoldTest, OnlySmallTensorsAreFollowed) {
  DimPool pool;
  auto size = [](DType dtype, Dims dims) { return FoldableSize(Type::Tensor(dtype, dims)); };
  EXPECT_EQ(size(DType::kI64, {Dim(64), Dim(64)}), 64 * 64);
  EXPECT_EQ(size(DType::kI64, {Dim(64), Dim(65)}), -1);
  EXPECT_EQ(size(DType::kF32, {Dim(4), Dim(4)}), 16);
  EXPECT_EQ(size(DType::kF32, {Dim(17)}), -1);
  EXPECT_EQ(size(DType::kI64, {}), 1);
  EXPECT_EQ(size(DType::kI64, {Dim(0), Dim(4)}), 0);
  EXPECT_EQ(size(DType::kI64, {pool.Symbol("s")}), -1);
  EXPECT_EQ(size(DType::kI64, {Dim()}), -1);
  EXPECT_EQ(FoldableSize(Type::Unranked(DType::kI64)), -1);
  // A product that overflows is too large before it does.
  EXPECT_EQ(size(DType::kI64, Dims(8, Dim(int64_t{1} << 40))), -1);
  EXPECT_EQ(KnownDims({Dim(-1)}), std::nullopt);
}

}  // namespace
}  // namespace assay
