// The IR as text: for people to read, for goldens, and back.
//
//   assay-ir 1
//   file "two_layers.onnx"
//   opset "" 17
//   graph {
//     arg %x: f32[batch, 64]
//     weight %w = f32[64, 10] file(184, 2560)
//     weight %shape = i64[2] {-1, 10}
//     %h: f32[batch, 10] = MatMul(%x, %w) at /fc/MatMul of fc
//     %y = Reshape(%h, %shape) {allowzero = 0}
//     return %y
//   }
//
// A value is %name; the second value of one name in the text is %name~1, the third %name~2, a value
// without a name %~0. What a file claims of a value follows it after a colon. `_` is an omitted
// operand or result. An op of a domain other than ai.onnx, or of an opset other than the header's,
// says so: FusedConv<com.microsoft>(...), Upsample<9>(...). A location is: at node name, in path of
// inlined functions, of module. Stored tensors: element type and dimensions, then where the bytes
// are (nothing when they are nowhere: file(offset, bytes), typed(offset, bytes), external(path,
// offset, bytes)) or the contents themselves in braces. One that is met twice is numbered at the
// first place (!1 i64[2] ...) and from then on called !1. `//` starts a comment.
//
// clang-format off
//   text      = "assay-ir" "1" header* "graph" body
//   header    = "file" name | "name" name | "producer" name name | "ir_version" int
//             | "opset" name int | "metadata" name name | "diagnostic" name name
//   body      = "{" arg* weight* op* "return" [ operand { "," operand } ] "}"
//   arg       = "arg" value [ ":" claim ]
//   weight    = "weight" value [ ":" claim ] "=" constant
//   op        = [ result { "," result } "=" ] name [ "<" [ name ] [ int ] ">" ]
//               "(" [ operand { "," operand } ] ")" [ "{" [ attr { "," attr } ] "}" ]
//               [ "at" name ] [ "in" name ] [ "of" name ]
//   operand   = value | "_"
//   result    = value [ ":" claim ] | "_"
//   value     = "%" [ name ] [ "~" int ], without space; here the name may begin with a digit
//   attr      = name "=" ( int | real | string | list | "tensor" constant
//             | "tensors" "(" constants ")" | "type" claim | body )
//   list      = ( "ints" | "reals" | "strings" | nothing ) "[" literals "]"; the word where it is empty
//   claim     = "?" | [ "sparse" ] dtype ( "[*]" | "[" [ dim { "," dim } ] "]" )
//             | ( "seq" | "opt" ) [ "<" claim ">" ] | "map" "<" dtype [ "," claim ] ">"
//   dim       = int | name | "?"
//   constant  = "!" int | [ "!" int ] [ string ] [ "sparse" "(" int ")" ] dtype "[" ints "]" [ payload ]
//   payload   = "file" "(" int "," int ")" | "typed" "(" int "," int ")"
//             | "external" "(" name "," int "," int ")" | "{" literals "}"
//   name      = letter or one of _/.$, then these, digits, - and colons that do not end it | string
//   string    = double quotes; \\ \" \n \t \xHH; any other byte stands for itself
//   real      = a number with a point, an exponent or an f at its end (then rounded to f32), nan,
//               inf, -inf
// clang-format on
#ifndef ASSAY_IR_TEXT_H_
#define ASSAY_IR_TEXT_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/graph.h"
#include "ir/op_table.h"

namespace assay {

struct PrintOptions {
  // Contents of stored tensors of up to this many elements are fetched through the graph's reader
  // and printed in place of where they are. Contents held inline are always printed.
  int max_elements = 16;
  // What passes know, as a comment at the end of the line: a type for every value that the line
  // defines, then a note on the op. Null or "": nothing.
  std::function<std::string(ValueId)> type_of;
  std::function<std::string(OpId)> note;
  // Comments at the end of the text, one per line: symbols, assumptions, totals.
  std::string footer;
};

std::string PrintGraph(const Graph& graph, const PrintOptions& options = {});

// The graph that the text describes, verified (ir/verify.h). Printing it gives the text again, but
// for comments and spacing. The table must outlive the graph. Errors are InvalidArgument and begin
// with "LINE:COLUMN: "; the caller puts the file's name before them. Any bytes are safe: time and
// memory are linear in their number, nesting is bounded by 200.
absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpTable& table);

}  // namespace assay

#endif  // ASSAY_IR_TEXT_H_
