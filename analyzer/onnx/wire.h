// Reads protobuf's wire format field by field, checking each against the schema. Numbers are
// decoded by protobuf's CodedInputStream; where they stand is ours, in windows of the source: one
// stream refuses more than 2 GiB, and whatever is not asked for (weights) is stepped over without
// being read.
//
//   Message node = ...;
//   while (in.Next(node)) {
//     switch (node.field) {
//       case onnx::NodeProto::kInputFieldNumber: inputs.push_back(Intern(in.Bytes(node))); break;
//       case onnx::NodeProto::kAttributeFieldNumber: ReadAttribute(in.Enter(node)); break;
//     }                                   // anything else is skipped
//   }
//   if (!in.ok()) return in.status();
//
// Errors stick: after one, Next() is false, numbers are 0 and strings empty. They begin with the
// file and give field and byte offset.
#ifndef ASSAY_ANALYZER_ONNX_WIRE_H_
#define ASSAY_ANALYZER_ONNX_WIRE_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/onnx/byte_source.h"
#include "analyzer/onnx/schema.h"

namespace assay {

// A message being read, and the field of it at hand. Plain data; the reader does the work.
struct Message {
  Msg kind = Msg::kModel;
  uint64_t begin = 0, end = 0;  // extent in the source
  uint64_t next = 0;            // where the next field begins

  int field = 0;        // number
  uint8_t wire = 0;     // wire type: 0 varint, 1 fixed 64, 2 bytes, 5 fixed 32
  uint64_t number = 0;  // value of a varint or fixed field
  uint64_t offset = 0;  // of the payload of a bytes field
  uint64_t length() const { return next - offset; }
};

class WireReader {
 public:
  // Longer strings are refused: no name is so long.
  static constexpr uint64_t kMaxString = 1 << 20;
  // Windows grow while reading is sequential and start small after a jump.
  static constexpr uint64_t kFirstWindow = 64 << 10;

  // `first_window`: how much to read at first, when it is known to be little.
  WireReader(std::shared_ptr<const ByteSource> source, std::string file,
             uint64_t first_window = kFirstWindow);

  // The message of that kind at [begin, end).
  Message At(Msg kind, uint64_t begin, uint64_t end) const;
  Message Whole(Msg kind) const { return At(kind, 0, source_->size()); }
  // Goes to the next field. False at the end, and after an error.
  bool Next(Message& m);

  // Of the field at hand.
  int64_t Int(const Message& m) const { return static_cast<int64_t>(m.number); }
  float Float(const Message& m) const;
  double Double(const Message& m) const;
  absl::string_view Bytes(const Message& m);  // valid until the next call of anything
  // At most `limit` bytes of it.
  absl::string_view Prefix(const Message& m, uint64_t limit);
  Message Enter(const Message& m) const;
  // Elements of a repeated field, packed or not: appends what the field at hand holds. At most
  // `limit` elements in all, the rest is not stored.
  void AppendInts(const Message& m, std::vector<int64_t>* out, uint64_t limit = UINT64_MAX);
  template <class T, class Out>
  void AppendFixed(const Message& m, std::vector<Out>* out, uint64_t limit = UINT64_MAX);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  // The first error stays.
  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  // An error about this field: "FILE: NodeProto.op_type at byte 12 WHAT".
  void FailField(const Message& m, absl::string_view what);

 private:
  // The bytes at an offset that are in the window.
  absl::string_view Window(uint64_t offset) const {
    return offset < window_begin_ || offset > window_end_ ? absl::string_view()
                                                          : window_.substr(offset - window_begin_);
  }
  // As many bytes as asked for at an offset, or all that there are, and perhaps more behind them.
  absl::string_view Need(uint64_t offset, uint64_t bytes) {
    const absl::string_view have = Window(offset);
    return have.size() >= bytes ? have : Fill(offset, bytes);
  }
  absl::string_view Fill(uint64_t offset, uint64_t bytes);

  std::shared_ptr<const ByteSource> source_;
  std::string file_;
  absl::Status status_;
  std::string buffer_;
  absl::string_view window_;  // the source's bytes [window_begin_, window_end_)
  uint64_t window_begin_ = 0, window_end_ = 0;
  uint64_t window_size_;
};

template <class T, class Out>
void WireReader::AppendFixed(const Message& m, std::vector<Out>* out, uint64_t limit) {
  if (m.wire != 2) {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    T value;
    if constexpr (std::is_same_v<T, float>) {
      value = Float(m);
    } else {
      value = Double(m);
    }
    if (out->size() < limit) out->push_back(static_cast<Out>(value));
    return;
  }
  if (m.length() % sizeof(T) != 0) {
    FailField(m, "is cut inside a number; the file is damaged: export it again");
    return;
  }
  for (uint64_t at = m.offset; at < m.next && out->size() < limit; at += sizeof(T)) {
    const absl::string_view bytes = Need(at, sizeof(T));
    if (bytes.size() < sizeof(T)) return;
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    out->push_back(static_cast<Out>(value));
  }
}

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_WIRE_H_
