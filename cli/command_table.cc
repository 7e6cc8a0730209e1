// Every command, one row each.
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "ir/op_table.h"
#include "ir/rows.h"
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

constexpr absl::string_view kFitOptions[] = {
    "--target",
    "--max-latency",
    "--min-throughput",
    "--max-memory",
    "--max-energy",
    "--max-power",
    "--max-price-per-million",
    "--lifetime",
    "--price-per-kwh",
    "--require-operators",
    "--require",
    "--expect",
    "--by",
    "--depth",
    "--strict",
    "--runtime",
    "--calibration",
    "--precision",
    "--cores",
    "--dim",
    "--batch",
    "--shape",
    "--value",
    "--format",
    "--output",
    "--threads",
    "--timings",
    "--color",
    "--quiet",
    "--op-file",
};
constexpr Example kFitExamples[] = {
    {"fit *.onnx --target jetson-orin-nano --max-latency 20ms --max-memory 2GB",
     "which of them fit, and what the others would need"},
    {"fit model.onnx --target all --max-latency 5ms --max-power 15W", "on which machine"},
    {"fit model.onnx --target rtx-4090,l4 --max-price-per-million 2USD --lifetime 3years "
     "--price-per-kwh 0.3USD",
     "what a million inferences may cost"},
    {"fit *.onnx --target hailo-8 --require needs.yaml --strict", "the same limits every day"},
    {"fit resnet50.onnx --expect resnet", "whether it is the model that it is said to be"},
    {"fit model.onnx --expect expected.yaml", "a guard for continuous integration"},
};

constexpr absl::string_view kDiffOptions[] = {
    "--target", "--runtime", "--precision", "--calibration", "--cores", "--by",     "--depth",
    "--top",    "--dim",     "--batch",     "--shape",       "--value", "--fuse",   "--format",
    "--output", "--threads", "--timings",   "--color",       "--quiet", "--op-file"};
constexpr Example kDiffExamples[] = {
    {"diff resnet18.onnx resnet18_pruned.onnx --target t4", "did my pruned model get cheaper"},
    {"diff old.onnx new.onnx --by module --depth 2", "and in which module"},
    {"diff old.onnx new.onnx --format csv", "every operator that changed"},
};

constexpr absl::string_view kSweepOptions[] = {
    "--dim",       "--batch", "--tokens",      "--target",      "--runtime",
    "--precision", "--vary",  "--max-latency", "--by",          "--depth",
    "--cores",     "--shape", "--value",       "--calibration", "--format",
    "--output",    "--color", "--threads",     "--quiet",       "--op-file"};
constexpr Example kSweepExamples[] = {
    {"sweep model.onnx --batch 1..256 --target h100-sxm,l4 --precision fp16",
     "latency and throughput by batch, and the batch that fills each machine"},
    {"sweep model.onnx --batch 1..64 --target h100-sxm --max-latency 10ms",
     "the best throughput under a latency limit"},
    {"sweep bert.onnx --dim batch=1,8 --dim seq=128..4096 --target l4", "a grid"},
    {"sweep model.onnx --target jetson-orin-nano@*", "its power modes"},
    {"sweep model.onnx --target kpu-t64 --vary dram.bandwidth=0.5x..4x", "a machine that is not"},
    {"sweep decoder.onnx --tokens 128..32768 --target h100-sxm",
     "tokens per second, reading and writing, and the cache's memory"},
};

constexpr absl::string_view kScoreOptions[] = {
    "--target",
    "--runtime",
    "--precision",
    "--output",
    "--resume",
    "--include",
    "--exclude",
    "--root",
    "--shard",
    "--weight",
    "--max-latency",
    "--min-throughput",
    "--max-memory",
    "--max-energy",
    "--max-power",
    "--max-price-per-million",
    "--lifetime",
    "--price-per-kwh",
    "--require-operators",
    "--require",
    "--jobs",
    "--time-limit",
    "--memory-limit",
    "--memory-budget",
    "--calibration",
    "--cores",
    "--dim",
    "--batch",
    "--shape",
    "--value",
    "--fuse",
    "--quiet",
    "--op-file",
};
constexpr Example kScoreExamples[] = {
    {"score models/ --target t4 -o zoo.db", "a folder with all below it, into a database"},
    {"score models/ --target t4 -o zoo.db --resume", "what is new or changed since"},
    {"score models/ --target t4,l4 --max-latency 10ms",
     "rows as JSON Lines on standard output, for other programs"},
    {"score 'cnn/*.onnx' list.txt --target all -o all.csv", "patterns and lists; every machine"},
    {"score - --target t4", "a list on standard input, as `find -print0` makes it"},
    {"score models/ --target t4 --shard 3/8 -o part3.db",
     "a part, for one of eight machines; `assay zoo merge` joins them"},
};

