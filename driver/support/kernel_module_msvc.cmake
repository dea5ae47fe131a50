# SPDX-License-Identifier: MIT
# How kernel_module.cmake compiles and links in the MSVC ABI (msvc_abi.cmake).

include("${CMAKE_CURRENT_LIST_DIR}/msvc_abi.cmake")

function(kernel_module_options target)
  kernel_module_common_options(${target})
  msvc_compile_options(${target})
  target_compile_options(${target} PRIVATE -Os "-fdebug-prefix-map=${MPULAB_ROOT}/=" "-fmacro-prefix-map=${MPULAB_ROOT}/="
    "-fdebug-compilation-dir=.")
endfunction()

function(kernel_module_link name)
  set_target_properties(${name} PROPERTIES SUFFIX ".linked.sys")
  msvc_link_options(${name} GsDriverEntry "${name}.linked.pdb")
  # Equal functions and unwind records once, as a release build of the WDK has them: 0.8 KB. A driver that compares
  # addresses of functions must not be built so.
  target_link_options(${name} PRIVATE /subsystem:native,6.01 /osversion:6.1 /opt:icf)
  foreach(import IN LISTS ARGN)
    msvc_import_library(${import} "${DRIVER_SUPPORT}/${import}-x86_64.def")
    add_dependencies(${name} import-${import})
    target_link_options(${name} PRIVATE ${import}.lib) # by name: a path would be recorded in the PDB
  endforeach()
  msvc_guid_library()
  add_dependencies(${name} msvc-ksguid)
  foreach(module IN ITEMS ntoskrnl hal)
    target_link_libraries(${name} PRIVATE "${MSVC_MINGW_LIBRARIES}/lib${module}.a")
  endforeach()
  target_link_options(${name} PRIVATE ksguid.lib)
  kernel_module_fix(${name} "$<TARGET_FILE:${name}>" "${CMAKE_BINARY_DIR}/${name}.linked.pdb"
    "${CMAKE_BINARY_DIR}/${name}.pdb")
endfunction()
