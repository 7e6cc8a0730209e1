// Tokens of the IR's text form; the grammar is in ir/text.h. Shared by the printer (how to write a
// token) and the parser (how to read one), so that the two cannot disagree.
#ifndef ASSAY_IR_TEXT_LEXER_H_
#define ASSAY_IR_TEXT_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace assay {

enum class TokenKind : uint8_t { kEnd, kName, kString, kValue, kInt, kReal, kPunct, kBad };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;
  absl::string_view spelling;  // as it stands in the text
  std::string text;            // kName, kString, kValue: the name, unescaped; kBad: what is wrong
  int64_t suffix = 0;          // kValue: number after ~

  bool Is(absl::string_view punct_or_word) const {
    return (kind == TokenKind::kPunct || kind == TokenKind::kName) && spelling == punct_or_word;
  }
};

class TextLexer {
 public:
  explicit TextLexer(absl::string_view text) : text_(text) {}
  // The next token; kEnd again and again at the end. A kBad token does not advance.
  Token Next();

 private:
  void SkipSpace();
  Token Number(size_t begin);
  Token Value(size_t begin);
  bool ReadString(std::string* out, std::string* problem);
  absl::string_view ReadBareName();
  Token Bad(size_t offset, std::string problem);

  absl::string_view text_;
  size_t pos_ = 0;
};

// Line and column of an offset, from 1.
struct TextPosition {
  int line;
  int column;
};
TextPosition PositionOf(absl::string_view text, size_t offset);

// How a token is written.
void AppendName(absl::string_view name, std::string* out);  // bare where it can be, else quoted
void AppendString(absl::string_view s, std::string* out);   // quoted
void AppendReal(double value, std::string* out);            // shortest that reads back the same
void AppendValueName(absl::string_view name, int64_t suffix, std::string* out);

// The number that a kReal token spells.
bool ParseReal(absl::string_view spelling, double* out);

}  // namespace assay

#endif  // ASSAY_IR_TEXT_LEXER_H_
