#include "analyzer/onnx/byte_source.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// Counts how often it is asked.
class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(std::string bytes) : bytes_(std::move(bytes)) { size_ = bytes_.size(); }
  absl::StatusOr<absl::string_view> View(uint64_t offset, uint64_t length,
                                         std::string* buffer) const override {
    ++calls;
    if (offset >= size_) return absl::string_view();
    *buffer = bytes_.substr(offset, length);
    return absl::string_view(*buffer);
  }
  mutable int calls = 0;

 private:
  std::string bytes_;
};

std::string Noise(size_t size) {
  std::mt19937 random(1);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(KeepBlocks, GivesTheSameBytes) {
  const std::string bytes = Noise(100'003);
  const auto blocks = KeepBlocks(FromMemory(bytes));
  EXPECT_EQ(blocks->size(), bytes.size());
  std::mt19937 random(2);
  std::string buffer;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t offset = random() % (bytes.size() + 100);
    const uint64_t length = random() % 2 == 0 ? random() % 64 : random() % 10'000;
    const auto view = blocks->View(offset, length, &buffer);
    ASSERT_TRUE(view.ok());
    const std::string expected = offset < bytes.size() ? bytes.substr(offset, length) : "";
    ASSERT_EQ(*view, expected) << length << " bytes at " << offset;
  }
}

TEST(KeepBlocks, SmallPiecesInTwoPlacesTakeFewReads) {
  auto counting = std::make_shared<CountingSource>(Noise(400'000));
  const auto blocks = KeepBlocks(counting);
  std::string buffer;
  for (uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(blocks->View(32 * i, 8, &buffer).ok());
    ASSERT_TRUE(blocks->View(300'000 + 32 * i, 8, &buffer).ok());
  }
  // 2 x 32,000 bytes in blocks of 4,096, each place beginning inside one.
  EXPECT_LE(counting->calls, 2 * (32'000 / 4096 + 2));
}

// A pipe's bytes beyond the first 64 MiB go to a temporary file. Its last bytes wait in a buffer; a
// disk that fills up when they are written must not leave a shorter model.
TEST(OpenFile, APipeThatCannotBeKeptIsAnError) {
  constexpr size_t kInMemory = 64 << 20;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit full = before;
  full.rlim_cur = kInMemory + 50;
  const auto on_full = std::signal(SIGXFSZ, SIG_IGN);
  const auto on_closed = std::signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);

  std::thread writer([&] {
    const std::string bytes(kInMemory + 100, '\x08');
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t n = write(ends[1], bytes.data() + at, bytes.size() - at);
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    close(ends[1]);
  });
  const auto source = OpenFile("/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  writer.join();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, on_full);
  std::signal(SIGPIPE, on_closed);
  ASSERT_FALSE(source.ok()) << (*source)->size() << " bytes";
  EXPECT_THAT(source.status().message(), testing::HasSubstr("kept in a temporary file"));
}

}  // namespace
}  // namespace assay