constexpr absl::string_view kZooOptions[] = {"--rank",  "--top",      "--pareto", "--histogram",
                                             "--where", "--failures", "--format", "--output",
                                             "--color", "--quiet"};
constexpr Example kZooExamples[] = {
    {"zoo zoo.db", "best and worst, Pareto front, histogram, failures"},
    {"zoo zoo.db --rank throughput_per_s --top 50 --where \"target = 't4'\"", "of one machine"},
    {"zoo zoo.db --pareto latency_s,energy_j -o zoo.html", "a page with a scatter plot"},
    {"zoo zoo.db --failures --format csv", "what failed, and why"},
    {"zoo merge all.db part1.db part2.db", "add the rows of others to all.db"},
};

constexpr absl::string_view kIrOptions[] = {"--after", "--dim",    "--batch",   "--shape",
                                            "--value", "--output", "--threads", "--timings",
                                            "--quiet", "--op-file"};
constexpr Example kIrExamples[] = {
    {"ir model.onnx", "the graph as imported: functions inlined, old spellings lifted"},
    {"ir model.onnx --after shapes --dim seq=128", "with the type of every value"},
    {"ir model.onnx --after work", "and what every operator does"},
};

constexpr absl::string_view kExplainOptions[] = {
    "--kernel",          "--target", "--runtime", "--calibration",
    "--precision",       "--cores",  "--dim",     "--batch",
    "--shape",           "--value",  "--fuse",    "--fuse-scratchpad",
    "--fuse-max-inputs", "--format", "--output",  "--threads",
    "--timings",         "--color",  "--quiet",   "--op-file"};
constexpr Example kExplainExamples[] = {
    {"explain model.onnx --target h100-sxm", "what its totals are made of"},
    {"explain model.onnx /layer1/conv1/Conv", "what its numbers are made of"},
    {"explain model.onnx '#12' --target h100-sxm", "and its time there, datum by datum"},
    {"explain model.onnx '#k3' --target h100-sxm", "a kernel: its operators, tensors and time"},
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
    {"help --man -o assay.1", "then `man -l assay.1`"},
    {"help --completion bash -o ~/.local/share/bash-completion/completions/assay",
     "words of assay by the tabulator key, in the next shell"},
};

