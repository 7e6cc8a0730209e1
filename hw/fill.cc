#include "hw/fill.h"

#include <algorithm>
#include <cmath>

#include "hw/tiling.h"

namespace assay {

Kernel ScaledBatch(const Kernel& kernel, double factor) {
  Kernel out = kernel;
  if (out.loops) {
    Kernel::Loops& l = *out.loops;
    const bool conv = l.kind == Nest::Kind::kConv || l.kind == Nest::Kind::kConvTranspose;
    int64_t& samples = l.shared_b && !conv ? l.m : l.batch;
    // (A third of 3 is 1, whatever doubles make of it.)
    samples =
        WholeSize(std::max(1.0, std::ceil(static_cast<double>(samples) * factor * (1 - 1e-12))));
  }
  for (double* amount :
       {&out.macs, &out.flops, &out.transcendentals, &out.int_ops, &out.comparisons}) {
    *amount *= factor;
  }
  for (Kernel::Operand& operand : out.operands) {
    if (operand.what == Kernel::Operand::What::kWeight) continue;
    operand.elements *= factor;
    operand.bytes *= factor;
  }
  return out;
}

double FilledShare(const Mapping& mapping) {
  return mapping.slots > 0 ? std::min(1.0, mapping.tasks / mapping.slots) : 1;
}

}  // namespace assay
