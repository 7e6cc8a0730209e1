// The smallest batch that fills a machine: with fewer samples some units have nothing to do, with
// more the work takes longer. (How well units in use are used is Mapping::utilization.)
#ifndef ASSAY_HW_FILL_H_
#define ASSAY_HW_FILL_H_

#include <cstdint>

#include "hw/kernel.h"
#include "hw/mapping.h"

namespace assay {

// A machine counts as filled when this share of its units has work, contractions weighted by their
// multiply-accumulates.
inline constexpr double kFilledShare = 0.9;
// Larger batches are not looked at.
inline constexpr int64_t kMostFillBatch = 65'536;

// The kernel with `factor` times as many samples: rows of a product whose second matrix is a
// weight, else images or products side by side. Work and activations grow with them; weights do
// not. Counts are rounded up, and at least 1.
Kernel ScaledBatch(const Kernel& kernel, double factor);

// The share of the places for blocks of work that is taken in the first wave; 1 where the mapping
// does not know.
double FilledShare(const Mapping& mapping);

}  // namespace assay

#endif  // ASSAY_HW_FILL_H_
