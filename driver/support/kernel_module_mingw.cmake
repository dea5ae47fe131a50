# SPDX-License-Identifier: MIT
# How kernel_module.cmake compiles and links with mingw-w64.

find_program(DRIVER_DLLTOOL ${DRIVER_TRIPLE}-dlltool REQUIRED)
find_program(DRIVER_OBJCOPY ${DRIVER_TRIPLE}-objcopy REQUIRED)

function(driver_import_library name)
  set(archive "${CMAKE_BINARY_DIR}/lib${name}.a")
  set(def "${DRIVER_SUPPORT}/${name}-${DRIVER_ABI}.def")
  # -k: the import table holds names without the @bytes of i386; -t: names inside that do not change with the build.
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${DRIVER_DLLTOOL}" -k -d "${def}" -l "${archive}" -t "${name}_"
    DEPENDS "${def}" WORKING_DIRECTORY "${CMAKE_BINARY_DIR}" COMMENT "import library of ${name}" VERBATIM)
  add_custom_target(import-${name} DEPENDS "${archive}")
endfunction()

function(kernel_module_options target)
  kernel_module_common_options(${target})
  target_compile_options(${target} PRIVATE
    -Oz -g -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-stack-protector -fno-ident -fcheck-new
    -fno-strict-aliasing -fdata-sections "-ffile-prefix-map=${MPULAB_ROOT}/=" -mno-red-zone)
  if(DRIVER_ABI STREQUAL "i686")
    # No FPU or SSE state is saved around kernel code there; unwind tables are dead weight.
    target_compile_options(${target} PRIVATE
      -mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-unwind-tables)
  endif()
endfunction()

function(kernel_module_link name)
  set_target_properties(${name} PROPERTIES SUFFIX ".unstripped.sys")
  target_link_options(${name} PRIVATE
    -nostdlib -nostartfiles -static
    -Wl,--subsystem,native:6.01 -Wl,--major-os-version,6 -Wl,--minor-os-version,1
    -Wl,--image-base,0x10000 -Wl,--file-alignment,0x200 -Wl,--section-alignment,0x1000
    -Wl,--dynamicbase -Wl,--nxcompat -Wl,--wdmdriver -Wl,--no-seh -Wl,--exclude-all-symbols -Wl,--gc-sections
    -Wl,--no-insert-timestamp -Wl,--disable-auto-import)
  if(DRIVER_ABI STREQUAL "i686")
    target_link_options(${name} PRIVATE -Wl,--entry,_DriverEntry@8)
  else()
    target_link_options(${name} PRIVATE -Wl,--entry,DriverEntry -Wl,--high-entropy-va)
  endif()
  foreach(import IN LISTS ARGN)
    driver_import_library(${import})
    add_dependencies(${name} import-${import})
    target_link_libraries(${name} PRIVATE "${CMAKE_BINARY_DIR}/lib${import}.a")
  endforeach()
  target_link_libraries(${name} PRIVATE ntoskrnl hal ksguid)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${DRIVER_OBJCOPY}" --only-keep-debug "$<TARGET_FILE:${name}>" "${CMAKE_BINARY_DIR}/${name}.debug"
    COMMAND "${DRIVER_OBJCOPY}" --strip-all "$<TARGET_FILE:${name}>" "${CMAKE_BINARY_DIR}/${name}.stripped.sys"
    VERBATIM)
  kernel_module_fix(${name} "${CMAKE_BINARY_DIR}/${name}.stripped.sys")
endfunction()
