#include "analyzer/onnx/wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// Past a weight comes the header of the next, a hundred bytes.
constexpr uint64_t kWindowAfterJump = 4 << 10;
constexpr uint64_t kLargestWindow = 256 << 10;
constexpr uint64_t kLongestVarint = 10;

constexpr absl::string_view kWireNames[] = {"a varint", "8 bytes", "a string or message",
                                            "a group",  "a group", "4 bytes",
                                            "type 6",   "type 7"};

// The wire type that a single element of the field has.
int WireOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInt:
    case FieldKind::kEnum:
      return 0;
    case FieldKind::kDouble:
      return 1;
    case FieldKind::kBytes:
    case FieldKind::kMessage:
      return 2;
    case FieldKind::kFloat:
      return 5;
  }
  return 2;
}

// Takes a number off the front: nothing when it does not end in these bytes. Most are of one byte.
inline bool TakeVarint(absl::string_view* bytes, uint64_t* value) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes->data());
  if (!bytes->empty() && *data < 128) {
    *value = *data;
    bytes->remove_prefix(1);
    return true;
  }
  google::protobuf::io::CodedInputStream in(
      data, static_cast<int>(std::min<size_t>(bytes->size(), kLongestVarint)));
  if (!in.ReadVarint64(value)) return false;
  bytes->remove_prefix(static_cast<size_t>(in.CurrentPosition()));
  return true;
}

template <class T>
bool TakeFixed(absl::string_view* bytes, T* value) {
  if (bytes->size() < sizeof *value) return false;
  std::memcpy(value, bytes->data(), sizeof *value);
  bytes->remove_prefix(sizeof *value);
  return true;
}

}  // namespace

WireReader::WireReader(std::shared_ptr<const ByteSource> source, std::string file,
                       uint64_t first_window)
    : source_(std::move(source)), file_(std::move(file)), window_size_(first_window) {}

Message WireReader::At(Msg kind, uint64_t begin, uint64_t end) const {
  Message m;
  m.kind = kind;
  m.begin = m.next = begin;
  m.end = std::min(end, source_->size());
  return m;
}

absl::string_view WireReader::Fill(uint64_t offset, uint64_t bytes) {
  if (!ok()) return {};
  if (offset <= window_end_ && window_end_ == source_->size() && offset >= window_begin_) {
    return Window(offset);
  }
  // Near the end of the window is still sequential.
  if (offset < window_begin_ || offset > window_end_ + kWindowAfterJump) {
    window_size_ = kWindowAfterJump;
  }
  window_ = {};  // the buffer is about to hold something else
  window_begin_ = window_end_ = offset;
  absl::StatusOr<absl::string_view> view =
      source_->View(offset, std::max(window_size_, bytes), &buffer_);
  if (!view.ok()) {
    Fail(view.status());
    return {};
  }
  window_size_ = std::min(window_size_ * 2, kLargestWindow);
  window_ = *view;
  window_end_ = offset + window_.size();
  return window_;
}

