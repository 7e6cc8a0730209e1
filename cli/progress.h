// How far a long run is, on standard error: a bar that is drawn over on a terminal, else a plain
// line now and then, as a log wants it.
//
//   [############........]  6,012 of 10,000   512 /s   8 s left   61 failed
#ifndef ASSAY_CLI_PROGRESS_H_
#define ASSAY_CLI_PROGRESS_H_

#include <cstddef>
#include <string>

#include "cli/io.h"

namespace assay {

class Progress {
 public:
  // `quiet`: says nothing.
  Progress(Io& io, bool quiet);
  void Show(size_t done, size_t of, size_t failed);
  // Takes the bar away.
  void End();

 private:
  Io& io_;
  bool quiet_;
  double start_, said_;
  bool drawn_ = false;
};

// The line above, `bar` columns of it drawn; none for 0.
std::string ProgressText(size_t done, size_t of, size_t failed, double seconds, int bar);

}  // namespace assay

#endif  // ASSAY_CLI_PROGRESS_H_
