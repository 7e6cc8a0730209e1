#include "ir/work.h"

namespace assay {

absl::string_view Name(Nest::Kind kind) {
  switch (kind) {
    case Nest::Kind::kMatMul:
      return "matmul";
    case Nest::Kind::kConv:
      return "conv";
    case Nest::Kind::kConvTranspose:
      return "conv_transpose";
    case Nest::Kind::kRecurrence:
      return "recurrence";
    case Nest::Kind::kAttention:
      return "attention";
  }
  return "?";
}

}  // namespace assay
