#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Page(const std::vector<Document>& documents) {
  std::string out;
  std::unique_ptr<DocumentPrinter> printer = MakeHtmlPrinter({}, &out);
  for (const Document& d : documents) printer->Add(d);
  printer->End();
  return out;
}

Document Sample() {
  Document d{.schema = "assay.sample/1", .title = "a model"};
  d.Add(Facts{.figures = {{"latency_s", "latency", 0.002, Quantity::kSeconds, "at batch 1"},
                          {"macs", "MACs", 5.0, Quantity::kCount}}});
  d.Add(Table{.key = "rows",
              .title = "operators",
              .columns = {{"name", "name"}, {"time_s", "time", Quantity::kSeconds}},
              .rows = {{{"conv", 0.002}}, {{"relu", NAN}}, {{"total", 0.002}, 0, Ink::kHeading}}});
  return d;
}

TEST(HtmlTest, CellsHoldTheNumberToSortByAndTotalsStayAtTheEnd) {
  const std::string page = Page({Sample()});
  EXPECT_THAT(page, HasSubstr("<td class=\"n\" data-v=\"0.002\">2.000 ms</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"n\" data-v=\"\">?</td>"));
  EXPECT_THAT(page, HasSubstr("</tbody>\n<tfoot>\n<tr class=\"heading\"><td>total</td>"));
  EXPECT_THAT(page, HasSubstr("<ul class=\"tiles\">"));
}

TEST(HtmlTest, OneDocumentListsItsPartsAndSeveralTheirTitles) {
  EXPECT_THAT(Page({Sample()}), HasSubstr("<li><a href=\"#d1-2\">operators</a></li>"));
  const std::string two = Page({Sample(), Sample()});
  EXPECT_THAT(two, HasSubstr("<li><a href=\"#d1\">a model</a></li>\n"
                             "<li><a href=\"#d2\">a model</a></li>"));
  EXPECT_EQ(two.find("<!DOCTYPE"), two.rfind("<!DOCTYPE"));
  EXPECT_EQ(Page({}), "");
}

TEST(HtmlTest, NamesAreNoMarkup) {
  const std::string evil = "</script><img src=x onerror=alert(1)>\"'&\x01\xff";
  Document d{.schema = "s", .title = evil, .subtitle = evil};
  d.Add(Facts{.title = evil, .figures = {{"k", evil, evil, Quantity::kText, evil}}});
  d.Add(Table{.key = evil, .title = evil, .columns = {{"c", evil}}, .rows = {{{evil}}}});
  d.Add(Notes{.title = evil, .notes = {evil}});
  d.Add(Chart{.key = evil,
              .title = evil,
              .x = {evil, Quantity::kText, false, {evil}},
              .y = {evil},
              .series = {{evil, Series::Form::kPoints, {{0, 1, evil}}}}});
  const std::string page = Page({d, d});
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\x01")));
  EXPECT_EQ(page.find("</script>"), page.rfind("</script>"));
}

TEST(HtmlTest, DetailsThatAreTheSameInAllRowsAreSaidOnce) {
  Document d;
  d.Add(Table{.key = "ops",
              .columns = {{"model", "model", Quantity::kText, /*detail=*/true},
                          {"node", "node", Quantity::kText, /*detail=*/true},
                          {"op", "operator"}},
              .rows = {{{"a.onnx", "n0", "Relu"}}, {{"a.onnx", "n1", "Relu"}}}});
  const std::string page = Page({d});
  EXPECT_THAT(page, HasSubstr("<p class=\"sub\">all rows: model a.onnx</p>"));
  EXPECT_THAT(page, Not(HasSubstr("<td>a.onnx</td>")));
  EXPECT_THAT(page, HasSubstr("<td>n1</td><td>Relu</td>"));
}

TEST(HtmlTest, FetchesNothing) {
  const std::string page = Page({Sample()});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (absl::string_view word : {"http:", "https:", "url(", "@import", "src="}) {
    EXPECT_THAT(page, Not(HasSubstr(word)));
  }
}

}  // namespace
}  // namespace assay