// Names that arguments may be.
std::vector<absl::string_view> CommandNames() { return NamesOf(CommandTable()); }
std::vector<absl::string_view> PatternNames() { return NamesOf(FusionPatterns()); }

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
    {.name = "fit",
     .args = "MODEL...",
     .summary = "whether models keep to limits on targets, and what it would take",
     .doc =
         "Judges each MODEL on each --target: FAIL when the estimate breaks a limit or the model "
         "does "
         "not fit into the target's memory; PARTIAL when only the slow end of the estimate's "
         "interval breaks one, when what a limit speaks of is not known of the target, or when the "
         "target lacks operators or element types; else PASS. Tells how much of each limit is "
         "left, which one binds, and for a FAIL which one number of the target would have to "
         "change "
         "by how much, and which other precision or power mode would do.\n"
         "--target all is every machine that assay ships; gpu, cpu, npu, kpu and systolic are "
         "those "
         "of a kind. Several are ranked, best first.\n"
         "The exit status is 3 when a limit or an expectation is broken.",
     .min_args = 1,
     .max_args = -1,
     .options = kFitOptions,
     .examples = kFitExamples,
     .run = RunFit},
    {.name = "diff",
     .args = "OLD NEW",
     .summary = "what changed in cost between two models",
     .doc =
         "Matches the operators of two models by structure and by name, and says what was added, "
         "removed and changed, what each change costs, and how the whole changed: work, "
         "parameters, memory, kernels, with --target time and energy. Changes add up to the "
         "difference of the totals.\n"
         "Sizes that are given hold for both; a name that only one of them has is no error.",
     .min_args = 2,
     .max_args = 2,
     .options = kDiffOptions,
     .examples = kDiffExamples,
     .run = RunDiff},
    {.name = "sweep",
     .args = "MODEL",
     .summary = "latency and throughput over batch, sequence, precision, targets and their data",
     .doc =
         "Estimates MODEL at every point of a grid: --dim, --batch and --vary take ranges, "
         "--target, "
         "--runtime and --precision lists, and NAME@* stands for a target with all of its power "
         "modes. It says where the limiting resource changes, where throughput stops growing, "
         "which "
         "batch fills the machine, and what is best under --max-latency.\n"
         "A range A..B is A, 2 A, 4 A ... and B; A..B:S goes in steps of S, A..B*F times F; "
         "1,2,4..16 is a list. Of --vary the numbers are factors, 0.5x..4x.\n"
         "What is swept stays a symbol of the model, as it was exported: kernels, their order and "
         "their work are found once and evaluated at each point. Where sizes decide otherwise than "
         "at the first point, the point is redone and marked.\n"
         "--tokens is for decoders with a key-value cache: each length as a prompt that is read at "
         "once, and as what the next token looks back on.",
     .min_args = 1,
     .max_args = 1,
     .options = kSweepOptions,
     .examples = kSweepExamples,
     .run = RunSweep},
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
    {.name = "explain",
     .args = "MODEL [NODE]",
     .summary = "how each number of a model or a node came about",
     .doc =
         "Traces every number of NODE to the operator's rule, with the formula and the values put "
         "in; with --target also its kernel's time and energy, each part to the datum behind it "
         "with its source, to the calibration, or to an assumption.\n"
         "NODE is a node's name, the name of one of its results, the end of either where only one "
         "fits, or #ID as reports number operators; #kID is a kernel of the first target's "
         "runtime, or of --fuse without one. Without NODE the totals of the model are traced.",
     .min_args = 1,
     .max_args = 2,
     .options = kExplainOptions,
     .examples = kExplainExamples,
     .run = RunExplain},
    {.name = "score",
     .args = "PATH...",
     .summary = "a table of a whole folder of models",
     .doc =
         "Scores every model that the PATHs mean: folders with all below them, files, patterns, "
         "lists (FILE.txt, or - for standard input; a path per line, or each ended by a zero "
         "byte). A row "
         "for each model, target, runtime and precision: what the model is, its work, memory, "
         "time, energy, whether it keeps to the limits, and a score. A model that fails has its "
         "rows too, with the reason; the others go on.\n"
         "Rows go to standard output as JSON Lines in the order of the models, or to the file of "
         "--output by its ending: .db (SQLite, table `scores`), .jsonl or .csv. In a database, "
         "rows are committed as they come: a run that is killed loses none of them, and --resume "
         "goes on.\n"
         "Models are scored in worker processes; one that crashes, takes too long or needs too "
         "much memory is ended and recorded, and delays no other. Equal graphs are estimated "
         "once.\n"
         "The score is 100 x the weighted geometric mean of how much better each value of --weight "
         "is than a reference: 10 ms, 100 samples per second, 100 mJ, 100 MB of memory, 1 G MACs, "
         "10 M parameters, 100 MB of traffic. A limit takes the place of its reference.",
     .min_args = 1,
     .max_args = -1,
     .options = kScoreOptions,
     .examples = kScoreExamples,
     .run = RunScore},
    {.name = "zoo",
     .args = "[merge] DB...",
     .summary = "questions to a table of `assay score`",
     .doc =
         "Reads the database DB of `assay score` and shows its best and worst rows, the Pareto "
         "front of two columns (of rows that are equal in both the first, and how many more), a "
         "histogram, what failed and why, and the targets side by side. --format html is a page "
         "with a scatter plot.\n"
         "`zoo merge DB OTHER...` adds the rows of other databases to DB, which may be a new one: "
         "of two rows of one model, target, runtime, precision and sizes the one that was scored "
         "stays before one that failed, then the later one. Doing it again changes nothing.",
     .min_args = 1,
     .max_args = -1,
     .options = kZooOptions,
     .examples = kZooExamples,
     .run = RunZoo},
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

const CommandRow* FindCommand(absl::string_view name) { return FindRow(kCommands, name); }

}  // namespace assay
