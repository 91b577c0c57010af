# SPDX-License-Identifier: Apache-2.0
#
# cmake -D COMPILER=… -D CASE=file.cpp -D INCLUDES=dir -P check.cmake
set(compile ${COMPILER} -std=c++23 -fsyntax-only -Werror -I${INCLUDES})
cmake_path(GET CASE FILENAME name)

file(STRINGS ${CASE} lines)
set(number 0)
unset(misuse_line)
foreach(line IN LISTS lines)
  math(EXPR number "${number} + 1")
  if(line MATCHES "// misuse: (.+)$")
    set(misuse_line ${number})
    set(expected "${CMAKE_MATCH_1}")
  endif()
endforeach()
if(NOT DEFINED misuse_line)
  message(FATAL_ERROR "${name} does not say where the misuse is")
endif()

execute_process(COMMAND ${compile} ${CASE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${name} must compile without the misuse:\n${errors}")
endif()

set(ENV{LC_ALL} C)
execute_process(COMMAND ${compile} -DMISUSE ${CASE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(result EQUAL 0)
  message(FATAL_ERROR "${name} compiles with the misuse in line ${misuse_line}")
endif()
if(NOT errors MATCHES "${name}:${misuse_line}:[0-9]+: error: [^\n]*(${expected})")
  message(FATAL_ERROR "${name} fails otherwise than with '${expected}' in line ${misuse_line}:\n${errors}")
endif()
