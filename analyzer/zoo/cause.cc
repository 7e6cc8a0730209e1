#include "analyzer/zoo/cause.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ir/paths.h"

namespace assay {
namespace {

class CauseText {
 public:
  CauseText(absl::string_view error, absl::string_view path) : path_(path) {
    while (!error.empty() && error[0] != ';') Next(&error);
    absl::StripTrailingAsciiWhitespace(&out_);
    absl::StrReplaceAll({{" (did you mean `...`?)", ""}}, &out_);
  }
  std::string Take() { return std::move(out_); }

 private:
  void Next(absl::string_view* rest) {
    if (absl::ascii_isspace(Byte(rest->front()))) {
      if (!out_.empty() && out_.back() != ' ') out_ += ' ';
      rest->remove_prefix(1);
    } else if (rest->front() == '`') {
      const size_t end = rest->find('`', 1);
      Put("`...`");
      rest->remove_prefix(end == absl::string_view::npos ? rest->size() : end + 1);
    } else if (ConsumeFile(path_, rest) || ConsumeFile(FileName(path_), rest)) {
      Put("...");
    } else {
      const absl::string_view word = rest->substr(0, rest->find_first_of(" \t\r\n`;"));
      Word(word);
      rest->remove_prefix(word.size());
    }
  }

  static bool ConsumeFile(absl::string_view file, absl::string_view* rest) {
    const bool whole = rest->size() <= file.size() || !IsOfName((*rest)[file.size()]);
    return !file.empty() && whole && absl::ConsumePrefix(rest, file);
  }

  void Word(absl::string_view word) {
    if (absl::StrContains(word, '/')) {
      const size_t end = word.find_last_not_of(".,:)]");
      Put("...");
      if (end != absl::string_view::npos) absl::StrAppend(&out_, word.substr(end + 1));
      return;
    }
    for (size_t i = 0; i < word.size();) {
      if (!Begins(word, i) || !absl::ascii_isdigit(Byte(word[i]))) {
        out_ += word[i++];
        continue;
      }
      while (i < word.size() && (absl::ascii_isalnum(Byte(word[i])) || word[i] == '.')) ++i;
      const bool sentence_ends = word[i - 1] == '.';
      // A minus, and the sign of an id, are the number's.
      const size_t at = out_.size() - 1;
      if (out_.size() > put_end_ && (out_[at] == '#' || (out_[at] == '-' && Begins(out_, at)))) {
        out_.pop_back();
      }
      Put("#");
      if (sentence_ends) out_ += '.';
    }
  }
  static unsigned char Byte(char c) { return static_cast<unsigned char>(c); }
  static bool IsOfName(char c) { return absl::ascii_isalnum(Byte(c)) || c == '_'; }
  // Whether a letter is the first of its name or number.
  static bool Begins(absl::string_view text, size_t i) { return i == 0 || !IsOfName(text[i - 1]); }

  // A list of them is as one of them, however long.
  void Put(absl::string_view instead) {
    const absl::string_view since = absl::string_view(out_).substr(put_end_);
    if (put_ == instead && (since == ", " || since == ",")) {
      out_.resize(put_end_);
      return;
    }
    absl::StrAppend(&out_, instead);
    put_ = instead;
    put_end_ = out_.size();
  }

  absl::string_view path_;
  std::string out_;
  absl::string_view put_;  // the last one, and where it ends
  size_t put_end_ = 0;
};

}  // namespace

std::string CauseOf(absl::string_view error, absl::string_view path) {
  return CauseText(error, path).Take();
}

}  // namespace assay
