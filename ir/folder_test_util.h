#ifndef ASSAY_IR_FOLDER_TEST_UTIL_H_
#define ASSAY_IR_FOLDER_TEST_UTIL_H_

#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace assay {

// A folder of this process, for the files of its tests; ends with '/', gone at exit. Tests run side
// by side, each in a process of its own, and testing::TempDir() is one for all.
inline const std::string& TestFolder() {
  struct Folder {
    std::string path = absl::StrCat(testing::TempDir(), "assay_test_", ::getpid(), "/");
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

}  // namespace assay

#endif  // ASSAY_IR_FOLDER_TEST_UTIL_H_