bool WireReader::Next(Message& m) {
  if (!ok()) return false;
  if (m.next >= m.end) return false;
  const uint64_t at = m.next;
  absl::string_view rest = Need(at, 2 * kLongestVarint);  // a tag, and a number or length behind it
  if (!ok()) return false;
  // What has been taken is what is no longer there.
  const uint64_t end = at + rest.size();
  auto pos = [&] { return end - rest.size(); };
  auto fail = [&](auto... what) {
    Fail(absl::InvalidArgumentError(absl::StrCat(file_, ": ", what...)));
    return false;
  };
  uint64_t tag = 0;
  const bool tagged = TakeVarint(&rest, &tag);
  if (!tagged || pos() > m.end || tag >> 32 != 0) {
    if (m.end - at < kLongestVarint && pos() > m.end) {
      return fail("ends inside a tag of ", Name(m.kind), " at byte ", at,
                  "; the file is truncated: copy or export it again");
    }
    return fail("no field of ", Name(m.kind), " begins at byte ", at,
                "; the file is damaged or not an ONNX model: export it again");
  }
  m.field = static_cast<int>(tag >> 3);
  m.wire = static_cast<uint8_t>(tag & 7);
  const FieldRow* row = FindField(m.kind, static_cast<uint32_t>(m.field));
  auto name = [&] {
    return row != nullptr ? absl::StrCat(Name(m.kind), ".", row->name)
                          : absl::StrCat("field ", m.field, " of ", Name(m.kind));
  };
  if (m.field == 0 || m.wire == 3 || m.wire == 4 || m.wire > 5) {
    return fail(
        name(), " at byte ", at, " has wire type ", static_cast<int>(m.wire),
        ", which ONNX does not use; the file is damaged or not an ONNX model: export it again");
  }
  if (row != nullptr) {
    int expected = WireOf(row->kind);
    bool packed = row->repeated && m.wire == 2;
    if (m.wire != expected && !packed) {
      return fail(name(), " at byte ", at, " is ", kWireNames[m.wire], " where ",
                  kWireNames[expected],
                  " belongs; the file is damaged or not an ONNX model: export it again");
    }
  }
  m.number = 0;
  bool read = true;
  uint64_t length = 0;
  switch (m.wire) {
    case 0:
      read = TakeVarint(&rest, &m.number);
      break;
    case 1:
      read = TakeFixed(&rest, &m.number);
      break;
    case 5: {
      uint32_t bits = 0;
      read = TakeFixed(&rest, &bits);
      m.number = bits;
      break;
    }
    default:
      read = TakeVarint(&rest, &length);
  }
  if (!read && m.end - at > 2 * kLongestVarint) {
    return fail(
        name(), " at byte ", at,
        " is no number of 64 bits; the file is damaged or not an ONNX model: export it again");
  }
  if (!read || pos() > m.end) {
    return fail("ends inside ", name(), " at byte ", at,
                "; the file is truncated: copy or export it again");
  }
  m.offset = pos();
  if (length > m.end - m.offset) {
    uint64_t left = m.end - m.offset;
    if (m.end == source_->size()) {
      return fail("ends inside ", name(), " at byte ", at, ", which says it has ", length,
                  " bytes where ", left,
                  " are left; the file is truncated: copy or export it again");
    }
    return fail(name(), " at byte ", at, " says it has ", length, " bytes where its ", Name(m.kind),
                " has ", left, " left; the file is damaged: export it again");
  }
  m.next = m.offset + length;
  return true;
}

float WireReader::Float(const Message& m) const {
  uint32_t bits = static_cast<uint32_t>(m.number);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

double WireReader::Double(const Message& m) const {
  double value;
  std::memcpy(&value, &m.number, sizeof value);
  return value;
}

absl::string_view WireReader::Bytes(const Message& m) {
  if (m.length() > kMaxString) {
    FailField(m,
              absl::StrCat("has ", m.length(),
                           " bytes, more than any name has; the file is damaged: export it again"));
    return {};
  }
  return Prefix(m, m.length());
}

absl::string_view WireReader::Prefix(const Message& m, uint64_t limit) {
  const uint64_t length = std::min(m.length(), limit);
  if (length == 0) return {};
  const absl::string_view bytes = Need(m.offset, length);
  if (ok() && bytes.size() < length) {
    FailField(m, "cannot be read; the file changed meanwhile: try again");
  }
  return ok() ? bytes.substr(0, length) : absl::string_view();
}

Message WireReader::Enter(const Message& m) const {
  const FieldRow* row = FindField(m.kind, static_cast<uint32_t>(m.field));
  return At(row == nullptr ? Msg::kOther : row->child, m.offset, m.next);
}

void WireReader::AppendInts(const Message& m, std::vector<int64_t>* out, uint64_t limit) {
  if (m.wire != 2) {
    if (out->size() < limit) out->push_back(static_cast<int64_t>(m.number));
    return;
  }
  for (uint64_t at = m.offset; ok() && at < m.next && out->size() < limit;) {
    uint64_t value = 0;
    absl::string_view rest = Need(at, kLongestVarint);
    const size_t before = rest.size();
    const bool whole = TakeVarint(&rest, &value);
    at += before - rest.size();
    if (!whole || at > m.next) {
      FailField(m, "is cut inside a number; the file is damaged: export it again");
      return;
    }
    out->push_back(static_cast<int64_t>(value));
  }
}

void WireReader::FailField(const Message& m, absl::string_view what) {
  const FieldRow* row = FindField(m.kind, static_cast<uint32_t>(m.field));
  Fail(absl::InvalidArgumentError(absl::StrCat(file_, ": ", Name(m.kind), ".",
                                               row == nullptr ? absl::string_view("?") : row->name,
                                               " at byte ", m.offset, " ", what)));
}

}  // namespace assay
