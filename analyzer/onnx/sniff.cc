#include "analyzer/onnx/sniff.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

namespace assay {
namespace {

constexpr absl::string_view kGiveExport = "give the exported .onnx file";
constexpr absl::string_view kProtobufTextEndings[] = {".textproto", ".pbtxt", ".prototxt",
                                                      ".txtpb"};
constexpr absl::string_view kOnnxTextEndings[] = {".onnxtxt", ".onnxtext"};

constexpr absl::string_view kExport = "export it to ONNX first";

struct Magic {
  size_t offset;
  absl::string_view bytes;
  absl::string_view what;
  absl::string_view advice;
};

constexpr Magic kMagics[] = {
    {0, "\x89PNG\r\n", "a PNG image", kGiveExport},
    {0, "\xff\xd8\xff", "a JPEG image", kGiveExport},
    {0, "GIF8", "a GIF image", kGiveExport},
    {8, "WEBP", "a WebP image", kGiveExport},
    {0, "%PDF-", "a PDF document", kGiveExport},
    {0, "PK\x03\x04", "a ZIP archive (a PyTorch checkpoint, a Keras model or a package)",
     "export the model to ONNX, or unpack the archive"},
    {0, "\x1f\x8b", "a gzip file", "unpack it first, or pipe it: gzip -dc FILE | assay analyze -"},
    {0, "\x28\xb5\x2f\xfd", "a zstd file",
     "unpack it first, or pipe it: zstd -dc FILE | assay analyze -"},
    {0,
     "\xfd"
     "7zXZ",
     "an xz file", "unpack it first"},
    {0, "BZh", "a bzip2 file", "unpack it first"},
    {257, "ustar", "a tar archive", "unpack it and give the .onnx file inside"},
    {0, "\x89HDF\r\n", "an HDF5 file (a Keras model or checkpoint)", kExport},
    {4, "TFL3", "a TensorFlow Lite model", "convert it to ONNX first"},
    {4, "ORTM", "an ONNX Runtime .ort model", "give the .onnx file that it was made from"},
    {0, "\x93NUMPY", "a NumPy array", kGiveExport},
    {0, "GGUF", "a GGUF model", kExport},
    {0,
     "\x7f"
     "ELF",
     "an ELF program or library", kGiveExport},
    {0, "MZ\x90", "a Windows program or library", kGiveExport},
    {0, "SQLite format 3", "an SQLite database", kGiveExport},
    {0, "\x80\x02", "a Python pickle (a PyTorch checkpoint)", kExport},
    {0, "\x80\x03", "a Python pickle", kExport},
    {0, "\x80\x04", "a Python pickle", kExport},
    {0, "\x80\x05", "a Python pickle", kExport},
    {0, "version https://git-lfs", "a Git LFS pointer",
     "fetch the file that it stands for: git lfs pull"},
    {0, "<!DOCTYPE", "an HTML page (a failed download?)", "download the file again"},
    {0, "<!doctype", "an HTML page (a failed download?)", "download the file again"},
    {0, "<html", "an HTML page (a failed download?)", "download the file again"},
    {0, "<?xml", "an XML file (OpenVINO IR?)", "give the .onnx file that it was made from"},
    {0, "#!", "a script", kGiveExport},
    {0, "7767517", "an ncnn model", "give the .onnx file that it was made from"},
};

// A safetensors file: the length of a JSON header, then the header.
bool IsSafetensors(absl::string_view head) {
  return head.size() > 9 && head[8] == '{' && head[6] == 0 && head[7] == 0 &&
         (head[9] == '"' || head[9] == '}');
}

bool IsText(absl::string_view head) {
  return std::none_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && !absl::ascii_isspace(c);
  });
}

bool EndsWithAny(absl::string_view file, absl::Span<const absl::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](absl::string_view ending) {
    return absl::EndsWithIgnoreCase(file, ending);
  });
}

// Past blanks and comments.
absl::string_view FirstWord(absl::string_view text) {
  for (;;) {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (!absl::StartsWith(text, "#")) return text;
    size_t end = text.find('\n');
    if (end == absl::string_view::npos) return {};
    text.remove_prefix(end);
  }
}

// What comes first that is neither blank nor a name. Protobuf text begins with a field
// (`ir_version: 8`, `graph {`), ONNX's with `<` or with a graph's name and its inputs.
char FirstSign(absl::string_view text) {
  text = FirstWord(text);
  const bool quoted = absl::ConsumePrefix(&text, "\"");
  while (!text.empty() && (absl::ascii_isalnum(static_cast<unsigned char>(text[0])) ||
                           text[0] == '_' || (quoted && text[0] != '"'))) {
    text.remove_prefix(1);
  }
  if (quoted) absl::ConsumePrefix(&text, "\"");
  text = FirstWord(text);
  return text.empty() ? '\0' : text[0];
}

}  // namespace

absl::Status RefuseOtherFormats(absl::string_view file, absl::string_view head) {
  auto refuse = [&](absl::string_view what, absl::string_view advice) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": this is ", what, ", not an ONNX model; ", advice));
  };
  if (head.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": is empty; export or copy the model again"));
  }
  for (const Magic& magic : kMagics) {
    if (head.size() > magic.offset && absl::StartsWith(head.substr(magic.offset), magic.bytes)) {
      return refuse(magic.what, magic.advice);
    }
  }
  if (IsSafetensors(head))
    return refuse("a safetensors checkpoint (weights without a graph)", kExport);
  // Every message begins with a tag: a field number of at least 1 and a wire type.
  if (head[0] == '\0') {
    return refuse(std::all_of(head.begin(), head.end(), [](char c) { return c == 0; })
                      ? absl::string_view("a run of zero bytes")
                      : absl::string_view("an unknown binary format"),
                  "copy or export the model again");
  }
  if (IsText(head)) {
    absl::string_view word = FirstWord(head);
    if (absl::StartsWith(word, "{")) return refuse("a JSON file", kGiveExport);
    if (word.empty()) return refuse("a text without content", kGiveExport);
    const bool named =
        EndsWithAny(file, kProtobufTextEndings) || EndsWithAny(file, kOnnxTextEndings);
    if (!named && absl::string_view(":{<(").find(FirstSign(head)) == absl::string_view::npos) {
      return refuse("a text file", kGiveExport);
    }
  }
  return absl::OkStatus();
}

Encoding DetectEncoding(absl::string_view file, absl::string_view head) {
  if (!IsText(head)) return Encoding::kBinary;
  if (EndsWithAny(file, kProtobufTextEndings)) return Encoding::kProtobufText;
  if (EndsWithAny(file, kOnnxTextEndings)) return Encoding::kOnnxText;
  return FirstSign(head) == '(' || FirstSign(head) == '<' ? Encoding::kOnnxText
                                                          : Encoding::kProtobufText;
}

}  // namespace assay
