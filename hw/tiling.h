// Cutting a matrix product into equal blocks for units that work side by side: which block size is
// done first, and what is lost to edges and to the last, partly filled wave. Shared by all
// mappings.
#ifndef ASSAY_HW_TILING_H_
#define ASSAY_HW_TILING_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "hw/kernel.h"
#include "hw/mapping.h"
#include "hw/target.h"

namespace assay {

// A contraction as `batch` independent products, repeated `steps` times one after another. Images
// of a convolution and rows that share a weight are one long M.
struct Product {
  double batch = 1, m = 1, n = 1, k = 1, steps = 1;
};
Product ProductOf(const Kernel::Loops& loops);

// How many steps of b cover a, and what they cover.
double CeilDiv(double a, double b);
double RoundUp(double a, double step);
// A size as a mapping shows it; what no int64_t holds, as 10^18.
int64_t WholeSize(double x);

struct TileLimits {
  double tile_m = 1, tile_n = 1;  // the largest block
  double min_m = 1, min_n = 1;    // blocks halve down to these
  double step_k = 1;              // the sum is padded to a multiple
  int64_t max_split = 1;          // the sum may be cut into so many parts
};
// From the first engine of that class; `lanes` (0: none) is the least N.
TileLimits LimitsOf(const Engine& engine, double lanes);

struct Tiling {
  double tile_m = 0, tile_n = 0;
  int64_t split_k = 1;
  double tasks = 0;
  double seconds = 0;  // all of it, if tasks run at the workers' speed and feed
  double edge = 1;     // useful / computed elements
  double wave = 1;     // share of the units' time that is filled
  double feed = 1;     // share of the speed at which operands arrive
  double split = 1;    // share of the time that is not spent adding up the parts
  double extra_bytes = 0;
};

// The least time over all block sizes and splits; ties go to the larger block and the smaller
// split. As every candidate's time grows with every size, so does the least. `speed` of the workers
// is in multiply-accumulates per second. `feed(tile_m, tile_n)` is in (0, 1]. `split_rate` is what
// moves the partial sums, in bytes per second (0: no cost).
Tiling ChooseTiling(const Product& product, const TileLimits& limits,
                    absl::Span<const Workers> workers,
                    absl::FunctionRef<double(double tile_m, double tile_n)> feed,
                    double split_rate);

// All workers together: how many, and how fast.
struct Crew {
  double units = 0;
  double speed = 0;
};
Crew CrewOf(absl::Span<const Workers> workers);

// One class of workers per class of units that has an engine of that class, with the speed of one
// in operations / 2 per second.
std::vector<Workers> WorkersOf(const Target& target, EngineClass engine, Math math);

// Fills a mapping from a tiling.
Mapping MappingOf(const Tiling& tiling, const TileLimits& limits, absl::Span<const Workers> workers,
                  EngineClass engine, Math math);

// Independent elements, `per_task` of them at a time, over the workers.
Mapping MapElements(double elements, double per_task, absl::Span<const Workers> workers,
                    EngineClass engine, Math math);

}  // namespace assay

#endif  // ASSAY_HW_TILING_H_
