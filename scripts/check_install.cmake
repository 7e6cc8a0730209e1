# `cmake --install` puts the program, its manual page and completions where they are looked for.
#
#   cmake -DBUILD=build/release -P scripts/check_install.cmake
set(prefix ${BUILD}/install_test)
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component assay --prefix ${prefix}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(file bin/assay share/man/man1/assay.1 share/bash-completion/completions/assay
        share/zsh/site-functions/_assay share/fish/vendor_completions.d/assay.fish)
  file(SIZE ${prefix}/${file} size)
  if(size LESS 1000)
    message(FATAL_ERROR "${prefix}/${file}: ${size} bytes")
  endif()
endforeach()
execute_process(COMMAND ${prefix}/bin/assay --version COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${prefix})
