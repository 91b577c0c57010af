# SPDX-License-Identifier: Apache-2.0
#
# Stores in etcd. A library of its own, so that only who uses it loads libcurl.
latchfile_layer(etcd
  SOURCES etcd/acquire.cpp etcd/address.cpp etcd/answers.cpp etcd/base64.cpp etcd/curl.cpp etcd/curl_stream.cpp
          etcd/curl_transport.cpp etcd/envelope.cpp etcd/etcd_backend.cpp etcd/etcd_lock.cpp etcd/gateway.cpp
          etcd/lease.cpp etcd/mirror.cpp etcd/mirrored_host.cpp etcd/open_etcd.cpp etcd/owner.cpp etcd/pages.cpp etcd/presence.cpp etcd/refusals.cpp etcd/requests.cpp etcd/site.cpp
          etcd/watch.cpp
  USES latchfile_store)
target_link_libraries(latchfile_etcd PRIVATE PkgConfig::simdjson PkgConfig::libcurl)

add_library(latchfile_etcd_shared SHARED $<TARGET_OBJECTS:latchfile_etcd>)
set_target_properties(latchfile_etcd_shared PROPERTIES OUTPUT_NAME latchfile-etcd EXPORT_NAME etcd
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
# What liblatchfile does not export, such as the quoting of messages, it carries itself: the archive
# behind the shared library gives only that.
target_link_libraries(latchfile_etcd_shared PUBLIC latchfile
  PRIVATE $<BUILD_INTERFACE:latchfile_static> PkgConfig::libcurl Threads::Threads)
add_library(latchfile::etcd ALIAS latchfile_etcd_shared)

# For the programs of this project.
add_library(latchfile_etcd_static STATIC $<TARGET_OBJECTS:latchfile_etcd>)
target_link_libraries(latchfile_etcd_static PUBLIC latchfile_static PkgConfig::libcurl PkgConfig::simdjson)
