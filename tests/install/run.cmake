# SPDX-License-Identifier: Apache-2.0

# run(command …): its standard output in `output`; a failure ends the test.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE errors)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}: ${result}\n${out}\n${errors}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()
