// Every command, one row each.
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "ir/op_table.h"
#include "passes/pattern.h"

namespace assay {
namespace {

constexpr absl::string_view kAnalyzeOptions[] = {
    "--target",
    "--runtime",
    "--calibration",
    "--precision",
    "--cores",
    "--fill",
    "--dim",
    "--batch",
    "--shape",
    "--value",
    "--fuse",
    "--fuse-scratchpad",
    "--fuse-max-inputs",
    "--explain-fusion",
    "--format",
    "--output",
    "--ops",
    "--kernels",
    "--stages",
    "--memory",
    "--by",
    "--depth",
    "--top",
    "--after",
    "--threads",
    "--timings",
    "--color",
    "--quiet",
    "--op-file",
};
constexpr Example kAnalyzeExamples[] = {
    {"analyze model.onnx", "what the model costs, machine aside"},
    {"analyze model.onnx --target h100-sxm --batch 8", "and how fast it would run there"},
    {"analyze bert.onnx --dim batch=1 --dim seq=128 --by module",
     "costs by module of the exporter"},
    {"analyze model.onnx --target xeon-8380 --cores 4x10",
     "ten instances side by side, on four cores each"},
    {"analyze *.onnx --target h100-sxm,i7-12700k --format json -o all.json",
     "many models, two machines, for a program to read"},
    {"analyze model.onnx --ops --top 0", "every operator"},
    {"analyze model.onnx --kernels --stages --memory", "what runs together, in full"},
    {"analyze lidar.onnx --ops testdata/ops/pointcloud.yaml", "with operators of your own"},
};

constexpr absl::string_view kCompareOptions[] = {
    "--target", "--runtime", "--precision", "--calibration", "--cores", "--sort",  "--baseline",
    "--by",     "--depth",   "--dim",       "--batch",       "--shape", "--value", "--fuse",
    "--format", "--output",  "--threads",   "--timings",     "--color", "--quiet", "--op-file"};
constexpr Example kCompareExamples[] = {
    {"compare resnet18.onnx resnet50.onnx", "what each costs, machine aside"},
    {"compare model.onnx --target h100-sxm,a100-sxm-80gb,t4 --precision fp32,fp16",
     "three machines, two precisions"},
    {"compare model.onnx --target all --sort latency", "every machine that assay knows"},
    {"compare a.onnx b.onnx --target t4 --baseline b --by module --depth 1",
     "against b, and module by module"},
};

constexpr absl::string_view kIrOptions[] = {"--after", "--dim",    "--batch",   "--shape",
                                            "--value", "--output", "--threads", "--timings",
                                            "--quiet", "--op-file"};
constexpr Example kIrExamples[] = {
    {"ir model.onnx", "the graph as imported: functions inlined, old spellings lifted"},
    {"ir model.onnx --after shapes --dim seq=128", "with the type of every value"},
    {"ir model.onnx --after work", "and what every operator does"},
};

constexpr absl::string_view kExportOptions[] = {
    "--as",    "--output",   "--target",  "--runtime", "--precision", "--calibration",
    "--cores", "--color-by", "--fuse",    "--dim",     "--batch",     "--shape",
    "--value", "--threads",  "--timings", "--quiet",   "--op-file"};
constexpr Example kExportExamples[] = {
    {"export model.onnx --as dot -o model.dot", "a drawing; `dot -Tsvg model.dot` renders it"},
    {"export model.onnx --as dot --fuse none", "every operator by itself"},
    {"export model.onnx -o model.svg --target h100-sxm --color-by time",
     "a page for the browser: where the time goes"},
    {"export model.onnx -o costed.onnx --target h100-sxm", "look at costs node by node in Netron"},
    {"export model.onnx -o trace.json --target h100-sxm,rtx-4090",
     "open it in ui.perfetto.dev: both machines on one time axis"},
    {"export model.onnx --as mermaid", "paste it into a README"},
};

constexpr absl::string_view kListOptions[] = {"--output", "--color"};
constexpr absl::string_view kOpsOptions[] = {"--op-file", "--output", "--color"};
constexpr Example kOpsExamples[] = {
    {"ops", "every operator that assay knows"},
    {"ops Conv", "versions, family, how its work is counted, and an example"},
    {"ops --ops testdata/ops/pointcloud.yaml SubMConv3d", "one of your own"},
};
constexpr Example kPassesExamples[] = {{"passes", "in order, with what each needs and makes"}};

constexpr Example kPatternsExamples[] = {{"patterns", "all of them, and the policies"}};

constexpr absl::string_view kMachineOptions[] = {"--keys", "--check", "--output", "--color"};
constexpr Example kTargetsExamples[] = {
    {"targets", "the machines that assay ships"},
    {"targets h100-sxm", "one in full, every number with its source"},
    {"targets --keys", "the keys of a target's YAML file"},
    {"targets --check mine.yaml", "check a file of your own against every rule"},
};
constexpr Example kRuntimesExamples[] = {
    {"runtimes", "the runtimes that assay ships"},
    {"runtimes ideal", "one in full"},
};

constexpr absl::string_view kValidateOptions[] = {
    "--measured", "--models",    "--leave-out", "--plot",        "--profile", "--target",
    "--runtime",  "--precision", "--cores",     "--dim",         "--batch",   "--shape",
    "--value",    "--op-file",   "--output",    "--calibration", "--threads", "--color"};
constexpr Example kValidateExamples[] = {
    {"validate --measured testdata/measured/published.csv", "how far off what assay ships is"},
    {"validate --measured mine.csv --models . --leave-out family --plot fit.svg",
     "how far off a fit to these is on models that it has not seen"},
    {"validate model.onnx --profile profile.json --target xeon-8480 --runtime onnxruntime-cpu",
     "which kernels of one model are off"},
};
constexpr absl::string_view kCalibrateOptions[] = {
    "--measured",  "--models",  "--profile", "--target",  "--runtime",
    "--precision", "--cores",   "--dim",     "--batch",   "--shape",
    "--value",     "--op-file", "--output",  "--threads", "--color"};
constexpr Example kCalibrateExamples[] = {
    {"calibrate --target rtx-4090 --runtime torch-inductor --measured mine.csv -o mine.yaml",
     "then `analyze --calibration mine.yaml`"},
    {"calibrate model.onnx --profile profile.json --target xeon-8480 --runtime onnxruntime-cpu",
     "the same from one profile"},
};

constexpr absl::string_view kHelpOptions[] = {"--man", "--completion", "--output"};
constexpr Example kHelpExamples[] = {
    {"help analyze", "what `analyze --help` prints"},
    {"help --man > assay.1", "then `man -l assay.1`"},
    {"help --completion bash > ~/.local/share/bash-completion/completions/assay",
     "words of assay by the tabulator key, in the next shell"},
};

// Names that arguments may be.
std::vector<absl::string_view> CommandNames() {
  std::vector<absl::string_view> names;
  for (const CommandRow& row : CommandTable()) names.push_back(row.name);
  return names;
}
std::vector<absl::string_view> PatternNames() {
  std::vector<absl::string_view> names;
  for (const PatternRow& row : FusionPatterns()) names.push_back(row.name);
  return names;
}

constexpr CommandRow kCommands[] = {
    {.name = "analyze",
     .args = "MODEL...",
     .summary = "what a model costs, where, and why",
     .doc =
         "Reads each MODEL (an ONNX file; - is standard input) and reports its work, traffic, "
         "fusion, parallelism and memory; with --target also latency, limits and energy there. "
         "No weight is read and nothing is run.\n"
         "Symbolic dimensions that no option binds stay symbols; where a number is needed, axis 0 "
         "counts as 1 and any other as the smallest power of two that keeps every dimension at "
         "least 1. The report's second line says where its numbers hold.\n"
         "A model that cannot be used is named on standard error, the others go on, and the exit "
         "status is 1.",
     .min_args = 1,
     .max_args = -1,
     .options = kAnalyzeOptions,
     .examples = kAnalyzeExamples,
     .run = RunAnalyze},
    {.name = "compare",
     .args = "MODEL...",
     .summary = "models, targets, runtimes and precisions side by side",
     .doc =
         "Analyses each MODEL on every target, under every runtime and in every precision that is "
         "named (T,T and R,R and P,P cross), and prints a row for each, with its ratio to a "
         "baseline; then who wins and why: what limits each, and by how much that differs. "
         "Combinations that cannot be are left out with a word. Without --target the work of the "
         "models is compared.\n"
         "Intervals that overlap are said to: then the order is not certain. A model that cannot "
         "be "
         "used is named on standard error, the others go on, and the exit status is 1.",
     .min_args = 1,
     .max_args = -1,
     .options = kCompareOptions,
     .examples = kCompareExamples,
     .run = RunCompare},
    {.name = "ir",
     .args = "MODEL",
     .summary = "the model's graph as text",
     .doc =
         "Prints the intermediate representation: one operator per line, in file order, as every "
         "analysis sees it. With --after PASS, what the passes up to that one know stands behind "
         "each line as a comment.",
     .min_args = 1,
     .max_args = 1,
     .options = kIrOptions,
     .examples = kIrExamples,
     .run = RunIr},
    {.name = "export",
     .args = "MODEL",
     .summary = "drawings, a timeline, or the model with its costs in it",
     .doc = "Makes something for another program of a model: a drawing (dot, svg, mermaid), a "
            "timeline "
            "(trace), or the same model with shapes and costs in it (onnx).\n"
            "Drawings show the operators that run: those of one kernel in one box, and the tensors "
            "between them. Weights, views and what does not run are left out. With --target the "
            "kernels are those of its runtime and show their time; without it those of --fuse.\n"
            "Of onnx every byte of a weight is copied as it is. External data stays where it is.",
     .min_args = 1,
     .max_args = 1,
     .options = kExportOptions,
     .examples = kExportExamples,
     .run = RunExport},
    {.name = "ops",
     .args = "[NAME]",
     .summary = "the operators that are known",
     .doc =
         "Lists every operator with its domain, versions, family and role, or tells all about one: "
         "what is counted, by which formula, and an example. An operator that is not here is "
         "opaque: its work is unknown, and reports say so.",
     .max_args = 1,
     .options = kOpsOptions,
     .examples = kOpsExamples,
     .run = RunOps,
     .choices = [] { return OpTable::BuiltIn().names(); }},
    {.name = "passes",
     .summary = "the passes over a graph",
     .doc =
         "Lists the passes in an order that respects their needs; --after of other commands takes "
         "their names.",
     .options = kListOptions,
     .examples = kPassesExamples,
     .run = RunPassList},
    {.name = "patterns",
     .args = "[NAME]",
     .summary = "the fusion patterns and policies",
     .doc =
         "Lists what becomes one kernel: each pattern with the operators it starts at and what it "
         "absorbs from there, then the policies of --fuse.",
     .max_args = 1,
     .options = kListOptions,
     .examples = kPatternsExamples,
     .run = RunPatterns,
     .choices = PatternNames},
    {.name = "targets",
     .args = "[NAME]",
     .summary = "the machines that are known",
     .doc = "Lists the targets, or prints one in full as YAML: every number with its unit, and its "
            "source. NAME may be a YAML file of your own, which every --target takes too.",
     .max_args = 1,
     .options = kMachineOptions,
     .examples = kTargetsExamples,
     .run = RunTargets,
     .choices = [] { return TargetNames(/*with_modes=*/true); }},
    {.name = "runtimes",
     .args = "[NAME]",
     .summary = "what executes a graph on a target",
     .doc =
         "Lists the runtimes, or prints one in full as YAML: fusion policy, overheads, precision.",
     .max_args = 1,
     .options = kMachineOptions,
     .examples = kRuntimesExamples,
     .run = RunRuntimes,
     .choices = RuntimeNames},
    {.name = "validate",
     .args = "[MODEL]",
     .summary = "estimates against measurements",
     .doc =
         "Estimates every run of a table of measurements (--measured FILE.csv; its columns are "
         "listed in analyzer/measured.h and hw/README.md) and tells how far off the estimates are, "
         "by runtime and batch. With --leave-out family the efficiencies are fitted to the table "
         "itself, each family of models predicted by a fit that has not seen it; with machine "
         "likewise each target.\n"
         "With --profile FILE.json instead, which ONNX Runtime (enable_profiling) or trtexec "
         "(--exportProfile) wrote of MODEL: matches its nodes to the kernels of an estimate at the "
         "same sizes and compares their times, class by class, with the kernels furthest off and "
         "all that is not matched.",
     .max_args = 1,
     .options = kValidateOptions,
     .examples = kValidateExamples,
     .run = RunValidate},
    {.name = "calibrate",
     .args = "[MODEL]",
     .summary = "fit a machine's efficiencies to measurements",
     .doc = "Fits what a runtime achieves on a target, class of kernel by class of kernel, to the "
            "measured runs of that target in the table, starting from what the table says of other "
            "machines of the kind, and prints a calibration file with its errors: on the runs "
            "themselves, and on families of models left out. --target gpu (cpu, npu) fits all "
            "machines "
            "of the kind together, for those that nobody has measured.\n"
            "With --profile FILE.json of MODEL instead, fits to the times of its kernels; what is "
            "left out in turn is a tenth of those that differ. What the host spends on dispatch is "
            "not in them and stays where it is for other machines of the kind.",
     .max_args = 1,
     .options = kCalibrateOptions,
     .examples = kCalibrateExamples,
     .run = RunCalibrate},
    {.name = "help",
     .args = "[COMMAND]",
     .summary = "explain a command",
     .doc =
         "Prints what `assay COMMAND --help` prints, or all of it as a manual page, or a shell's "
         "completion; all come from the rows that the program itself reads.",
     .max_args = 1,
     .options = kHelpOptions,
     .examples = kHelpExamples,
     .run = RunHelp,
     .choices = CommandNames},
};

}  // namespace

absl::Span<const CommandRow> CommandTable() { return kCommands; }

const CommandRow* FindCommand(absl::string_view name) {
  for (const CommandRow& row : kCommands) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace assay
