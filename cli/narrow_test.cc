// On a narrow terminal no line of a list is longer than the terminal, but for a single word.
#include <algorithm>
#include <string>

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
  for (const char* command : {"ops Conv", "passes", "targets", "runtimes", "targets --keys"}) {
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
