// Bytes at 64-bit offsets: a file read by pread, or memory. Weights in it are stepped over, never
// read, so that resident memory does not depend on their size (a mapping would show hundreds of
// megabytes).
#ifndef ASSAY_ANALYZER_ONNX_BYTE_SOURCE_H_
#define ASSAY_ANALYZER_ONNX_BYTE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  uint64_t size() const { return size_; }
  // The bytes [offset, offset + length), cut off at the end. The view lasts as long as `buffer` is
  // not touched and the source lives; memory is not copied. Thread-safe for distinct buffers.
  virtual absl::StatusOr<absl::string_view> View(uint64_t offset, uint64_t length,
                                                 std::string* buffer) const = 0;

 protected:
  uint64_t size_ = 0;
};

// Errors begin with the path and end with what to do. A directory, a device or a missing file is an
// error; a pipe is read to its end, unless only a regular file will do.
absl::StatusOr<std::shared_ptr<const ByteSource>> OpenFile(const std::string& path,
                                                           bool regular_only = false);

// Standard input: a redirected file is read in place; a pipe is read to its end, into memory while
// small and then into an unnamed temporary file.
absl::StatusOr<std::shared_ptr<const ByteSource>> OpenStdin();

std::shared_ptr<const ByteSource> FromMemory(std::shared_ptr<const std::string> bytes);
std::shared_ptr<const ByteSource> FromMemory(std::string bytes);

// The same bytes, for a reader of many small pieces that lie near each other, as the shapes and
// axes of a model do: a few blocks are kept, and most pieces cost no call of the system.
std::shared_ptr<const ByteSource> KeepBlocks(std::shared_ptr<const ByteSource> source);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_BYTE_SOURCE_H_
