#include "cli/io.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

// 0, or errno.
int WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

}  // namespace

absl::Status ProcessIo::Out(absl::string_view text) {
  int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return absl::OkStatus();
  // The reader (head, a pager) has seen enough: not an error worth words.
  if (error == EPIPE) return absl::CancelledError("");
  return absl::UnavailableError(
      absl::StrCat("standard output: ", strerror(error), "; nothing more was written"));
}

void ProcessIo::Err(absl::string_view text) { (void)WriteAll(STDERR_FILENO, text); }

namespace {

// Columns of the terminal behind a descriptor; 0: it is none.
int WidthOf(int fd) {
  winsize size = {};
  if (!isatty(fd)) return 0;
  int wish = 0;
  if (const char* columns = getenv("COLUMNS");
      columns != nullptr && absl::SimpleAtoi(columns, &wish) && wish > 0) {
    return std::max(wish, 40);
  }
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::max<int>(size.ws_col, 40);
}

}  // namespace

int ProcessIo::terminal_width() const { return WidthOf(STDOUT_FILENO); }
int ProcessIo::error_width() const { return WidthOf(STDERR_FILENO); }

bool ProcessIo::no_color() const {
  const char* wish = getenv("NO_COLOR");  // https://no-color.org
  const char* term = getenv("TERM");
  return (wish != nullptr && *wish != '\0') || (term != nullptr && strcmp(term, "dumb") == 0);
}

absl::Status StringIo::Out(absl::string_view text) {
  absl::StrAppend(&out, text);
  return absl::OkStatus();
}

void StringIo::Err(absl::string_view text) { absl::StrAppend(&err, text); }

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status AtomicFile::Open(const std::string& path) {
  path_ = path;
  auto fail = [&] {
    return absl::UnavailableError(
        absl::StrCat(path, ": ", strerror(errno), "; give --output a file that can be written"));
  };
  struct stat there = {};
  const bool exists = stat(path.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) {
    // A device or pipe is written to, never replaced.
    fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return fd_ < 0 ? fail() : absl::OkStatus();
  }
  place_ = path;
  if (char* real = exists ? realpath(path.c_str(), nullptr) : nullptr; real != nullptr) {
    place_ = real;  // what a link points to, not the link
    free(real);
  }
  temporary_ = absl::StrCat(place_, ".tmp", getpid());
  fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) return fail();
  if (exists) (void)fchmod(fd_, there.st_mode & 0777);
  return absl::OkStatus();
}

absl::Status AtomicFile::Write(absl::string_view text) {
  int error = WriteAll(fd_, text);
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path_, ": ", strerror(error)));
}

absl::Status AtomicFile::Commit() {
  bool ok = temporary_.empty() || fsync(fd_) == 0;
  ok = close(fd_) == 0 && ok;
  fd_ = -1;
  if (ok && temporary_.empty()) return absl::OkStatus();
  if (ok && rename(temporary_.c_str(), place_.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  if (!temporary_.empty()) unlink(temporary_.c_str());
  return absl::UnavailableError(absl::StrCat(path_, ": ", strerror(error)));
}

}  // namespace assay
