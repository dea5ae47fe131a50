# SPDX-License-Identifier: MIT
# The test drivers (test_drivers/CMakeLists.txt), cross-compiled twice from one source, as nanont and the driver are: with
# mingw-w64 into ${CMAKE_CURRENT_BINARY_DIR}/test_drivers/mingw/<part>/<driver>/ and in the MSVC ABI into .../msvc/...
include(ExternalProject)

if(NOT TARGET nanont)
  message(WARNING "the test drivers are NOT built: nanont is not")
  return()
endif()
foreach(abi IN ITEMS mingw msvc)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/test_drivers/${abi}")
  mpulab_take_guest_build(test-drivers-${abi} "${folder}")
  if(test-drivers-${abi}_taken)
    continue()
  endif()
  ExternalProject_Add(test-drivers-${abi}
    SOURCE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/test_drivers"
    BINARY_DIR "${folder}"
    PREFIX "${CMAKE_CURRENT_BINARY_DIR}/test_drivers/${abi}-steps"
    CMAKE_ARGS "-DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/driver/cmake/${abi}-x86_64.cmake"
               "-DNANONT_BUILD=${MPULAB_NANONT_DIR}"
    DEPENDS nanont
    BUILD_ALWAYS ON
    INSTALL_COMMAND "")
endforeach()
