# SPDX-License-Identifier: Apache-2.0
# The warnings that all of the project's own code is free of.
function(latchfile_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(LATCHFILE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
