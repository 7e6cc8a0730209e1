// Moved to ir/rows.h; here until analyzer/compare.cc includes that.
#ifndef ASSAY_ANALYZER_ROWS_H_
#define ASSAY_ANALYZER_ROWS_H_

#include "ir/rows.h"  // IWYU pragma: export

#endif  // ASSAY_ANALYZER_ROWS_H_
