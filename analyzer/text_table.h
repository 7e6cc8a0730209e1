// Aligned columns for terminals and logs.
//
//   TextTable table({{"type"}, {"count", Align::kRight}, {"share", Align::kRight}});
//   table.Add({"Conv", "20", "99.7 %"});
//   table.Add({"total", "49", "100 %"}, Ink::kHeading);
//   table.Print(style, 0, &out);
//
// A row is at most `style.width` columns wide: flexible columns give way, widest first, by leaving
// out the middle of what they hold ("layer1...conv2"); columns that still do not fit go onto
// further lines of their row.
#ifndef ASSAY_ANALYZER_TEXT_TABLE_H_
#define ASSAY_ANALYZER_TEXT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay {

// How text is set. Colour is for terminals only; a reader without it loses nothing.
struct TextStyle {
  bool color = false;
  int width = 100;  // columns; a single word or column may exceed it
};

// ANSI attributes by meaning.
enum class Ink { kPlain, kHeading, kFaint, kWarning };
std::string Paint(const TextStyle& style, Ink ink, absl::string_view text);

// Columns that text takes on a terminal: code points of valid UTF-8, one each.
int DisplayWidth(absl::string_view text);
// At most `width` columns, the middle replaced by "...". Never splits a code point.
std::string Shorten(absl::string_view text, int width);
// Bytes that a terminal would obey (control characters) and bytes that are not UTF-8 as \xNN.
std::string Printable(absl::string_view text);
// Words wrapped to the style's width, each further line indented.
std::string Wrap(absl::string_view text, int width, int indent);

enum class Align { kLeft, kRight };

class TextTable {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    bool flexible = false;
  };

  explicit TextTable(std::vector<Column> columns);
  // One cell per column; missing ones are empty.
  void Add(std::vector<std::string> cells, Ink ink = Ink::kPlain);
  // Indented by `indent`; a column whose cells and title are all empty is left out.
  void Print(const TextStyle& style, int indent, std::string* out) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Ink ink;
  };
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

// Names and what is to be said of them: the text wraps and keeps clear of the names.
class FactList {
 public:
  void Add(std::string name, std::string text, Ink ink = Ink::kPlain);
  void Print(const TextStyle& style, int indent, std::string* out) const;

 private:
  struct Fact {
    std::string name, text;
    Ink ink;
  };
  std::vector<Fact> facts_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_TEXT_TABLE_H_
