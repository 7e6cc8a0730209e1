// Winograd's minimal filtering F(2 x 2, 3 x 3): convolutions of 3 x 3, stride 1, in fewer products.
// Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4.
#ifndef ASSAY_HW_WINOGRAD_H_
#define ASSAY_HW_WINOGRAD_H_

#include "hw/kernel.h"

namespace assay {

// Dense, two-dimensional, 3 x 3, stride and dilation 1, more channels than a stem's.
bool SuitsWinograd(const Kernel& kernel);

// Four results of a channel take 4 x 4 products instead of 4 x 9.
inline constexpr double kWinogradShare = 16.0 / 36.0;

// Additions that it costs per four positions of the output: 32 for the input's transform by input
// channel, 24 for the result's by output channel. (The weights' transform is done once.)
double WinogradTransforms(const Kernel::Loops& loops);

}  // namespace assay

#endif  // ASSAY_HW_WINOGRAD_H_
