#include "analyzer/onnx/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/sniff.h"

namespace assay {
namespace {

// A pipe's bytes stay in memory up to here; beyond, a temporary file takes them.
constexpr uint64_t kSpoolInMemory = 64 << 20;
// Sequential readahead over weights that are stepped over would be wasted.
constexpr uint64_t kRandomAccessFrom = 16 << 20;

absl::Status ErrnoStatus(absl::string_view name, absl::string_view what, absl::string_view advice) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": cannot be ", what, " (", std::strerror(errno), "); ", advice));
}

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, uint64_t size, std::string name) : fd_(fd), name_(std::move(name)) {
    size_ = size;
#ifdef POSIX_FADV_RANDOM
    if (size >= kRandomAccessFrom) posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
#endif
  }
  ~FileSource() override {
    if (fd_ > STDERR_FILENO) close(fd_);
  }

  absl::StatusOr<absl::string_view> View(uint64_t offset, uint64_t length,
                                         std::string* buffer) const override {
    if (offset >= size_) return absl::string_view();
    length = std::min(length, size_ - offset);
    if (buffer->size() < length) buffer->resize(length);
    uint64_t got = 0;
    while (got < length) {
      ssize_t n = pread(fd_, buffer->data() + got, length - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(name_, "read", "check the disk and try again");
      if (n == 0) break;  // the file was shortened meanwhile
      got += static_cast<uint64_t>(n);
    }
    return absl::string_view(buffer->data(), got);
  }

 private:
  int fd_;
  std::string name_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {
    size_ = bytes_->size();
  }
  absl::StatusOr<absl::string_view> View(uint64_t offset, uint64_t length,
                                         std::string*) const override {
    if (offset >= size_) return absl::string_view();
    return absl::string_view(*bytes_).substr(offset, length);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// The blocks used last. Each is kept together with the one behind it, so that no piece of up to
// kBlock bytes needs two.
class BlockSource final : public ByteSource {
 public:
  explicit BlockSource(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {
    size_ = source_->size();
  }

  absl::StatusOr<absl::string_view> View(uint64_t offset, uint64_t length,
                                         std::string* buffer) const override {
    if (length > kBlock) return source_->View(offset, length, buffer);
    const uint64_t block = offset / kBlock;
    const std::lock_guard<std::mutex> lock(mutex_);
    Slot* found = &slots_[0];
    for (Slot& slot : slots_) {
      if (slot.block == block) {
        found = &slot;
        break;
      }
      if (slot.used < found->used) found = &slot;
    }
    Slot& slot = *found;
    slot.used = ++uses_;
    if (slot.block != block) {
      slot.block = UINT64_MAX;
      absl::StatusOr<absl::string_view> bytes =
          source_->View(block * kBlock, 2 * kBlock, &slot.buffer);
      if (!bytes.ok()) return bytes.status();
      slot.block = block;
      slot.bytes = *bytes;
    }
    const uint64_t begin = offset - block * kBlock;
    if (begin >= slot.bytes.size()) return absl::string_view();
    const absl::string_view piece = slot.bytes.substr(begin, length);
    buffer->assign(piece.data(), piece.size());
    return absl::string_view(*buffer);
  }

 private:
  static constexpr uint64_t kBlock = 4 << 10;
  static constexpr size_t kSlots = 8;
  struct Slot {
    uint64_t block = UINT64_MAX;
    uint64_t used = 0;
    std::string buffer;
    absl::string_view bytes;  // of `buffer`, or of the source's own
  };
  std::shared_ptr<const ByteSource> source_;
  mutable std::mutex mutex_;
  mutable std::array<Slot, kSlots> slots_;
  mutable uint64_t uses_ = 0;
};

// All of a stream that cannot be sought. What plainly is no model is refused after its first bytes,
// so an endless stream of something else ends here.
absl::StatusOr<std::shared_ptr<const ByteSource>> ReadAll(int fd, const std::string& name) {
  auto bytes = std::make_shared<std::string>();
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> spool(nullptr, std::fclose);
  auto cannot_keep = [&] {
    return ErrnoStatus(name, "kept in a temporary file", "save it to a file and give its name");
  };
  uint64_t spooled = 0;
  std::string chunk(1 << 20, '\0');
  bool sniffed = false;
  for (;;) {
    ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(name, "read", "check what writes to it and try again");
    if (n == 0) break;
    if (spool == nullptr) {
      bytes->append(chunk.data(), static_cast<size_t>(n));
      if (!sniffed && bytes->size() >= kSniffBytes) {
        sniffed = true;
        if (absl::Status s = RefuseOtherFormats(name, *bytes); !s.ok()) return s;
      }
      if (bytes->size() < kSpoolInMemory) continue;
      spool.reset(std::tmpfile());
      if (spool == nullptr) return cannot_keep();
      if (std::fwrite(bytes->data(), 1, bytes->size(), spool.get()) != bytes->size()) {
        return cannot_keep();
      }
      spooled = bytes->size();
      bytes = std::make_shared<std::string>();
      continue;
    }
    const size_t read_now = static_cast<size_t>(n);
    if (std::fwrite(chunk.data(), 1, read_now, spool.get()) != read_now) return cannot_keep();
    spooled += static_cast<uint64_t>(n);
  }
  if (spool == nullptr) return FromMemory(std::move(bytes));
  if (std::fflush(spool.get()) != 0) return cannot_keep();
  int copy = dup(fileno(spool.get()));
  if (copy < 0) return ErrnoStatus(name, "kept open", "close some files and try again");
  return std::make_shared<FileSource>(copy, spooled, name);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ByteSource>> OpenFile(const std::string& path,
                                                           bool regular_only) {
  // Opening a pipe waits for its writer; non-blocking does not.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (regular_only ? O_NONBLOCK : 0));
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return absl::NotFoundError(absl::StrCat(path, ": no such file; check the path"));
    }
    return ErrnoStatus(path, "opened", "check its permissions");
  }
  struct stat info;
  if (fstat(fd, &info) != 0) {
    absl::Status error = ErrnoStatus(path, "examined", "check the disk");
    close(fd);
    return error;
  }
  if (S_ISREG(info.st_mode)) {
    return std::make_shared<FileSource>(fd, static_cast<uint64_t>(info.st_size), path);
  }
  absl::StatusOr<std::shared_ptr<const ByteSource>> result =
      absl::InvalidArgumentError(absl::StrCat(path, ": is no regular file; give an .onnx file"));
  if (S_ISDIR(info.st_mode)) {
    result = absl::InvalidArgumentError(
        absl::StrCat(path, ": is a directory; give the .onnx file inside it"));
  } else if (!regular_only && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    result = ReadAll(fd, path);
  }
  close(fd);
  return result;
}

absl::StatusOr<std::shared_ptr<const ByteSource>> OpenStdin() {
  struct stat info;
  if (fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode) &&
      lseek(STDIN_FILENO, 0, SEEK_CUR) == 0) {
    return std::make_shared<FileSource>(STDIN_FILENO, static_cast<uint64_t>(info.st_size),
                                        "standard input");
  }
  return ReadAll(STDIN_FILENO, "standard input");
}

std::shared_ptr<const ByteSource> FromMemory(std::shared_ptr<const std::string> bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

std::shared_ptr<const ByteSource> FromMemory(std::string bytes) {
  return FromMemory(std::make_shared<const std::string>(std::move(bytes)));
}

std::shared_ptr<const ByteSource> KeepBlocks(std::shared_ptr<const ByteSource> source) {
  return std::make_shared<BlockSource>(std::move(source));
}

}  // namespace assay
