#include "cli/cli_test_util.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/schema_test_util.h"
#include "cli/io.h"
#include "gtest/gtest.h"

namespace assay {

std::vector<std::string> SplitWords(absl::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (char c : command) {
    if (c == '\'') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(std::exchange(word, ""));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

Outcome RunWords(const std::vector<std::string>& words) {
  StringIo io;
  io.program_file = ASSAY_PROGRAM;
  Outcome outcome;
  outcome.exit = RunAssay(words, io);
  outcome.out = std::move(io.out);
  outcome.err = std::move(io.err);
  return outcome;
}

rapidjson::Document ParseJson(const std::string& text) {
  rapidjson::Document doc;
  doc.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  EXPECT_FALSE(doc.HasParseError()) << text.substr(0, 200);
  if (!doc.HasParseError()) ExpectKeepsToSchema(doc);
  return doc;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, absl::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << std::string(text);
}

bool Updating() {
  const char* update = getenv("ASSAY_UPDATE");
  return update != nullptr && *update != '\0' && *update != '0';
}

}  // namespace assay
