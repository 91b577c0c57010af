# SPDX-License-Identifier: Apache-2.0
#
# What is installed: both libraries, the public headers, the command, and how CMake and pkg-config find
# them; and as the component "etcd", the library and the program of stores in etcd, with the unit of a mirror.
include(CMakePackageConfigHelpers)

target_link_options(latchfile PRIVATE
  LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/latchfile.map)
set_property(TARGET latchfile APPEND PROPERTY LINK_DEPENDS
  ${PROJECT_SOURCE_DIR}/cmake/latchfile.map)

# Whoever links the static library must name what it needs: inside this build the targets that
# pkg-config found, outside plain library names. So a user of the installed package needs neither
# pkg-config nor, for the shared library, any development package but ours.
# libmd comes as an archive as well, which spares the command the loading of one more library.
find_library(LATCHFILE_LIBMD NAMES libmd.a md REQUIRED)
set(needed_here PkgConfig::simdjson ${LATCHFILE_LIBMD} Threads::Threads)
set(needed_outside simdjson md pthread)
list(TRANSFORM needed_here REPLACE "(.+)" "$<BUILD_INTERFACE:$<LINK_ONLY:\\1>>")
list(TRANSFORM needed_outside REPLACE "(.+)" "$<INSTALL_INTERFACE:$<LINK_ONLY:\\1>>")
set_target_properties(latchfile_static PROPERTIES
  INTERFACE_LINK_LIBRARIES "${needed_here};${needed_outside}")

install(TARGETS latchfile latchfile_static EXPORT latchfile-targets)
if(TARGET latchfile_cli)
  install(TARGETS latchfile_cli)
endif()

set(without REGEX "/etcd\\.hpp$" EXCLUDE)
if(NOT LATCHFILE_WITH_JSON)
  list(APPEND without REGEX "/(json|edit|oci)\\.hpp$" EXCLUDE)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/latchfile DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp" ${without})
install(FILES ${PROJECT_BINARY_DIR}/generated/latchfile/version.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/latchfile)

# Before 1.0 a new minor version may change the interface.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/latchfile)
install(EXPORT latchfile-targets NAMESPACE latchfile:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/latchfile-config.cmake.in
  ${PROJECT_BINARY_DIR}/generated/latchfile-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/latchfile-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/latchfile-config.cmake
  ${PROJECT_BINARY_DIR}/generated/latchfile-config-version.cmake DESTINATION ${package_dir})

# Relative to the file itself, so that the whole prefix can be moved.
file(RELATIVE_PATH prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH libdir_in_prefix ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH includedir_in_prefix ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/latchfile.pc.in
  ${PROJECT_BINARY_DIR}/generated/latchfile.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/latchfile.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(LATCHFILE_WITH_ETCD)
  # Its thread may still run when the program has unloaded what opened it.
  target_link_options(latchfile_etcd_shared PRIVATE LINKER:-z,nodelete LINKER:--exclude-libs,ALL
    LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/latchfile-etcd.map)
  set_property(TARGET latchfile_etcd_shared APPEND PROPERTY LINK_DEPENDS
    ${PROJECT_SOURCE_DIR}/cmake/latchfile-etcd.map)
  set_target_properties(latchfile_etcd_shared PROPERTIES INSTALL_RPATH "$ORIGIN")
  if(TARGET latchfile_cli_etcd)
    install(TARGETS latchfile_cli_etcd DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/latchfile COMPONENT etcd)
    set(LATCHFILE_SYSTEMD_UNIT_DIR lib/systemd/system CACHE PATH "Where units of systemd are installed")
    # At installation, because only then it is known for sure what the prefix is.
    install(CODE "
      set(LATCHFILE_PROGRAM \"${CMAKE_INSTALL_BINDIR}/latchfile\")
      set(unit \"${LATCHFILE_SYSTEMD_UNIT_DIR}/latchfile-mirror.service\")
      foreach(path LATCHFILE_PROGRAM unit)
        cmake_path(ABSOLUTE_PATH \${path} BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
      endforeach()
      message(STATUS \"Installing: \$ENV{DESTDIR}\${unit}\")
      configure_file(\"${PROJECT_SOURCE_DIR}/packaging/latchfile-mirror.service.in\"
        \"\$ENV{DESTDIR}\${unit}\" @ONLY)
      list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${unit}\")" COMPONENT etcd)
  endif()
  install(TARGETS latchfile_etcd_shared EXPORT latchfile-etcd-targets COMPONENT etcd)
  install(EXPORT latchfile-etcd-targets NAMESPACE latchfile:: DESTINATION ${package_dir} COMPONENT etcd)
  install(FILES ${PROJECT_SOURCE_DIR}/include/latchfile/etcd.hpp
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/latchfile COMPONENT etcd)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/latchfile-etcd.pc.in
    ${PROJECT_BINARY_DIR}/generated/latchfile-etcd.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/generated/latchfile-etcd.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT etcd)
endif()
