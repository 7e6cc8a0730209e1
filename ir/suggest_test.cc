#include "ir/suggest.h"

#include <string>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(SuggestTest, NearSpellings) {
  const absl::string_view names[] = {"analyze", "ir", "ops", "h100-sxm", "i7-12700k"};
  EXPECT_EQ(NearestName("analyse", names), "analyze");
  EXPECT_EQ(NearestName("anaylze", names), "analyze");  // one swap
  EXPECT_EQ(NearestName("OPS", names), "ops");          // case does not count
  EXPECT_EQ(NearestName("h100", names), "h100-sxm");    // a beginning
  EXPECT_EQ(NearestName("i7-12700", names), "i7-12700k");
  EXPECT_EQ(NearestName("zebra", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName(std::string(100000, 'a'), names), "");
}

TEST(SuggestTest, Message) {
  EXPECT_EQ(DidYouMean("opps", {"ops"}), " (did you mean `ops`?)");
  EXPECT_EQ(DidYouMean("opps", {}), "");
}

}  // namespace
}  // namespace assay
