#include "ir/text_lexer.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

bool IsNameStart(char c) {
  return absl::ascii_isalpha(c) || c == '_' || c == '/' || c == '.' || c == '$';
}
bool IsNameChar(char c) { return IsNameStart(c) || absl::ascii_isdigit(c) || c == '-' || c == ':'; }

// The length of the bare name at the front of `s`: colons at its end belong to what follows.
size_t BareLength(absl::string_view s) {
  size_t n = 0;
  while (n < s.size() && IsNameChar(s[n])) ++n;
  while (n > 0 && s[n - 1] == ':') --n;
  return n;
}

bool IsBare(absl::string_view name) {
  return !name.empty() && BareLength(name) == name.size() && !absl::StartsWith(name, "//");
}

std::string ShortestDouble(double value) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string ShortestFloat(float value) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void TextLexer::SkipSpace() {
  while (pos_ < text_.size()) {
    if (absl::ascii_isspace(text_[pos_])) {
      ++pos_;
    } else if (absl::StartsWith(text_.substr(pos_), "//")) {
      pos_ = std::min(text_.find('\n', pos_), text_.size());
    } else {
      return;
    }
  }
}

Token TextLexer::Bad(size_t offset, std::string problem) {
  Token t{.kind = TokenKind::kBad, .offset = offset};
  t.text = std::move(problem);
  return t;
}

Token TextLexer::Next() {
  SkipSpace();
  const size_t begin = pos_;
  if (begin == text_.size()) return {.kind = TokenKind::kEnd, .offset = begin};
  const char c = text_[begin];
  if (c == '%') return Value(begin);
  if (absl::ascii_isdigit(c) || c == '-') return Number(begin);
  Token token{.kind = TokenKind::kPunct, .offset = begin};
  if (c == '"') {
    std::string problem;
    token.kind = TokenKind::kString;
    if (!ReadString(&token.text, &problem)) return Bad(begin, std::move(problem));
  } else if (IsNameStart(c)) {
    token.kind = TokenKind::kName;
    token.text = std::string(ReadBareName());
  } else if (absl::StrContains("{}()[]<>=,:!?*", c)) {
    ++pos_;
  } else {
    return Bad(begin, absl::StrCat("unexpected character (byte ", static_cast<unsigned char>(c),
                                   "); names with other characters stand in double quotes"));
  }
  token.spelling = text_.substr(begin, pos_ - begin);
  return token;
}

absl::string_view TextLexer::ReadBareName() {
  absl::string_view name = text_.substr(pos_, BareLength(text_.substr(pos_)));
  pos_ += name.size();
  return name;
}

bool TextLexer::ReadString(std::string* out, std::string* problem) {
  size_t i = pos_ + 1;
  for (; i < text_.size() && text_[i] != '"'; ++i) {
    if (text_[i] == '\n') break;
    if (text_[i] != '\\') {
      out->push_back(text_[i]);
      continue;
    }
    const char escape = ++i < text_.size() ? text_[i] : '\0';
    if (escape == 'n' || escape == 't') {
      out->push_back(escape == 'n' ? '\n' : '\t');
    } else if (escape == '\\' || escape == '"') {
      out->push_back(escape);
    } else if (escape == 'x' && i + 2 < text_.size() && HexDigit(text_[i + 1]) >= 0 &&
               HexDigit(text_[i + 2]) >= 0) {
      out->push_back(static_cast<char>(HexDigit(text_[i + 1]) * 16 + HexDigit(text_[i + 2])));
      i += 2;
    } else {
      *problem =
          "unknown escape in a string; there are \\\\ \\\" \\n \\t and \\x with two digits 0-9a-f";
      return false;
    }
  }
  if (i >= text_.size() || text_[i] != '"') {
    *problem = "the string does not end on its line; close it with a double quote";
    return false;
  }
  pos_ = i + 1;
  return true;
}

