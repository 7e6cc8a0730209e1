// `score` and `zoo` as their users run them: workers are processes of the program itself.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/cli_test_util.h"
#include "cli/progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A few small models, and one that is broken.
constexpr char kSome[] =
    "testdata/models CONTRIBUTING.md --include mlp* --include sklearn_* --include lstm* "
    "--include resnet18* --include CONTRIBUTING.md";

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

// A new file for a test's own database.
std::string Fresh(const std::string& name) {
  for (const char* part :
       {"", "-wal", "-shm", ".partial.db", ".partial.db-wal", ".partial.db-shm"}) {
    std::filesystem::remove(absl::StrCat(TestFolder(), name, part));
  }
  return TestFolder() + name;
}

// All rows of a database, as CSV.
std::string RowsOf(const std::string& db) {
  const std::string csv = Fresh("rows_of.csv");
  const std::string copy = Fresh("rows_of.db");
  EXPECT_EQ(RunWords({"zoo", "merge", copy, db}).exit, kDone);
  // What `score` itself exports of no further model.
  std::filesystem::rename(copy, csv + ".partial.db");
  WriteFile(TestFolder() + "empty.txt", "");
  (void)RunWords({"score", TestFolder() + "empty.txt", "--resume", "-q", "-o", csv});
  return ReadFile(csv);
}

// Sets a variable of the environment while it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Score, LinesInTheOrderOfTheModelsWhateverTheJobs) {
  const Outcome one = RunCommand(absl::StrCat("score ", kSome, " --target t4,l4 --jobs 1"));
  const Outcome three = RunCommand(absl::StrCat("score ", kSome, " --target t4,l4 --jobs 3"));
  EXPECT_EQ(one.out, three.out);
  EXPECT_EQ(one.exit, kInputFailed);
  const std::vector<std::string> lines = Lines(one.out);
  EXPECT_GT(lines.size(), 20u);
  std::vector<std::string> paths;
  for (const std::string& line : lines) {
    const rapidjson::Document row = ParseJson(line);
    ASSERT_TRUE(row.IsObject());
    paths.emplace_back(row["path"].GetString());
  }
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end() - 2));
  EXPECT_THAT(lines.back(), HasSubstr("\"status\":\"failed\""));
  EXPECT_THAT(one.err, HasSubstr("1 failed"));
  EXPECT_THAT(one.err, HasSubstr("1 x this is a text file, not an ONNX model"));
  EXPECT_THAT(one.err, HasSubstr("best score: "));
}

TEST(Score, TablesHoldTheSameRows) {
  const std::string db = Fresh("same.db"), csv = Fresh("same.csv"), jsonl = Fresh("same.jsonl");
  const std::string what = absl::StrCat("score ", kSome, " --target t4 -q -o ");
  EXPECT_EQ(RunCommand(what + db).exit, kInputFailed);
  EXPECT_EQ(RunCommand(what + csv).exit, kInputFailed);
  EXPECT_EQ(RunCommand(what + jsonl).exit, kInputFailed);
  EXPECT_EQ(RowsOf(db), ReadFile(csv));
  EXPECT_FALSE(std::filesystem::exists(csv + ".partial.db"));
  std::vector<std::string> kept = Lines(ReadFile(jsonl));
  std::vector<std::string> said =
      Lines(RunCommand(absl::StrCat("score ", kSome, " --target t4 -q")).out);
  absl::c_sort(kept);
  absl::c_sort(said);
  EXPECT_EQ(kept, said);
}

TEST(Score, OrderOfFilesAndShardsDoNotMatter) {
  const std::string whole = Fresh("whole.db"), backwards = Fresh("backwards.db"),
                    merged = Fresh("merged.db");
  const std::string what = absl::StrCat("score ", kSome, " --target t4 -q -o ");
  (void)RunCommand(what + whole);
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/models")) {
    paths.push_back(entry.path().string());
  }
  absl::c_sort(paths);
  absl::c_reverse(paths);
  paths.insert(paths.begin(), "CONTRIBUTING.md");
  WriteFile(TestFolder() + "backwards.txt", absl::StrJoin(paths, "\n"));
  (void)RunCommand(absl::StrReplaceAll(what, {{"testdata/models CONTRIBUTING.md",
                                               TestFolder() + "backwards.txt"}}) +
                   backwards);
  EXPECT_EQ(RowsOf(whole), RowsOf(backwards));
  for (int i = 1; i <= 4; ++i) {
    const std::string part = Fresh(absl::StrCat("part", i, ".db"));
    (void)RunCommand(absl::StrCat(what, part, " --shard ", i, "/4"));
    EXPECT_THAT(RunWords({"zoo", "merge", merged, part}).out, HasSubstr(", 0 replaced"));
  }
  EXPECT_EQ(RowsOf(whole), RowsOf(merged));
}

