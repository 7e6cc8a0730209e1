#include "analyzer/onnx/onnx_import.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/byte_source.h"
#include "analyzer/onnx/constant_reader.h"
#include "analyzer/onnx/decode.h"
#include "analyzer/onnx/functions.h"
#include "analyzer/onnx/lower.h"
#include "analyzer/onnx/model_source.h"
#include "analyzer/onnx/onnx_text.h"
#include "analyzer/onnx/sniff.h"
#include "analyzer/onnx/text_proto.h"

namespace assay {
namespace {

// Names come from the file and may hold anything: a message stays one readable line.
absl::Status OneLine(const absl::Status& status) {
  constexpr size_t kMaxMessage = 1000;
  std::string text;
  bool changed = false;
  absl::string_view message = status.message();
  if (message.size() > kMaxMessage) {
    message = message.substr(0, kMaxMessage);
    changed = true;
  }
  for (char c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppend(&text, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
      changed = true;
    } else {
      text.push_back(c);
    }
  }
  if (!changed) return status;
  if (status.message().size() > kMaxMessage) text += "...";
  return absl::Status(status.code(), text);
}

// The steps of an import. `file` names the model in messages.
absl::StatusOr<Graph> Import(std::shared_ptr<const ByteSource> source, const std::string& file,
                             ExternalData external, const OpTable& table,
                             const ImportOptions& options) {
  // What is it? Text becomes wire bytes; from here on there is one form.
  std::string buffer;
  absl::StatusOr<absl::string_view> head = source->View(0, kSniffBytes, &buffer);
  if (!head.ok()) return head.status();
  if (absl::Status s = RefuseOtherFormats(file, *head); !s.ok()) return s;
  if (Encoding encoding = DetectEncoding(file, *head); encoding != Encoding::kBinary) {
    if (source->size() > options.max_text_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": is a text of ", source->size(),
                       " bytes, too large to be held in memory; give the binary .onnx file"));
    }
    absl::StatusOr<absl::string_view> text = source->View(0, source->size(), &buffer);
    if (!text.ok()) return text.status();
    absl::StatusOr<std::string> wire = encoding == Encoding::kProtobufText
                                           ? TextProtoToWire(*text, file, options.max_depth)
                                           : OnnxTextToWire(*text, file, options.max_depth);
    if (!wire.ok()) return wire.status();
    source = FromMemory(*std::move(wire));
  }

  // Wire bytes to tables of nodes, names interned.
  GraphBuilder builder(table);
  builder.source().file = file;
  absl::StatusOr<RawModel> model = DecodeModel(source, file, options, builder);
  if (!model.ok()) return model.status();

  // Calls are resolved and what inlining makes is known to be bounded.
  if (absl::Status s = ResolveFunctions(table, options, builder, &*model); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", s.message()));
  }

  // Names to values, in an order that defines before it uses.
  if (options.source != nullptr) {
    options.source->bytes = source;
    options.source->has_folder = external.has_folder;
    options.source->folder = external.folder;
  }
  external.paths = std::move(model->external_paths);
  builder.SetReader(MakeConstantReader(source, file, std::move(external)));
  absl::StatusOr<std::vector<ValueId>> results =
      LowerModel(file, table, options, *std::move(model), &builder);
  if (!results.ok()) return results.status();
  if (options.source != nullptr) options.source->Sort();
  return std::move(builder).Finish(*std::move(results));
}

}  // namespace

absl::StatusOr<Graph> ImportOnnx(const std::string& path, const OpTable& table,
                                 const ImportOptions& options) {
  const bool standard_input = path == "-";
  const std::string file = standard_input ? "standard input" : path;
  absl::StatusOr<std::shared_ptr<const ByteSource>> source =
      standard_input ? OpenStdin() : OpenFile(path);
  if (!source.ok()) return OneLine(source.status());
  ExternalData external;
  external.has_folder = !standard_input;
  if (size_t slash = path.rfind('/'); slash != std::string::npos) {
    external.folder = path.substr(0, slash == 0 ? 1 : slash);
  }
  absl::StatusOr<Graph> graph =
      Import(*std::move(source), file, std::move(external), table, options);
  if (!graph.ok()) return OneLine(graph.status());
  return graph;
}

absl::StatusOr<Graph> ImportOnnxBytes(std::string bytes, const std::string& name,
                                      const OpTable& table, const ImportOptions& options) {
  absl::StatusOr<Graph> graph = Import(FromMemory(std::move(bytes)), name, {}, table, options);
  if (!graph.ok()) return OneLine(graph.status());
  return graph;
}

}  // namespace assay
