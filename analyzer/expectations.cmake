# Puts the shipped expectations into the program as they are, to be read when one is asked for. A new
# file needs no edit.
file(GLOB expectations CONFIGURE_DEPENDS analyzer/expectations/*.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${expectations})
set(rows "")
foreach(file ${expectations})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"yaml(${text})yaml\"},\n")
endforeach()
set(expectations_cc ${CMAKE_BINARY_DIR}/generated/analyzer/shipped_expectations.cc)
file(CONFIGURE OUTPUT ${expectations_cc} CONTENT
"// Made from analyzer/expectations/*.yaml.
#include \"analyzer/expect.h\"

namespace assay {
namespace {
constexpr ShippedText kTexts[] = {
@rows@};
}  // namespace
absl::Span<const ShippedText> ShippedExpectationTexts() { return kTexts; }
}  // namespace assay
" @ONLY)
target_sources(assay_analyzer PRIVATE ${expectations_cc})
