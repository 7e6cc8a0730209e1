// Device time of kernels on the streams of a runtime.
#ifndef ASSAY_PASSES_STREAMS_H_
#define ASSAY_PASSES_STREAMS_H_

#include <vector>

#include "absl/types/span.h"
#include "hw/estimate.h"
#include "passes/facts.h"

namespace assay {

// Seconds until all kernels of `partition` are done on several streams; `results` are their
// estimates. (On one stream it is their sum.) Kernels are issued in id order, each to the stream
// that is free first, and wait for those whose results they read (a list schedule; all turns of a
// loop's kernel are one). They share the machine: what each resource is busy for in all, counted by
// the share of units in use where it is not shared, is the least that it takes.
//
// Cost: linear in kernels and operands, x streams.
double SecondsOnStreams(const Graph& graph, const Partition& partition, const Target& target,
                        absl::Span<const KernelEstimate> results, int streams);

// Where the device is when: seconds from the start of its first kernel, by kernel. What the shared
// machine holds up takes longer everywhere alike, so that `end` is SecondsOnStreams(); on one
// stream kernels follow each other.
struct StreamSchedule {
  std::vector<int> stream;             // from 0
  std::vector<double> start, seconds;  // of all turns of a loop's kernel together
  double end = 0;                      // when all are done
};
StreamSchedule ScheduleOnStreams(const Graph& graph, const Partition& partition,
                                 const Target& target, absl::Span<const KernelEstimate> results,
                                 int streams);

}  // namespace assay

#endif  // ASSAY_PASSES_STREAMS_H_
