# Compiles the shipped YAML to constants. hw_embed is assay_hw's own reader without constants; what it
# writes becomes assay_hw_data, which everything that links assay_hw gets, except hw_embed itself. A new
# YAML file needs no edit.
file(GLOB assay_hw_yaml CONFIGURE_DEPENDS
     hw/targets/*.yaml hw/runtimes/*.yaml hw/calibrations/*.yaml hw/priors/*.yaml hw/intervals/*.yaml)
set(assay_hw_data_cc ${CMAKE_BINARY_DIR}/generated/hw/embedded_data.cc)

add_executable(hw_embed hw/embed_main.cc)
set_target_properties(hw_embed PROPERTIES ASSAY_WITHOUT_HW_DATA TRUE)
target_link_libraries(hw_embed PRIVATE assay_hw)

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/hw)
add_custom_command(
  OUTPUT ${assay_hw_data_cc}
  COMMAND hw_embed ${CMAKE_SOURCE_DIR}/hw ${assay_hw_data_cc}
  DEPENDS hw_embed ${assay_hw_yaml}
  COMMENT "Checking hw/**/*.yaml and compiling it to constants"
  VERBATIM)

add_library(assay_hw_data STATIC ${assay_hw_data_cc})
target_link_libraries(assay_hw_data PRIVATE assay_absl)
target_link_libraries(assay_hw INTERFACE
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:ASSAY_WITHOUT_HW_DATA>>>:assay_hw_data>)
