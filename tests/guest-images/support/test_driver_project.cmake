# SPDX-License-Identifier: MIT
# mpulab_add_test_driver_project(<name>): cross-compiles the test drivers of the folder <name>/ into
# ${CMAKE_CURRENT_BINARY_DIR}/<name>/, a project of its own as nanont and the driver are.
include(ExternalProject)

function(mpulab_add_test_driver_project name)
  if(NOT TARGET nanont)
    message(WARNING "${name} is NOT built: nanont is not")
    return()
  endif()
  ExternalProject_Add(${name}
    SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/${name}"
    BINARY_DIR "${CMAKE_CURRENT_BINARY_DIR}/${name}"
    PREFIX "${CMAKE_CURRENT_BINARY_DIR}/${name}-steps"
    CMAKE_ARGS "-DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/guest-images/nanont/cmake/toolchain-amd64.cmake"
               "-DNANONT_BUILD=${MPULAB_NANONT_DIR}"
    DEPENDS nanont
    BUILD_ALWAYS ON
    INSTALL_COMMAND "")
endfunction()
