// What a contraction costs the outermost memory when its operands do not all fit on the chip: they
// are cut, and something is read more than once. Shared by the machines whose memory on the chip is
// moved by the program, so that what stays is a plan, not luck.
#ifndef ASSAY_HW_STREAMING_H_
#define ASSAY_HW_STREAMING_H_

#include "hw/kernel.h"
#include "hw/mapping.h"
#include "hw/target.h"

namespace assay {

// Bytes that one product of m x k times k x n reads again, of `a`, `b` and `out` bytes in all, with
// `capacity` bytes on the chip. 0 when all three fit. Else the least of three plans, each with one
// half of the chip for what stays and the other for what is passing by:
//   a half full of B stays while all of A streams past:    (ceil(b / (capacity / 2)) - 1) * a
//   the same with A and B swapped:                         (ceil(a / (capacity / 2)) - 1) * b
//   s x s sums of 4 bytes stay, s = sqrt(capacity / 2 / 4), and strips of A and B stream past:
//                                              (ceil(n / s) - 1) * a + (ceil(m / s) - 1) * b
// Never falls as any size grows.
double BytesReadAgain(double m, double n, double a, double b, double out, double capacity);

// The level that holds operands between the outermost memory and the engines, or null.
const MemoryLevel* OnChip(const Target& target);

// Where reading again keeps the engine waiting: the factor `stream`, the share of the time in which
// it computes. The outermost memory works beside the engine: the longer counts. A recurrence reads
// in every step what does not fit of its weights. Operands that hw/estimate.h finds on the chip are
// not fetched.
void MultiplyStream(const Kernel& kernel, const Target& target, Mapping* mapping);

}  // namespace assay

#endif  // ASSAY_HW_STREAMING_H_
