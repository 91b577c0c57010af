# SPDX-License-Identifier: Apache-2.0
#
# cmake -D CHECK=name … -P check.cmake: one check of what was installed under PREFIX.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
set(library ${LIBDIR}/liblatchfile.so)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})

# find_package must succeed where there is no pkg-config. Further arguments are of cmake.
function(check_cmake target)
  run(${CMAKE_COMMAND} -S ${SOURCE}/consumer -B ${SCRATCH} -D CMAKE_PREFIX_PATH=${PREFIX}
    -D CMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}" -D LATCHFILE_TARGET=${target}
    -D CMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON ${ARGN})
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

function(check_etcd_cmake)
  check_cmake(latchfile::etcd -D LATCHFILE_COMPONENTS=etcd -D CONSUMER=etcd.cpp)
endfunction()

function(check_etcd_pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${LIBDIR}/pkgconfig)
  run(${PKG_CONFIG} --cflags --libs latchfile-etcd)
  separate_arguments(found UNIX_COMMAND "${output}")
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  run(${COMPILER} -std=c++23 ${flags} ${SOURCE}/consumer/etcd.cpp ${found} -Wl,-rpath,${LIBDIR}
    -o ${SCRATCH}/consumer)
  run(${SCRATCH}/consumer)
endfunction()

# exported(library): what it exports, as the list `symbols` and as the text `output`.
function(exported library)
  run(${NM} -D -C --defined-only --format=posix ${library})
  string(REGEX REPLACE "\n$" "" output "${output}")
  string(REPLACE ";" "," output "${output}")
  string(REPLACE "\n" ";" symbols "${output}")
  set(symbols ${symbols} PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(check_etcd_symbols)
  exported(${LIBDIR}/liblatchfile-etcd.so)
  list(FILTER symbols EXCLUDE REGEX "^latchfile::open_etcd")
  if(symbols OR NOT output MATCHES "latchfile::open_etcd")
    message(FATAL_ERROR "not latchfile::open_etcd and nothing else is exported:\n${output}")
  endif()
  run(${READELF} -d ${LIBDIR}/liblatchfile-etcd.so)
  if(NOT output MATCHES "SONAME[^\n]*\\[liblatchfile-etcd\\.so\\.0\\]")
    message(FATAL_ERROR "no soname liblatchfile-etcd.so.0:\n${output}")
  endif()
endfunction()

# Only what is for etcd may load libcurl, which takes longer than most commands.
function(check_etcd_loads)
  foreach(file ${PREFIX}/bin/latchfile ${library})
    run(${READELF} -d ${file})
    if(output MATCHES "NEEDED[^\n]*(curl|latchfile-etcd)")
      message(FATAL_ERROR "${file} loads libcurl:\n${output}")
    endif()
  endforeach()
  foreach(file ${PREFIX}/libexec/latchfile/latchfile-etcd ${LIBDIR}/liblatchfile-etcd.so)
    run(${READELF} -d ${file})
    if(NOT output MATCHES "NEEDED[^\n]*curl")
      message(FATAL_ERROR "${file} does not load libcurl:\n${output}")
    endif()
  endforeach()
endfunction()

# fails_saying(text command …): it ends with exit code 1 and an error that has `text` in it.
function(fails_saying text)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE errors)
  string(FIND "${errors}" "${text}" at)
  if(NOT result EQUAL 1 OR at EQUAL -1)
    message(FATAL_ERROR "${ARGN}: ${result}, and not 1 with \"${text}\"\n${out}\n${errors}")
  endif()
endfunction()

# What is installed without it has nothing of it, and says what is missing; with it, that is there.
function(check_etcd_component)
  set(PREFIX ${SCRATCH}/prefix)
  set(list ${PREFIX}/bin/latchfile --root etcd://%2Fnowhere%2Fsocket/x --command-timeout 0.1 list)
  run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${PREFIX} --component Unspecified)
  file(GLOB_RECURSE found ${PREFIX}/*etcd* ${PREFIX}/*.service)
  if(found)
    message(FATAL_ERROR "installed without the component etcd: ${found}")
  endif()
  fails_saying("${PREFIX}/libexec/latchfile/latchfile-etcd: install the component etcd of Latchfile" ${list})
  set(SCRATCH ${SCRATCH}/without)
  check_cmake(latchfile::latchfile)
  fails_saying("its component etcd is not installed" ${CMAKE_COMMAND} -S ${SOURCE}/consumer -B ${SCRATCH}/build -D CMAKE_PREFIX_PATH=${PREFIX}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D LATCHFILE_TARGET=latchfile::etcd -D LATCHFILE_COMPONENTS=etcd)

  run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${PREFIX} --component etcd)
  fails_saying("list: etcd at /nowhere/socket: " ${list})
endfunction()

# The program that it starts is the one that was installed, wherever that is.
function(check_etcd_unit)
  set(unit ${PREFIX}/lib/systemd/system/latchfile-mirror.service)
  file(STRINGS ${unit} start REGEX "^ExecStart=")
  if(NOT start STREQUAL "ExecStart=${PREFIX}/bin/latchfile mirror --to \${LATCHFILE_MIRROR_TO}")
    message(FATAL_ERROR "${unit} has ${start}")
  endif()
  if(SYSTEMD_ANALYZE)
    # Units of the system that this one comes after need not be in order.
    run(${SYSTEMD_ANALYZE} verify --man=no --recursive-errors=no ${unit})
  endif()
endfunction()

function(check_soname)
  run(${READELF} -d ${library})
  if(NOT output MATCHES "SONAME[^\n]*\\[liblatchfile\\.so\\.0\\]")
    message(FATAL_ERROR "no soname liblatchfile.so.0:\n${output}")
  endif()
endfunction()

function(check_symbols)
  exported(${library})
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
