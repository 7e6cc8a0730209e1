// What the readers of both text forms share: blanks and comments (from # on), words, numbers,
// strings, and errors with line and column.
#ifndef ASSAY_ANALYZER_ONNX_TEXT_SCANNER_H_
#define ASSAY_ANALYZER_ONNX_TEXT_SCANNER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {

class TextScanner {
 public:
  TextScanner(absl::string_view text, absl::string_view file) : text_(text), file_(file) {}

  // The next character that is not blank; '\0' at the end.
  char Peek();
  bool AtEnd() {
    Peek();
    return pos_ >= text_.size();
  }
  bool Accept(char c);
  absl::Status Expect(char c);
  // A letter or underscore, then letters, digits and underscores; "" when something else comes.
  absl::string_view Word();
  absl::string_view PeekWord();
  // A number as written, sign included ("-1.5e3", "0x1F", "-inf"); "" when something else comes.
  absl::string_view Number();
  // A quoted string as protobuf writes it: either quote, C escapes, neighbours joined.
  absl::StatusOr<std::string> ProtoString();
  // A quoted string of ONNX's syntax: a backslash stands for the character behind it.
  absl::StatusOr<std::string> OnnxString();

  size_t position() const { return pos_; }
  void Return(size_t position) { pos_ = position; }

  // "FILE:LINE:COLUMN: WHAT, but found `x`; correct the text".
  absl::Status Expected(absl::string_view what);
  template <class... Args>
  absl::Status Error(const Args&... what) const {
    return absl::InvalidArgumentError(absl::StrCat(Where(), what..., "; correct the text"));
  }

 private:
  std::string Where() const;
  absl::Status AppendEscape(std::string* out);

  absl::string_view text_;
  absl::string_view file_;
  size_t pos_ = 0;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_TEXT_SCANNER_H_
