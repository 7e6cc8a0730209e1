// Names in models are bytes; what we print is UTF-8.
#ifndef ASSAY_ANALYZER_UTF8_H_
#define ASSAY_ANALYZER_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace assay {

// Bytes of the code point that `text` begins with; 0 when it does not begin with a valid one
// (overlong forms, surrogates and values past U+10FFFF are not; RFC 3629).
int Utf8Length(absl::string_view text);

// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string ValidUtf8(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_ANALYZER_UTF8_H_
