#include "cli/io.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include "cli/cli_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("assay_io_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  size_t files() const {
    std::filesystem::directory_iterator it(folder_);
    return static_cast<size_t>(std::distance(begin(it), end(it)));
  }
  std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, AppearsWhole) {
  const std::string path = folder_ / "report.json";
  WriteFile(path, "old");
  AtomicFile file;
  ASSERT_TRUE(file.Open(path).ok());
  ASSERT_TRUE(file.Write("new ").ok());
  EXPECT_EQ(ReadFile(path), "old");
  ASSERT_TRUE(file.Write("text").ok());
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(ReadFile(path), "new text");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFileTest, LeavesNothingBehind) {
  const std::string path = folder_ / "report.json";
  {
    AtomicFile file;
    ASSERT_TRUE(file.Open(path).ok());
    ASSERT_TRUE(file.Write("half").ok());
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(AtomicFileTest, LinksAndDevicesStay) {
  const std::string target = folder_ / "target", link = folder_ / "link";
  WriteFile(target, "old");
  std::filesystem::create_symlink(target, link);
  AtomicFile file;
  ASSERT_TRUE(file.Open(link).ok());
  ASSERT_TRUE(file.Write("new").ok());
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(ReadFile(target), "new");

  AtomicFile null;
  ASSERT_TRUE(null.Open("/dev/null").ok());
  ASSERT_TRUE(null.Write("text").ok());
  ASSERT_TRUE(null.Commit().ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(AtomicFileTest, ErrorNamesTheFile) {
  AtomicFile file;
  absl::Status status = file.Open(folder_ / "none" / "report.json");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("none/report.json: "));
}

}  // namespace
}  // namespace assay
