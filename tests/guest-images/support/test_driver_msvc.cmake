# SPDX-License-Identifier: MIT
# test_driver.cmake's part that is the MSVC ABI's: what our own driver is built with (driver/support/msvc_abi.cmake),
# against nanont's lists of exports. The compiler's second opinion on the tests' source is no error.

include("${test_driver_root}/driver/support/msvc_abi.cmake")
msvc_guid_library()

function(test_driver_import name def)
  msvc_import_library(${name} "${def}")
endfunction()

function(test_driver_compile name)
  msvc_compile_options(${name})
  target_compile_options(${name} PRIVATE -w -fno-delete-null-pointer-checks)
  target_include_directories(${name} PRIVATE "${test_driver_root}/driver/support"
    "${test_driver_root}/tests/guest-images/support/msvc")
endfunction()

function(test_driver_link name entry)
  target_sources(${name} PRIVATE "${test_driver_root}/driver/support/msvc_runtime.cpp")
  if(entry STREQUAL "DriverEntry")
    set(entry GsDriverEntry)
  endif()
  msvc_link_options(${name} "${entry}" "${CMAKE_CURRENT_BINARY_DIR}/${name}.pdb")
  target_link_options(${name} PRIVATE /subsystem:native,10.0 ksguid.lib)
  add_dependencies(${name} msvc-ksguid)
  foreach(module IN LISTS ARGN)
    target_link_options(${name} PRIVATE ${module}.lib)
    add_dependencies(${name} import-${module})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${CMAKE_BINARY_DIR}/${module}.lib")
  endforeach()
endfunction()

function(test_driver_align name bytes)
  target_link_options(${name} PRIVATE /align:${bytes} /filealign:${bytes})
endfunction()
