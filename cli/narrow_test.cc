// On a narrow terminal no line of a list is longer than the terminal, but for a single word.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"
#include "cli/cli_test_util.h"
#include "cli/io.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

class NarrowIo : public StringIo {
 public:
  explicit NarrowIo(int width) : width_(width) {}
  int terminal_width() const override { return width_; }

 private:
  int width_;
};

TEST(Narrow, LinesKeepWithinTheTerminal) {
  const std::string resnet = "testdata/models/resnet18.onnx", mlp = "testdata/models/mlp.onnx";
  for (const std::string& command : {
           std::string("ops Conv"),
           std::string("passes"),
           std::string("targets"),
           std::string("runtimes"),
           std::string("targets --keys"),
           std::string("patterns"),
           std::string("patterns conv+bn+act"),
           std::string("help"),
           std::string("help analyze"),
           std::string("help export"),
           absl::StrCat("analyze ", resnet, " --target h100-sxm"),
           absl::StrCat("analyze ", mlp, " --ops --kernels --stages --memory --explain-fusion"),
           absl::StrCat("compare ", resnet, " ", mlp, " --target h100-sxm"),
           absl::StrCat("fit ", resnet, " --target h100-sxm,t4 --max-latency 1ms"),
           absl::StrCat("sweep ", resnet, " --target h100-sxm --batch 1..8"),
           absl::StrCat("diff ", resnet, " ", mlp, " --target h100-sxm"),
           absl::StrCat("explain ", resnet, " --target h100-sxm"),
           absl::StrCat("explain ", resnet, " #0"),
           absl::StrCat("explain ", resnet, " #k0 --target h100-sxm"),
       }) {
    for (int width : {40, 60}) {
      NarrowIo io(width);
      EXPECT_EQ(RunAssay(SplitWords(command), io), kDone) << command;
      for (absl::string_view line : absl::StrSplit(io.out, '\n')) {
        if (DisplayWidth(line) <= width) continue;
        // A word that nothing can break, perhaps behind the name of its fact.
        int longest = 0;
        for (absl::string_view word : absl::StrSplit(line, ' ')) {
          longest = std::max(longest, DisplayWidth(word));
        }
        EXPECT_GT(longest, width / 3) << command << " at " << width << ":\n" << line;
      }
    }
  }
}

}  // namespace
}  // namespace assay
