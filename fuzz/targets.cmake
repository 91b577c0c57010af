# SPDX-License-Identifier: Apache-2.0
#
# fuzz_targets: every fuzz target as a function, without a way in. fuzz_names: what they are called.
set(fuzz_names ids document summary state edit cli root)
if(LATCHFILE_WITH_ETCD)
  list(APPEND fuzz_names etcd)
endif()
if(NOT TARGET fuzz_targets)
  list(TRANSFORM fuzz_names REPLACE "(.+)" "${CMAKE_CURRENT_LIST_DIR}/\\1_fuzz.cpp"
    OUTPUT_VARIABLE fuzz_sources)
  add_library(fuzz_targets STATIC ${fuzz_sources}
    ${PROJECT_SOURCE_DIR}/tests/support/temp_dir.cpp)
  target_include_directories(fuzz_targets PUBLIC ${PROJECT_SOURCE_DIR})
  target_include_directories(fuzz_targets PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(fuzz_targets PUBLIC latchfile_commands latchfile_static)
  if(LATCHFILE_WITH_ETCD)
    target_link_libraries(fuzz_targets PUBLIC latchfile_etcd_static)
    target_compile_definitions(fuzz_targets PUBLIC LATCHFILE_WITH_ETCD)
  endif()
  latchfile_warnings(fuzz_targets)
endif()
