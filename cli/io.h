// Where the program's words go. Results to Out, everything else to Err; a test collects both.
#ifndef ASSAY_CLI_IO_H_
#define ASSAY_CLI_IO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assay {

class Io {
 public:
  virtual ~Io() = default;
  // An error when the bytes could not be written (disk full, reader gone).
  virtual absl::Status Out(absl::string_view text) = 0;
  virtual void Err(absl::string_view text) = 0;
  // Columns of the terminal that Out goes to; 0 when it is none.
  virtual int terminal_width() const { return 0; }
  // The same of the one that Err goes to.
  virtual int error_width() const { return 0; }
  // This program's file, to run it again; empty: there is none.
  virtual std::string program() const { return ""; }
  // The user's wish against colour (NO_COLOR, TERM=dumb).
  virtual bool no_color() const { return true; }
};

// The process's own streams.
class ProcessIo : public Io {
 public:
  absl::Status Out(absl::string_view text) override;
  void Err(absl::string_view text) override;
  int terminal_width() const override;
  int error_width() const override;
  std::string program() const override { return "/proc/self/exe"; }
  bool no_color() const override;
};

// Keeps everything.
class StringIo : public Io {
 public:
  absl::Status Out(absl::string_view text) override;
  void Err(absl::string_view text) override;
  std::string program() const override { return program_file; }
  std::string out, err;
  std::string program_file;
};

// A file that appears whole or not at all: written beside its place, then renamed. What is there
// and is no plain file (/dev/null, a pipe) is written to as it is.
class AtomicFile {
 public:
  AtomicFile() = default;
  ~AtomicFile();  // discards what was not committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  absl::Status Open(const std::string& path);
  absl::Status Write(absl::string_view text);
  absl::Status Commit();

 private:
  std::string path_;       // as the user wrote it
  std::string place_;      // where it is, links followed
  std::string temporary_;  // empty: written in place
  int fd_ = -1;
};

}  // namespace assay

#endif  // ASSAY_CLI_IO_H_
