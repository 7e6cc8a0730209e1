// How often a Loop runs when a counter's comparison with a bound ends it, as TensorFlow's and
// Keras' loops over time do:
//
//   while (i < steps) { ...; i = i + 1; }    is    Loop(INT64_MAX, i0 < steps, i0, ...) {
//                                                    ...; return i + 1 < steps, i + 1, ...
//                                                  }
#ifndef ASSAY_IR_OPS_TRIP_COUNT_H_
#define ASSAY_IR_OPS_TRIP_COUNT_H_

#include "ir/dim.h"
#include "ir/op_context.h"

namespace assay {

struct TripCount {
  Dim exact;  // unknown when it depends on contents
  // At least as many, where any bound is known; else unknown.
  Dim most;
};

// Of a Loop whose body has been inferred. Known are the trips when the condition is always true and
// M is known, and when it is a comparison (Less, LessOrEqual, Greater, GreaterOrEqual, Not of one,
// And of several) of integers that change by a known number per trip: the trip number, and carried
// values to which the body adds a number. Start and bound may be expressions. Linear in the ops
// that the condition is made of.
TripCount CountTrips(OpContext& loop, RegionId body);

// Whether the body gives its argument number `arg` on as it came.
bool KeepsArgument(const Graph& graph, const Region& body, int arg);

}  // namespace assay

#endif  // ASSAY_IR_OPS_TRIP_COUNT_H_