Token TextLexer::Value(size_t begin) {
  Token token{.kind = TokenKind::kValue, .offset = begin};
  ++pos_;
  auto bad = [&](std::string problem) {
    pos_ = begin;
    return Bad(begin, std::move(problem));
  };
  if (pos_ < text_.size() && text_[pos_] == '"') {
    std::string problem;
    if (!ReadString(&token.text, &problem)) return bad(std::move(problem));
  } else {
    token.text = std::string(ReadBareName());
  }
  if (pos_ < text_.size() && text_[pos_] == '~') {
    const char* first = text_.data() + pos_ + 1;
    auto [end, error] = std::from_chars(first, text_.data() + text_.size(), token.suffix);
    if (error != std::errc() || token.suffix < 0) return bad("a number must follow ~");
    pos_ = static_cast<size_t>(end - text_.data());
  } else if (token.text.empty()) {
    return bad("a name must follow %; a value without a name is %~0, the next one %~1");
  }
  token.spelling = text_.substr(begin, pos_ - begin);
  return token;
}

Token TextLexer::Number(size_t begin) {
  Token token{.kind = TokenKind::kInt, .offset = begin};
  size_t i = begin + (text_[begin] == '-');
  auto digits = [&] {
    const size_t from = i;
    while (i < text_.size() && absl::ascii_isdigit(text_[i])) ++i;
    return i > from;
  };
  if (absl::StartsWith(text_.substr(i), "inf")) {
    token.kind = TokenKind::kReal;
    i += 3;
  } else {
    if (!digits()) return Bad(begin, "a number must follow the sign");
    if (i < text_.size() && text_[i] == '.') {
      token.kind = TokenKind::kReal;
      ++i;
      digits();
    }
    if (i < text_.size() && text_[i] == 'e') {
      token.kind = TokenKind::kReal;
      ++i;
      if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) ++i;
      if (!digits()) return Bad(begin, "the number's exponent has no digits");
    }
    if (i < text_.size() && text_[i] == 'f') {
      token.kind = TokenKind::kReal;
      ++i;
    }
  }
  if (i < text_.size() && IsNameChar(text_[i]) && text_[i] != ':') {
    return Bad(begin, "a number runs into a name; names that begin so stand in double quotes");
  }
  pos_ = i;
  token.spelling = text_.substr(begin, i - begin);
  return token;
}

TextPosition PositionOf(absl::string_view text, size_t offset) {
  TextPosition at{1, 1};
  for (char c : text.substr(0, offset)) {
    ++at.column;
    if (c == '\n') at = {at.line + 1, 1};
  }
  return at;
}

void AppendString(absl::string_view s, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '"') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (byte < 0x20 || byte == 0x7f) {
      out->append("\\x");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendName(absl::string_view name, std::string* out) {
  if (IsBare(name) && IsNameStart(name[0])) {
    out->append(name.data(), name.size());
  } else {
    AppendString(name, out);
  }
}

void AppendValueName(absl::string_view name, int64_t suffix, std::string* out) {
  out->push_back('%');
  if (IsBare(name)) {
    out->append(name.data(), name.size());
  } else if (!name.empty()) {
    AppendString(name, out);
  }
  if (suffix > 0 || name.empty()) absl::StrAppend(out, "~", suffix);
}

void AppendReal(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("nan");
    return;
  }
  std::string text = ShortestDouble(value);
  if (!std::isinf(value)) {
    // What began as an f32 is shorter as one: 1e-05f for 9.999999747378752e-06.
    if (std::fabs(value) <= std::numeric_limits<float>::max() &&
        static_cast<double>(static_cast<float>(value)) == value) {
      std::string as_float = ShortestFloat(static_cast<float>(value));
      if (as_float.size() + 1 < text.size()) text = as_float + "f";
    }
    if (text.find_first_of(".ef") == std::string::npos) text += ".0";
  }
  out->append(text);
}

bool ParseReal(absl::string_view spelling, double* out) {
  if (spelling == "nan" || spelling == "inf" || spelling == "-inf") {
    *out = spelling == "nan" ? std::nan("") : std::numeric_limits<double>::infinity();
    if (spelling[0] == '-') *out = -*out;
    return true;
  }
  const char* first = spelling.data();
  const char* last = first + spelling.size();
  if (absl::EndsWith(spelling, "f")) {
    float value = 0;
    auto [end, error] = std::from_chars(first, last - 1, value);
    *out = value;
    return error == std::errc() && end == last - 1;
  }
  auto [end, error] = std::from_chars(first, last, *out);
  return error == std::errc() && end == last;
}

}  // namespace assay
