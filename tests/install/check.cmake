# SPDX-License-Identifier: Apache-2.0
#
# cmake -D CHECK=name … -P check.cmake: one check of what was installed under PREFIX.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
set(library ${LIBDIR}/liblatchfile.so)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})

# find_package must succeed where there is no pkg-config.
function(check_cmake target)
  run(${CMAKE_COMMAND} -S ${SOURCE}/consumer -B ${SCRATCH} -D CMAKE_PREFIX_PATH=${PREFIX}
    -D CMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}" -D LATCHFILE_TARGET=${target}
    -D CMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON)
  run(${CMAKE_COMMAND} --build ${SCRATCH})
  run(${SCRATCH}/consumer)
endfunction()

function(check_pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${LIBDIR}/pkgconfig)
  run(${PKG_CONFIG} --modversion latchfile)
  if(NOT output STREQUAL "${VERSION}\n")
    message(FATAL_ERROR "the version is ${output}")
  endif()
  run(${PKG_CONFIG} --cflags --libs ${ARGV} latchfile)
  separate_arguments(found UNIX_COMMAND "${output}")
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  # The linker prefers the shared library of a directory that has both.
  if(ARGV)
    list(TRANSFORM found REPLACE "^-llatchfile$" "-l:liblatchfile.a")
  endif()
  run(${COMPILER} -std=c++23 ${flags} ${SOURCE}/consumer/main.cpp ${found} -Wl,-rpath,${LIBDIR}
    -o ${SCRATCH}/consumer)
  run(${SCRATCH}/consumer)
endfunction()

function(check_soname)
  run(${READELF} -d ${library})
  if(NOT output MATCHES "SONAME[^\n]*\\[liblatchfile\\.so\\.0\\]")
    message(FATAL_ERROR "no soname liblatchfile.so.0:\n${output}")
  endif()
endfunction()

function(check_symbols)
  run(${NM} -D -C --defined-only --format=posix ${library})
  string(REGEX REPLACE "\n$" "" output "${output}")
  string(REPLACE ";" "," output "${output}")
  string(REPLACE "\n" ";" symbols "${output}")
  list(FILTER symbols EXCLUDE REGEX "^((typeinfo|typeinfo name|vtable) for )?latchfile::")
  if(symbols)
    message(FATAL_ERROR "exported, and not latchfile's:\n${symbols}")
  endif()
  # Nor what is latchfile's own but not public.
  foreach(hidden LocalBackend LocalWatch LockFile Directory Kernel UniqueFd oci::Observer oci::ProcessReader)
    if(output MATCHES "latchfile::${hidden}::")
      message(FATAL_ERROR "latchfile::${hidden} is exported")
    endif()
  endforeach()
  foreach(public open_local Watch::next oci::State::parse oci::Process::of oci::settle oci::wait_for)
    if(NOT output MATCHES "latchfile::${public}")
      message(FATAL_ERROR "latchfile::${public} is not exported:\n${output}")
    endif()
  endforeach()
endfunction()

# Each header compiles by itself, and none but json.hpp brings in another library's.
function(check_headers)
  file(GLOB headers RELATIVE ${INCLUDEDIR} ${INCLUDEDIR}/latchfile/*.hpp)
  list(REMOVE_ITEM headers latchfile/json.hpp)
  list(LENGTH headers count)
  if(count LESS 9 OR NOT EXISTS ${INCLUDEDIR}/latchfile/version.hpp)
    message(FATAL_ERROR "only ${count} headers: ${headers}")
  endif()
  foreach(header IN LISTS headers)
    file(WRITE ${SCRATCH}/one.cpp "#include <${header}>
#if defined(NLOHMANN_JSON_VERSION_MAJOR) || defined(SIMDJSON_VERSION)
#error ${header} includes another library
#endif
")
    run(${COMPILER} -std=c++23 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I${INCLUDEDIR}
      ${SCRATCH}/one.cpp)
  endforeach()
endfunction()

if(CHECK STREQUAL "cmake_shared")
  check_cmake(latchfile::latchfile)
elseif(CHECK STREQUAL "cmake_static")
  check_cmake(latchfile::static)
elseif(CHECK STREQUAL "pkg_config_shared")
  check_pkg_config()
elseif(CHECK STREQUAL "pkg_config_static")
  check_pkg_config(--static)
else()
  cmake_language(CALL check_${CHECK})
endif()
file(REMOVE_RECURSE ${SCRATCH})
