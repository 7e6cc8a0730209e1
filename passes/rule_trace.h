// A rule of the operator table at work, watched: what it read, and its answers as formulas.
//
// The rule runs once more on operands whose sizes are names, so that what comes out is its own
// formula and no second copy of it. For the first convolution of ResNet-18:
//
//   macs   Cg*M*N*kH*kW*oH*oW  =  3*64*1*7*7*112*112  =  118013952
//   oH     floordiv(H - 1, 2) + 1  =  floordiv(224 - 1, 2) + 1  =  112
//
// A formula is kept only where its text, with the numbers of the report's point put in and read
// back, gives the very number that the passes counted. Where a rule takes another way for a size of
// 1 (broadcasting), sizes of 1 stay numbers; where it needs a number, there is no formula.
//
// Cost: at most three runs of one op's rule, when asked for.
#ifndef ASSAY_PASSES_RULE_TRACE_H_
#define ASSAY_PASSES_RULE_TRACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

struct Formula {
  std::string text;    // "M*N*oH*oW"
  std::string filled;  // "64*1*112*112"
  int64_t value = 0;   // 802816
};

// What rules have been seen to read of an op.
struct RuleReads {
  std::vector<std::string> attributes;  // that the op has, in order of first reading
  std::vector<int> contents;            // operands, ascending
};

// Unset: no formula, or not known at the point.
struct WorkTrace {
  std::optional<Formula> macs, flops, transcendentals, int_ops, comparisons;
  std::vector<std::optional<Formula>> reads, writes;  // elements, by operand and by result
  RuleReads seen;
};
WorkTrace TraceWork(const Graph& graph, const Shapes& shapes, const Point& point, OpId op);

struct ShapeTrace {
  struct Axis {
    std::string name;  // "oH", "out0.2"
    std::optional<Formula> formula;
  };
  std::vector<std::vector<Axis>> results;  // by result and axis; empty where the rank is not known
  RuleReads seen;
};
ShapeTrace TraceShapes(const Graph& graph, const Shapes& shapes, const Point& point, OpId op);

// What sizes of an operand (or of a result) are called: "N", or "in0.2" where the operator's axes
// have no usual letters.
std::string NameOfAxis(const Graph& graph, const Shapes& shapes, OpId op, bool result, int index,
                       int axis);

}  // namespace assay

#endif  // ASSAY_PASSES_RULE_TRACE_H_
