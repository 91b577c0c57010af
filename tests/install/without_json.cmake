# SPDX-License-Identifier: Apache-2.0
#
# cmake -D SOURCE=… -D SCRATCH=… -D COMPILER=… -P without_json.cmake: the library without nlohmann-json
# and libcurl, built, installed, and used.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
file(REMOVE_RECURSE ${SCRATCH})

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH}/build -D CMAKE_CXX_COMPILER=${COMPILER}
  -D LATCHFILE_WITH_JSON=OFF -D LATCHFILE_WITH_ETCD=OFF -D LATCHFILE_BUILD_CLI=OFF -D LATCHFILE_BUILD_TESTS=OFF
  -D CMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON -D CMAKE_INSTALL_LIBDIR=lib)
run(${CMAKE_COMMAND} --build ${SCRATCH}/build --parallel 2)
run(${CMAKE_COMMAND} --install ${SCRATCH}/build --prefix ${SCRATCH}/prefix)
foreach(name include/latchfile/json.hpp include/latchfile/edit.hpp
    include/latchfile/oci.hpp include/latchfile/etcd.hpp bin/latchfile)
  if(EXISTS ${SCRATCH}/prefix/${name})
    message(FATAL_ERROR "${name} was installed")
  endif()
endforeach()
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${SCRATCH}/consumer
  -D CMAKE_PREFIX_PATH=${SCRATCH}/prefix -D CMAKE_CXX_COMPILER=${COMPILER}
  -D LATCHFILE_TARGET=latchfile::latchfile)
run(${CMAKE_COMMAND} --build ${SCRATCH}/consumer)
run(${SCRATCH}/consumer/consumer)
file(REMOVE_RECURSE ${SCRATCH})
