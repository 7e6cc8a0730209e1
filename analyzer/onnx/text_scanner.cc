#include "analyzer/onnx/text_scanner.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace assay {
namespace {

bool IsWordStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsWord(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void AppendUtf8(uint32_t code, std::string* out) {
  auto put = [&](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

char TextScanner::Peek() {
  while (pos_ < text_.size()) {
    char c = text_[pos_];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++pos_;
    } else if (c == '#') {
      pos_ = std::min(text_.find('\n', pos_), text_.size());
    } else {
      return c;
    }
  }
  return '\0';
}

bool TextScanner::Accept(char c) {
  if (Peek() != c || pos_ >= text_.size()) return false;
  ++pos_;
  return true;
}

absl::Status TextScanner::Expect(char c) {
  if (Accept(c)) return absl::OkStatus();
  return Expected(absl::StrCat("`", absl::string_view(&c, 1), "`"));
}

absl::string_view TextScanner::Word() {
  if (!IsWordStart(Peek())) return {};
  const size_t begin = pos_;
  while (pos_ < text_.size() && IsWord(text_[pos_])) ++pos_;
  return text_.substr(begin, pos_ - begin);
}

absl::string_view TextScanner::PeekWord() {
  Peek();
  const size_t at = pos_;
  absl::string_view word = Word();
  pos_ = at;
  return word;
}

absl::string_view TextScanner::Number() {
  Peek();
  const size_t begin = pos_;
  size_t p = pos_;
  if (p < text_.size() && (text_[p] == '-' || text_[p] == '+')) {
    ++p;
    while (p < text_.size() && absl::ascii_isblank(static_cast<unsigned char>(text_[p]))) ++p;
  }
  const bool word = p < text_.size() && IsWordStart(text_[p]);  // inf, nan
  const bool digits = p < text_.size() && (IsDigit(text_[p]) || text_[p] == '.');
  if (!word && !digits) return {};
  while (p < text_.size() && (IsWord(text_[p]) || text_[p] == '.' ||
                              ((text_[p] == '-' || text_[p] == '+') && digits &&
                               (text_[p - 1] == 'e' || text_[p - 1] == 'E')))) {
    ++p;
  }
  pos_ = p;
  return text_.substr(begin, p - begin);
}

absl::Status TextScanner::AppendEscape(std::string* out) {
  if (pos_ >= text_.size()) return Error("a string has no end");
  char c = text_[pos_++];
  constexpr absl::string_view kFrom = "abfnrtv", kTo = "\a\b\f\n\r\t\v";
  if (size_t i = kFrom.find(c); i != absl::string_view::npos) {
    out->push_back(kTo[i]);
    return absl::OkStatus();
  }
  uint32_t code = 0;
  if (c >= '0' && c <= '7') {
    code = static_cast<uint32_t>(c - '0');
    for (int i = 0; i < 2 && pos_ < text_.size() && text_[pos_] >= '0' && text_[pos_] <= '7'; ++i) {
      code = code * 8 + static_cast<uint32_t>(text_[pos_++] - '0');
    }
    out->push_back(static_cast<char>(code));
    return absl::OkStatus();
  }
  const int digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) {  // a quote, a backslash, a question mark
    out->push_back(c);
    return absl::OkStatus();
  }
  int given = 0;
  while (given < digits && pos_ < text_.size() && HexDigit(text_[pos_]) >= 0) {
    code = code * 16 + static_cast<uint32_t>(HexDigit(text_[pos_++]));
    ++given;
  }
  if (given == 0 || (digits > 2 && (given < digits || code > 0x10ffff))) {
    return Error("an escape sequence lacks its digits");
  }
  if (digits == 2) {
    out->push_back(static_cast<char>(code));
  } else {
    AppendUtf8(code, out);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TextScanner::ProtoString() {
  std::string out;
  char quote = Peek();
  if (quote != '"' && quote != '\'') return Expected("a string");
  while (quote == '"' || quote == '\'') {
    ++pos_;
    for (;;) {
      if (pos_ >= text_.size()) return Error("a string has no end");
      char c = text_[pos_++];
      if (c == quote) break;
      if (c != '\\') {
        out.push_back(c);
      } else if (absl::Status s = AppendEscape(&out); !s.ok()) {
        return s;
      }
    }
    quote = Peek();
  }
  return out;
}

absl::StatusOr<std::string> TextScanner::OnnxString() {
  if (Peek() != '"') return Expected("a string in double quotes");
  ++pos_;
  std::string out;
  while (pos_ < text_.size()) {
    char c = text_[pos_++];
    if (c == '"') return out;
    if (c == '\\') {
      if (pos_ >= text_.size()) break;
      c = text_[pos_++];
    }
    out.push_back(c);
  }
  return Error("a string has no end");
}

std::string TextScanner::Where() const {
  absl::string_view before = text_.substr(0, pos_);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = newline == absl::string_view::npos ? pos_ + 1 : pos_ - newline;
  return absl::StrCat(file_, ":", line, ":", column, ": ");
}

absl::Status TextScanner::Expected(absl::string_view what) {
  if (AtEnd()) return Error("expected ", what, ", but the text ends");
  absl::string_view found = Word();
  pos_ -= found.size();
  if (found.empty()) found = text_.substr(pos_, 1);
  return Error("expected ", what, ", but found `", found.substr(0, 40), "`");
}

}  // namespace assay
