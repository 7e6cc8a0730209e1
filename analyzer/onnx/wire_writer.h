// Writes protobuf's wire format: how the text forms reach the importer, and how its tests make
// files.
#ifndef ASSAY_ANALYZER_ONNX_WIRE_WRITER_H_
#define ASSAY_ANALYZER_ONNX_WIRE_WRITER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace assay {

class WireWriter {
 public:
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void Int(int field, int64_t value) {
    Tag(field, 0);
    Varint(static_cast<uint64_t>(value));
  }
  void Bytes(int field, absl::string_view bytes) {
    Tag(field, 2);
    Varint(bytes.size());
    out_.append(bytes.data(), bytes.size());
  }
  void Message(int field, const WireWriter& message) { Bytes(field, message.out_); }
  // A submessage written in place: what comes between Begin() and End() is inside it. Its length
  // takes five bytes, which is valid if not the shortest; nothing is copied however deep messages
  // nest.
  size_t Begin(int field) {
    Tag(field, 2);
    out_.append("\x80\x80\x80\x80\x00", kLengthBytes);
    return out_.size();
  }
  void End(size_t begin) {
    uint64_t length = out_.size() - begin;
    for (size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
      const char more = i + 1 < kLengthBytes ? '\x80' : '\0';
      out_[begin - kLengthBytes + i] =
          static_cast<char>((length & 0x7f) | static_cast<uint8_t>(more));
    }
  }
  void Float(int field, float value) {
    Tag(field, 5);
    Raw(&value, sizeof value);
  }
  void Double(int field, double value) {
    Tag(field, 1);
    Raw(&value, sizeof value);
  }
  // Elements of a packed field, which is then written by Bytes().
  void Raw(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }

  const std::string& bytes() const { return out_; }
  std::string Take() && { return std::move(out_); }
  bool empty() const { return out_.empty(); }

 private:
  static constexpr size_t kLengthBytes = 5;
  void Tag(int field, int wire) { Varint(static_cast<uint64_t>(field) << 3 | wire); }
  std::string out_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_WIRE_WRITER_H_
