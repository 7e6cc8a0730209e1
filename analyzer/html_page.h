// What every HTML page has beside its contents: the look and the script, as they stand in the page.
// Raw texts, so that an editor shows them as what they are: html_page.cc.
#ifndef ASSAY_ANALYZER_HTML_PAGE_H_
#define ASSAY_ANALYZER_HTML_PAGE_H_

namespace assay {

extern const char kHtmlStyle[];   // light, dark and paper
extern const char kHtmlScript[];  // tooltips, sorting, filters, the theme's button

}  // namespace assay

#endif  // ASSAY_ANALYZER_HTML_PAGE_H_
