// What a run is asked for. Whoever asks (the command line, a test) fills it; nothing here is
// global.
#ifndef ASSAY_ANALYZER_OPTIONS_H_
#define ASSAY_ANALYZER_OPTIONS_H_

#include <string>
#include <vector>

#include "analyzer/text_table.h"
#include "hw/share_out.h"
#include "passes/shapes.h"

namespace assay {

// What to find out about a model.
struct AnalyzeOptions {
  Bindings bindings;
  std::vector<std::string> targets;  // as ExpandTargets takes them
  // Names divided by commas: every target with each runtime and each precision.
  std::string runtime;      // empty: the target's own
  std::string precision;    // empty: the runtime's own
  std::string calibration;  // a YAML file; empty: what is shipped
  CoreShare share;          // of CPUs: what one instance has
  bool fill = false;        // find the batch that fills each target
  std::string fuse = "greedy";
  double fuse_scratchpad_bytes = 0;  // limits of one kernel (passes/facts.h); 0: none
  int fuse_max_inputs = 0;
  bool explain_fusion = false;        // why edges between kernels stayed edges
  std::vector<std::string> op_files;  // YAML files that declare operators (hw/custom_ops.h)
  int threads = 0;                    // 0: as many as the machine has
  std::string after;                  // the last pass to run; empty: all
  bool timings = false;               // time every pass
  // Combinations of target, runtime and precision that cannot be: left out with a word in
  // Plan::skipped, else an error. Targets chosen by a word for many are always left out so.
  bool skip_impossible = false;
};

// How to show it. No number depends on this.
struct ReportOptions {
  TextStyle style;
  bool all_ops = false;  // the full operator table
  bool kernels = false;  // the table of kernels (JSON always has them)
  bool stages = false;   // what runs at each stage, and the speed-up of several processors
  bool memory = false;   // what is alive at the peak, and step by step
  std::string by;        // also roll up by this grouping (analyzer/groups.h)
  int depth = 0;         // of the module path; 0: as deep as stays readable
  int top = 10;          // rows of the list of most expensive operators
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_OPTIONS_H_
