#include "analyzer/zoo/store.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ScoreRow Row(const std::string& path, double latency_s, absl::string_view status = kScored) {
  ScoreRow row;
  for (const ScoreColumn& c : ScoreColumns()) {
    if (c.key) row.at(c.name) = std::string();
  }
  row.at("path") = path;
  row.at("target") = std::string("t4");
  row.at("status") = std::string(status);
  row.at("latency_s") = latency_s;
  row.at("macs") = 1e30;  // beyond 63 bits
  row.at("settings") = std::string("s");
  return row;
}

FoundModel File(const std::string& name, int64_t bytes = 10, int64_t modified = 20) {
  return {.path = name, .name = name, .bytes = bytes, .modified_ns = modified};
}

std::unique_ptr<ScoreStore> Open(const std::string& name,
                                 ScoreStore::Mode mode = ScoreStore::Mode::kWrite) {
  absl::StatusOr<std::unique_ptr<ScoreStore>> store = ScoreStore::Open(TestFolder() + name, mode);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::vector<std::string> Lines(const ScoreStore& store, const std::string& where = "") {
  std::vector<std::string> lines;
  const absl::Status status = store.ForEach(where, [&](const ScoreRow& row) {
    lines.push_back(
        absl::StrCat(row.text("path"), " ", row.text("status"), " ", row.number("latency_s")));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return lines;
}

TEST(ScoreStore, KeepsRowsInOrderOfTheirKeys) {
  auto store = Open("order.db");
  ASSERT_TRUE(store->Add(File("b"), "s", {Row("b", 2)}, 0.1, false).ok());
  ASSERT_TRUE(store->Add(File("a"), "s", {Row("a", 1)}, 0.1, false).ok());
  ASSERT_TRUE(store->Add(File("b"), "s", {Row("b", 3)}, 0.1, false).ok());  // in its place
  ASSERT_TRUE(store->Commit().ok());
  EXPECT_THAT(Lines(*store), ElementsAre("a ok 1", "b ok 3"));
  EXPECT_THAT(Lines(*store, "latency_s > 2"), ElementsAre("b ok 3"));
  store = nullptr;
  store = Open("order.db", ScoreStore::Mode::kRead);
  EXPECT_THAT(Lines(*store), ElementsAre("a ok 1", "b ok 3"));
  ASSERT_TRUE(store
                  ->ForEach("",
                            [](const ScoreRow& row) {
                              EXPECT_EQ(row.number("macs"), 1e30);
                              return absl::OkStatus();
                            })
                  .ok());
}

TEST(ScoreStore, WhatIsNotCommittedIsLost) {
  auto store = Open("lost.db");
  ASSERT_TRUE(store->Add(File("a"), "s", {Row("a", 1)}, 0.1, false).ok());
  ASSERT_TRUE(store->Commit().ok());
  ASSERT_TRUE(store->Add(File("b"), "s", {Row("b", 2)}, 0.1, false).ok());
  store = nullptr;
  store = Open("lost.db");
  EXPECT_THAT(Lines(*store), ElementsAre("a ok 1"));
  EXPECT_THAT(*store->Done({File("a"), File("b")}, "s"), UnorderedElementsAre("a"));
}

TEST(ScoreStore, IsDoneWhileFileAndSettingsAreTheSame) {
  auto store = Open("done.db");
  ASSERT_TRUE(store->Add(File("a"), "s", {Row("a", 1)}, 0.1, false).ok());
  ASSERT_TRUE(store->Add(File("slow"), "s", {Row("slow", 1, kTimedOut)}, 60, true).ok());
  ASSERT_TRUE(store->Commit().ok());
  EXPECT_THAT(*store->Done({File("a"), File("slow"), File("new")}, "s"), UnorderedElementsAre("a"));
  EXPECT_THAT(*store->Done({File("a", 11)}, "s"), IsEmpty());
  EXPECT_THAT(*store->Done({File("a", 10, 21)}, "s"), IsEmpty());
  EXPECT_THAT(*store->Done({File("a")}, "other"), IsEmpty());
}

TEST(ScoreStore, MergesOnceAndForAll) {
  auto a = Open("merge_a.db"), b = Open("merge_b.db");
  ASSERT_TRUE(a->Add(File("one"), "s", {Row("one", 1)}, 0.1, false).ok());
  ASSERT_TRUE(a->Add(File("two"), "s", {Row("two", 0, kFailed)}, 0.1, false).ok());
  ASSERT_TRUE(a->Add(File("three"), "s", {Row("three", 3)}, 0.1, false).ok());
  ASSERT_TRUE(a->Commit().ok());
  // Later than a's.
  ASSERT_TRUE(b->Add(File("one"), "s", {Row("one", 10)}, 0.1, false).ok());
  ASSERT_TRUE(b->Add(File("two"), "s", {Row("two", 2)}, 0.1, false).ok());
  ASSERT_TRUE(b->Add(File("three"), "s", {Row("three", 0, kCrashed)}, 0.1, true).ok());
  ASSERT_TRUE(b->Add(File("four"), "s", {Row("four", 4)}, 0.1, false).ok());
  ASSERT_TRUE(b->Commit().ok());

  const std::vector<std::string> expected = {"four ok 4", "one ok 10", "three ok 3", "two ok 2"};
  absl::StatusOr<ScoreStore::Merged> merged = a->Merge(TestFolder() + "merge_b.db");
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->rows, 4);
  EXPECT_EQ(merged->added, 1);     // four
  EXPECT_EQ(merged->replaced, 2);  // one, two
  EXPECT_EQ(Lines(*a), expected);
  merged = a->Merge(TestFolder() + "merge_b.db");
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->added + merged->replaced, 0);
  EXPECT_EQ(Lines(*a), expected);
  // The other way round too.
  ASSERT_TRUE(b->Merge(TestFolder() + "merge_a.db").ok());
  EXPECT_EQ(Lines(*b), expected);
  EXPECT_THAT(*a->Done({File("three")}, "s"), UnorderedElementsAre("three"));
}

TEST(ScoreStore, OtherFilesAreRefused) {
  const std::string text = TestFolder() + "text.db";
  std::ofstream(text) << "not a database, but long enough to be looked at as one";
  EXPECT_THAT(ScoreStore::Open(text, ScoreStore::Mode::kRead).status().message(),
              HasSubstr("no database of `assay score`"));
  EXPECT_THAT(
      ScoreStore::Open(TestFolder() + "none.db", ScoreStore::Mode::kRead).status().message(),
      HasSubstr("`assay score -o` makes one"));
  EXPECT_FALSE(std::filesystem::exists(TestFolder() + "none.db"));
  EXPECT_THAT(ScoreStore::Open("no/such/folder/a.db", ScoreStore::Mode::kWrite).status().message(),
              HasSubstr("name a file that can be written"));
}

TEST(ScoreStore, ConditionsReadOnly) {
  auto store = Open("where.db");
  for (const char* bad : {"1); DROP TABLE scores; --", "nothing = 3", "1) UNION SELECT (1"}) {
    EXPECT_FALSE(store->ForEach(bad, [](const ScoreRow&) { return absl::OkStatus(); }).ok()) << bad;
  }
  EXPECT_THAT(Lines(*store), IsEmpty());
}

}  // namespace
}  // namespace assay