TEST(Score, ResumesWhatIsNewOrChanged) {
  const std::string zoo = TestFolder() + "resume/", db = Fresh("resume.db");
  std::filesystem::create_directories(zoo);
  const std::string mlp = ReadFile("testdata/models/mlp.onnx");
  WriteFile(zoo + "a.onnx", mlp);
  WriteFile(zoo + "b.onnx", mlp);
  const auto score = [&](const std::string& more = "") {
    return RunCommand(absl::StrCat("score ", zoo, " --target t4 --resume -o ", db, more)).err;
  };
  EXPECT_THAT(score(), HasSubstr("2 of 2 models"));
  EXPECT_THAT(score(), HasSubstr("0 of 2 models"));
  WriteFile(zoo + "b.onnx", ReadFile("testdata/models/lstm.onnx"));
  WriteFile(zoo + "c.onnx", mlp);
  EXPECT_THAT(score(), HasSubstr("2 of 3 models"));
  EXPECT_THAT(RowsOf(db), HasSubstr("c.onnx,t4"));
  EXPECT_THAT(score(" --batch 4"), HasSubstr("3 of 3 models"));  // rows of their own
  EXPECT_THAT(Lines(RowsOf(db)), SizeIs(1 + 3 + 3));
}

TEST(Score, TheExitStatusIsOfAllThatWasAskedFor) {
  const std::string zoo = TestFolder() + "failed_before/", db = Fresh("failed_before.db");
  std::filesystem::create_directories(zoo);
  WriteFile(zoo + "a.onnx", ReadFile("testdata/models/mlp.onnx"));
  WriteFile(zoo + "b.onnx", "");
  const auto score = [&](const std::string& more) {
    return RunCommand(absl::StrCat("score ", zoo, " --target t4 --resume -o ", db, more));
  };
  EXPECT_THAT(score("").exit, kInputFailed);
  const Outcome again = score("");
  EXPECT_EQ(again.exit, kInputFailed);
  EXPECT_THAT(again.err, HasSubstr(", 2 were done before, of which 1 failed"));
  // The failure of a model that is not asked for any more counts for nothing; a limit does.
  EXPECT_EQ(score(" --exclude b.onnx").exit, kDone);
  EXPECT_EQ(score(" --exclude b.onnx --max-latency 1ns").exit, kLimitBroken);
  EXPECT_EQ(score(" --exclude b.onnx --max-latency 1ns").exit, kLimitBroken);
}

TEST(Score, WhatAModelDoesToItsWorkerIsRecorded) {
  const std::string what = absl::StrCat("score ", kSome, " --target t4 -q --jobs 2");
  const std::vector<std::string> sound = Lines(RunCommand(what).out);
  const auto with = [&](const char* fault, const char* more) {
    const Variable variable("ASSAY_SCORE_FAULT", fault);
    const Outcome outcome = RunCommand(what + more);
    EXPECT_EQ(outcome.exit, kInputFailed);
    const std::vector<std::string> lines = Lines(outcome.out);
    EXPECT_EQ(lines.size(), sound.size());
    std::string other;
    for (size_t i = 0; i < std::min(lines.size(), sound.size()); ++i) {
      if (lines[i] != sound[i]) other += lines[i];
    }
    return other;  // of the one model alone
  };
  EXPECT_THAT(with("crash:lstm.onnx", ""),
              HasSubstr("\"status\":\"crashed\",\"error\":\"its worker "
                        "was ended by Aborted"));
  EXPECT_THAT(with("hang:lstm.onnx", " --time-limit 2s"),
              HasSubstr("\"status\":\"timeout\",\"error\":\"took longer than 2 s"));
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_THAT(with("eat:lstm.onnx", " --memory-limit 300MB"),
              HasSubstr("\"status\":\"memory\",\"error\":\"needs more than 300.0 MB"));
#endif
}

// What a shell runs, killed by SIGKILL after so many seconds; true: it was not killed in time.
bool RunAndKill(const std::string& command, double seconds) {
  const std::string line = absl::StrCat("exec ", ASSAY_PROGRAM, " ", command);
  const char* words[] = {"/bin/sh", "-c", line.c_str(), nullptr};
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, words[0], nullptr, nullptr, const_cast<char**>(words), environ), 0);
  int status = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    if (waitpid(pid, &status, WNOHANG) == pid) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return WIFEXITED(status);
}

