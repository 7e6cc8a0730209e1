#include "analyzer/zoo/find_models.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

std::string Model() {
  std::ifstream in("testdata/models/mlp.onnx", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Put(const std::string& path, absl::string_view bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << std::string(bytes);
}

// A folder of a test's own with models, other files, and links.
std::string Zoo(absl::string_view name) {
  std::string zoo = absl::StrCat(TestFolder(), name, "/");
  std::filesystem::remove_all(zoo);
  Put(absl::StrCat(zoo, "b/deep/two.onnx"), Model());
  Put(absl::StrCat(zoo, "a.onnx"), Model());
  Put(absl::StrCat(zoo, "b/unnamed.pb"), Model());
  Put(absl::StrCat(zoo, "b/broken.onnx"), "no model at all");
  Put(absl::StrCat(zoo, "b/README.md"), "# Models\n");
  Put(absl::StrCat(zoo, "b/two.onnx.data"), std::string(5000, '\x08'));
  std::filesystem::create_directory_symlink(zoo, absl::StrCat(zoo, "b/loop"));
  return zoo;
}

std::vector<std::string> NamesOf(const std::vector<std::string>& paths, FindOptions options) {
  const absl::StatusOr<FoundModels> found = FindModels(paths, options);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> names;
  if (found.ok()) {
    for (const FoundModel& m : found->models) names.push_back(m.name);
  }
  return names;
}

TEST(FindModels, FoldersInOrderWithoutLoopsAndOtherFiles) {
  const std::string zoo = Zoo("find");
  EXPECT_THAT(NamesOf({zoo}, {.root = zoo}),
              ElementsAre("a.onnx", "b/broken.onnx", "b/deep/two.onnx", "b/unnamed.pb"));
}

TEST(FindModels, FilesAreTakenAsTheyAre) {
  const std::string zoo = Zoo("files");
  EXPECT_THAT(NamesOf({zoo + "b/README.md", zoo + "none.onnx", zoo + "./a.onnx"}, {.root = zoo}),
              ElementsAre("b/README.md", "none.onnx", "./a.onnx"));
}

TEST(FindModels, PatternsAndLists) {
  const std::string zoo = Zoo("lists");
  EXPECT_THAT(
      NamesOf({zoo + "b/*"}, {.root = zoo}),
      ElementsAre("b/broken.onnx", "b/deep/two.onnx", "b/loop/a.onnx", "b/loop/b/broken.onnx",
                  "b/loop/b/deep/two.onnx", "b/loop/b/unnamed.pb", "b/unnamed.pb"));
  Put(zoo + "list.txt", absl::StrCat(zoo, "a.onnx\r\n\n", zoo, "b/deep\n"));
  EXPECT_THAT(NamesOf({zoo + "list.txt"}, {.root = zoo}), ElementsAre("a.onnx", "b/deep/two.onnx"));
  Put(zoo + "zeros.txt", absl::StrCat(zoo, "a.onnx", std::string(1, '\0')));
  EXPECT_THAT(NamesOf({zoo + "zeros.txt"}, {.root = zoo}), ElementsAre("a.onnx"));
  EXPECT_THAT(FindModels({zoo + "*.pt"}, {}).status().message(), HasSubstr("nothing matches"));
}

TEST(FindModels, IncludeAndExclude) {
  const std::string zoo = Zoo("include");
  EXPECT_THAT(NamesOf({zoo}, {.include = {"two.onnx", "a*"}, .root = zoo}),
              ElementsAre("a.onnx", "b/deep/two.onnx"));
  EXPECT_THAT(NamesOf({zoo}, {.exclude = {"b/*"}, .root = zoo}), ElementsAre("a.onnx"));
}

TEST(FindModels, EachOnce) {
  const std::string zoo = Zoo("once");
  EXPECT_THAT(NamesOf({zoo + "a.onnx", zoo + "a.onnx"}, {.root = zoo}), ElementsAre("a.onnx"));
}

TEST(Shards, DivideAndDoNotMove) {
  const std::string zoo = Zoo("shards");
  for (int i = 0; i < 40; ++i) Put(absl::StrCat(zoo, "many/", i, ".onnx"), "x");
  const std::vector<std::string> all = NamesOf({zoo}, {.root = zoo});
  std::vector<std::string> parts;
  std::vector<std::string> third;
  for (int i = 1; i <= 3; ++i) {
    const std::vector<std::string> part =
        NamesOf({zoo}, {.root = zoo, .shard = {.index = i, .count = 3}});
    EXPECT_GT(part.size(), all.size() / 6);  // of a third
    parts.insert(parts.end(), part.begin(), part.end());
    third = part;
  }
  EXPECT_THAT(parts, UnorderedElementsAreArray(all));
  Put(zoo + "a_new_one.onnx", "x");
  std::vector<std::string> after = NamesOf({zoo}, {.root = zoo, .shard = {.index = 3, .count = 3}});
  std::erase(after, "a_new_one.onnx");
  EXPECT_EQ(after, third);
}

TEST(Shards, AreWrittenAsPartOfCount) {
  EXPECT_EQ(ParseShard("3/8")->index, 3);
  EXPECT_EQ(ParseShard("3/8")->count, 8);
  for (absl::string_view bad : {"0/8", "9/8", "1/0", "3", "a/b", "1/2/3", ""}) {
    EXPECT_THAT(ParseShard(bad).status().message(), HasSubstr("write I/N")) << bad;
  }
}

TEST(LooksLikeModel, ByItsFirstFields) {
  EXPECT_TRUE(LooksLikeModel(Model().substr(0, 300)));
  EXPECT_FALSE(LooksLikeModel(""));
  EXPECT_FALSE(LooksLikeModel("# A heading\n"));
  EXPECT_FALSE(LooksLikeModel(std::string(300, '\0')));
  EXPECT_FALSE(LooksLikeModel(std::string(300, '\x08')));
  // A saved model of TensorFlow: version 1, then a meta graph in field 2.
  EXPECT_FALSE(LooksLikeModel(absl::string_view("\x08\x01\x12\x05\x0a\x03\x12\x01\x01", 9)));
}

}  // namespace
}  // namespace assay
