// What goes to standard error: a terminal must not obey the bytes of a model.
#include "cli/output.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/cli_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SayTest, ErrorsArePrintable) {
  StringIo io;
  SayError(absl::InvalidArgumentError("m.onnx: `y\033[31m` is wrong\n; mend it"), io);
  SayError("unknown operator `\xff`", io);
  SayError(absl::CancelledError("the reader went away"), io);
  EXPECT_EQ(io.err,
            "assay: m.onnx: `y\\x1b[31m` is wrong\\x0a; mend it\n"
            "assay: unknown operator `\\xff`\n");
  EXPECT_EQ(io.out, "");
}

TEST(SayTest, DiagnosticsArePrintable) {
  StringIo io;
  Report report;
  report.file = "a\tb.onnx";
  report.diagnostics = {{"y\033[31m", "is \x7f odd"}, {"", "about all"}};
  SayDiagnostics(report, io);
  EXPECT_EQ(io.err,
            "a\\x09b.onnx: y\\x1b[31m: is \\x7f odd\n"
            "a\\x09b.onnx: about all\n");
}

TEST(SayTest, StandardInputHasAName) {
  StringIo io;
  Report report;
  report.file = "-";
  report.diagnostics = {{"", "odd"}};
  report.timings = {{"import", 0.5}};
  SayDiagnostics(report, io);
  SayTimings(report, io);
  EXPECT_EQ(io.err, "<stdin>: odd\n<stdin>:\n  import  500.0 ms\n");
}

// A stored tensor that is too short, which the import notes, and a result declared with another
// size than it has, which shape inference notes; both have names that turn a terminal red.
constexpr char kOdd[] = R"(
ir_version: 8
opset_import { version: 17 }
graph {
  name: "g"
  node { input: "x" input: "w\033[31m" output: "y\033[31m" op_type: "Add" }
  initializer { name: "w\033[31m" data_type: 1 dims: 4 raw_data: "abc" }
  input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_value: 4 } } } } }
  output { name: "y\033[31m" type { tensor_type { elem_type: 1 shape { dim { dim_value: 5 } } } } }
}
)";

TEST(SayTest, EveryCommandShowsWhatWasNoted) {
  const std::string path = std::filesystem::temp_directory_path() /
                           absl::StrCat("assay_output_test_", getpid(), ".textproto");
  WriteFile(path, kOdd);
  const std::string import = "tensor `w\\x1b[31m`: has 3 bytes of data where its shape needs 16";
  const std::string shapes = "y\\x1b[31m: declared with 5 on axis 0";

  const Outcome ir = RunWords({"ir", path});
  EXPECT_EQ(ir.exit, kDone) << ir.err;
  EXPECT_THAT(ir.err, HasSubstr(absl::StrCat(path, ": ", import)));
  EXPECT_THAT(ir.err, Not(HasSubstr(shapes)));
  EXPECT_EQ(RunWords({"ir", path, "--quiet"}).err, "");
  for (const Outcome& outcome :
       {RunWords({"ir", path, "--after", "shapes"}), RunWords({"export", path}),
        RunWords({"analyze", path, "--format", "json"})}) {
    EXPECT_EQ(outcome.exit, kDone) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat(path, ": ", import)));
    EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat(path, ": ", shapes)));
    EXPECT_THAT(outcome.err, Not(HasSubstr("\033")));
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace assay
