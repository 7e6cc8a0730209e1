#include "analyzer/onnx/wire.h"

#include <algorithm>
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

}  // namespace

WireReader::WireReader(std::shared_ptr<const ByteSource> source, std::string file,
                       uint64_t first_window)
    : source_(std::move(source)), file_(std::move(file)), window_size_(first_window) {
  in_.emplace(static_cast<const uint8_t*>(nullptr), 0);
}

Message WireReader::At(Msg kind, uint64_t begin, uint64_t end) const {
  Message m;
  m.kind = kind;
  m.begin = m.next = begin;
  m.end = std::min(end, source_->size());
  return m;
}

bool WireReader::Seek(uint64_t offset) {
  if (!ok()) return false;
  uint64_t at = pos();
  if (offset == at) return true;
  if (offset > at && offset <= window_end_) return in_->Skip(static_cast<int>(offset - at));
  // Near the end of the window is still sequential.
  if (offset < at || offset > window_end_ + kWindowAfterJump) window_size_ = kWindowAfterJump;
  window_begin_ = window_end_ = offset;
  in_.emplace(static_cast<const uint8_t*>(nullptr), 0);
  return true;
}

bool WireReader::Fill(uint64_t bytes) {
  if (!ok()) return false;
  uint64_t at = pos();
  if (window_end_ - at >= bytes || window_end_ == source_->size()) return true;
  absl::StatusOr<absl::string_view> view =
      source_->View(at, std::max(window_size_, bytes), &buffer_);
  if (!view.ok()) {
    Fail(view.status());
    return false;
  }
  window_size_ = std::min(window_size_ * 2, kLargestWindow);
  window_begin_ = at;
  window_end_ = at + view->size();
  in_.emplace(reinterpret_cast<const uint8_t*>(view->data()), static_cast<int>(view->size()));
  in_->SetTotalBytesLimit(INT32_MAX);
  return true;
}

bool WireReader::Varint(uint64_t* value) {
  if (available() < kLongestVarint && !Fill(kLongestVarint)) return false;
  return in_->ReadVarint64(value);
}

bool WireReader::Next(Message& m) {
  if (!ok()) return false;
  if (m.next >= m.end) return false;
  if (!Seek(m.next)) return false;
  const uint64_t at = m.next;
  auto fail = [&](auto... what) {
    Fail(absl::InvalidArgumentError(absl::StrCat(file_, ": ", what...)));
    return false;
  };
  uint64_t tag = 0;
  if (!Varint(&tag) || pos() > m.end || tag >> 32 != 0) {
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
      read = Varint(&m.number);
      break;
    case 1: {
      read = Fill(8) && in_->ReadLittleEndian64(&m.number);
      break;
    }
    case 5: {
      uint32_t bits = 0;
      read = Fill(4) && in_->ReadLittleEndian32(&bits);
      m.number = bits;
      break;
    }
    default:
      read = Varint(&length);
  }
  if (!ok()) return false;
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
  if (length == 0 || !Seek(m.offset)) return {};
  if (available() < length && !Fill(length)) return {};
  const void* data = nullptr;
  int size = 0;
  if (!in_->GetDirectBufferPointer(&data, &size) || static_cast<uint64_t>(size) < length) {
    FailField(m, "cannot be read; the file changed meanwhile: try again");
    return {};
  }
  return absl::string_view(static_cast<const char*>(data), length);
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
  if (!Seek(m.offset)) return;
  while (ok() && pos() < m.next && out->size() < limit) {
    uint64_t value = 0;
    if (!Varint(&value) || pos() > m.next) {
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