TEST(Score, KilledAtAnyInstantLosesNothingThatWasCommitted) {
  const std::string what =
      absl::StrCat("score ", absl::StrReplaceAll(kSome, {{"*", "\\*"}}), " --target t4 -q ");
  const std::string plain = Fresh("plain.db"), killed = Fresh("killed.db");
  const auto start = std::chrono::steady_clock::now();
  (void)RunAndKill(absl::StrCat(what, "-o ", plain), 600);
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::string expected = RowsOf(plain);
  std::mt19937 random(20261122);
  std::uniform_real_distribution<double> instant(0, whole);
  int kills = 0;
  for (int run = 0; run < 1000 && kills < 50; ++run) {
    const bool ended =
        RunAndKill(absl::StrCat(what, "--resume -o ", killed, " 2> /dev/null"), instant(random));
    if (!ended) {
      ++kills;
      continue;
    }
    EXPECT_EQ(RowsOf(killed), expected) << "after " << kills << " kills";
    (void)Fresh("killed.db");
  }
  EXPECT_EQ(kills, 50);
  (void)RunAndKill(absl::StrCat(what, "--resume -o ", killed), 600);
  EXPECT_EQ(RowsOf(killed), expected);
}

TEST(Score, AFullDiskIsSaidAndHarmsNothing) {
  const std::string what = absl::StrCat("score ", absl::StrReplaceAll(kSome, {{"*", "\\*"}}),
                                        " --target t4,l4,h100-sxm ");
  const std::string plain = Fresh("roomy.db"), full = Fresh("full.db");
  (void)RunAndKill(absl::StrCat(what, "-q -o ", plain), 600);
  // As a disk that has room for a few pages: blocks of 512 bytes.
  const std::string errors = TestFolder() + "full.err";
  const std::string line = absl::StrCat("trap '' XFSZ; ulimit -f 56; exec ", ASSAY_PROGRAM, " ",
                                        what, "-o ", full, " 2> ", errors);
  EXPECT_NE(std::system(line.c_str()), 0);
  EXPECT_THAT(ReadFile(errors), HasSubstr("full.db: "));
  (void)RunAndKill(absl::StrCat(what, "-q --resume -o ", full), 600);
  EXPECT_EQ(RowsOf(full), RowsOf(plain));
}

TEST(Score, WrongCommandLinesAreSaid) {
  const auto said = [](const std::string& command) {
    const Outcome outcome = RunCommand(command);
    EXPECT_EQ(outcome.exit, kUsage) << command;
    return outcome.err;
  };
  EXPECT_THAT(said("score testdata/models --target no_such"), HasSubstr("no_such"));
  EXPECT_THAT(said("score testdata/models -o zoo.parquet"), HasSubstr("use .db, .jsonl or .csv"));
  EXPECT_THAT(said("score testdata/models --resume"), HasSubstr("name a file with --output"));
  EXPECT_THAT(said("score testdata/models --shard 9/8"), HasSubstr("write I/N"));
  EXPECT_THAT(said("score testdata/models --weight speed"), HasSubstr("cannot be weighed"));
  EXPECT_THAT(said("score testdata/models --max-latency 1ms"), HasSubstr("of no machine"));
  EXPECT_THAT(said("score 'no/such*'"), HasSubstr("nothing matches"));
  EXPECT_THAT(said("zoo merge a.db"), HasSubstr("others to add"));
  EXPECT_THAT(said("zoo a.db b.db"), HasSubstr("one database"));
  EXPECT_EQ(RunCommand("score testdata/journeys").exit, kInputFailed);
  EXPECT_EQ(RunCommand("zoo no_such.db").exit, kInputFailed);
}

TEST(Score, LimitsGiveTheExitStatus) {
  EXPECT_EQ(RunCommand("score testdata/models/mlp.onnx --target t4 --max-latency 1ns -q").exit,
            kLimitBroken);
  EXPECT_EQ(RunCommand("score testdata/models/mlp.onnx --target t4 --max-latency 1s -q").exit,
            kDone);
}

TEST(Progress, SaysHowFarAndHowLong) {
  EXPECT_EQ(ProgressText(6000, 10000, 61, 12, 10),
            "[######....]  6,000 of 10,000   500 /s   8 s "
            "left   61 failed");
  EXPECT_EQ(ProgressText(0, 10, 0, 5, 0), "0 of 10");
  EXPECT_EQ(ProgressText(10, 10, 0, 5, 0), "10 of 10   2 /s");
  EXPECT_EQ(ProgressText(1, 7261, 0, 1, 0), "1 of 7,261   1 /s   2 h 01 min left");
}

}  // namespace
}  // namespace assay
