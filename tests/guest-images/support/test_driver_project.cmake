# SPDX-License-Identifier: MIT
# mpulab_add_test_driver_project(<name> [MINGW_ONLY|MSVC_ONLY]): cross-compiles the test drivers of the folder <name>/, a project of
# its own as nanont and the driver are, into ${CMAKE_CURRENT_BINARY_DIR}/<name>/ with mingw-w64 and into <name>-msvc/ in
# the MSVC ABI, from the same source. MINGW_ONLY, MSVC_ONLY: the source needs what only that ABI has.
include(ExternalProject)

function(mpulab_add_test_driver_project name)
  cmake_parse_arguments(arg "MINGW_ONLY;MSVC_ONLY" "" "" ${ARGN})
  if(NOT TARGET nanont)
    message(WARNING "${name} is NOT built: nanont is not")
    return()
  endif()
  if(NOT arg_MSVC_ONLY)
    mpulab_add_test_driver_abi(${name} ${name} "${CMAKE_SOURCE_DIR}/driver/cmake/mingw-x86_64.cmake")
  endif()
  if(NOT arg_MINGW_ONLY)
    mpulab_add_test_driver_abi(${name} ${name}-msvc "${CMAKE_SOURCE_DIR}/driver/cmake/msvc-x86_64.cmake")
  endif()
endfunction()

function(mpulab_add_test_driver_abi source target toolchain)
  mpulab_take_guest_build(${target} "${CMAKE_CURRENT_BINARY_DIR}/${target}")
  if(${target}_taken)
    return()
  endif()
  ExternalProject_Add(${target}
    SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/${source}"
    BINARY_DIR "${CMAKE_CURRENT_BINARY_DIR}/${target}"
    PREFIX "${CMAKE_CURRENT_BINARY_DIR}/${target}-steps"
    CMAKE_ARGS "-DCMAKE_TOOLCHAIN_FILE=${toolchain}" "-DNANONT_BUILD=${MPULAB_NANONT_DIR}"
    DEPENDS nanont
    BUILD_ALWAYS ON
    INSTALL_COMMAND "")
endfunction()
