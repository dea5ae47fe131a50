# SPDX-License-Identifier: MIT
# add_kernel_module(<name> IMPORTS <import library>... SOURCES <file>...): <name>.sys and <name>.debug in the build
# directory. Wants DRIVER_ABI, DRIVER_TRIPLE (toolchain file), DRIVER_SUPPORT, DRIVER_OBJCOPY, MPULAB_ROOT, Python3.
#
# IMPORTS names modules that mingw-w64 has no import library for; ${DRIVER_SUPPORT}/<import library>-<abi>.def lists
# their exports. ntoskrnl, hal and the static ksguid come from mingw-w64.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # the kit's headers need them

# Where Debian and Fedora keep mingw-w64's DDK headers.
find_path(DRIVER_DDK_INCLUDE ntddk.h REQUIRED NO_CMAKE_FIND_ROOT_PATH
  PATHS /usr/share/mingw-w64/include/ddk /usr/${DRIVER_TRIPLE}/include/ddk
        /usr/${DRIVER_TRIPLE}/sys-root/mingw/include/ddk)
find_program(DRIVER_DLLTOOL ${DRIVER_TRIPLE}-dlltool REQUIRED)

function(driver_import_library name)
  set(archive "${CMAKE_BINARY_DIR}/lib${name}.a")
  set(def "${DRIVER_SUPPORT}/${name}-${DRIVER_ABI}.def")
  # -k: the import table holds names without the @bytes of i386; -t: names inside that do not change with the build.
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${DRIVER_DLLTOOL}" -k -d "${def}" -l "${archive}" -t "${name}_"
    DEPENDS "${def}" WORKING_DIRECTORY "${CMAKE_BINARY_DIR}" COMMENT "import library of ${name}" VERBATIM)
  add_custom_target(import-${name} DEPENDS "${archive}")
endfunction()

function(add_kernel_module name)
  cmake_parse_arguments(arg "" "" "IMPORTS;SOURCES" ${ARGN})
  add_executable(${name} ${arg_SOURCES}
    "${DRIVER_SUPPORT}/guids.cpp" "${DRIVER_SUPPORT}/pool.cpp" "${DRIVER_SUPPORT}/runtime.cpp"
    "${DRIVER_SUPPORT}/unknown.cpp")
  set_target_properties(${name} PROPERTIES SUFFIX ".unstripped.sys")
  target_include_directories(${name} PRIVATE "${DRIVER_SUPPORT}")
  target_include_directories(${name} SYSTEM PRIVATE "${DRIVER_DDK_INCLUDE}")
  # Windows 7 is the oldest the package will name.
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=0x0601 _KERNEL_MODE)
  target_compile_options(${name} PRIVATE
    -O2 -g -Wall -Wextra -Wshadow -Wconversion -Werror -Wno-multichar -Wno-unknown-pragmas
    -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-stack-protector -fno-ident -fcheck-new
    -fno-strict-aliasing -ffunction-sections -fdata-sections "-ffile-prefix-map=${MPULAB_ROOT}/=" -mno-red-zone)
  target_link_options(${name} PRIVATE
    -nostdlib -nostartfiles -static
    -Wl,--subsystem,native:6.01 -Wl,--major-os-version,6 -Wl,--minor-os-version,1
    -Wl,--image-base,0x10000 -Wl,--file-alignment,0x200 -Wl,--section-alignment,0x1000
    -Wl,--dynamicbase -Wl,--nxcompat -Wl,--wdmdriver -Wl,--no-seh -Wl,--exclude-all-symbols -Wl,--gc-sections
    -Wl,--no-insert-timestamp -Wl,--disable-auto-import)
  if(DRIVER_ABI STREQUAL "i686")
    # No FPU or SSE state is saved around kernel code there; unwind tables are dead weight.
    target_compile_options(${name} PRIVATE
      -mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-unwind-tables)
    target_link_options(${name} PRIVATE -Wl,--entry,_DriverEntry@8)
  else()
    target_link_options(${name} PRIVATE -Wl,--entry,DriverEntry -Wl,--high-entropy-va)
  endif()
  foreach(import IN LISTS arg_IMPORTS)
    driver_import_library(${import})
    add_dependencies(${name} import-${import})
    target_link_libraries(${name} PRIVATE "${CMAKE_BINARY_DIR}/lib${import}.a")
  endforeach()
  target_link_libraries(${name} PRIVATE ntoskrnl hal ksguid)

  set(fixer "${DRIVER_SUPPORT}/tools/fixsys.py")
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${fixer}")
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${DRIVER_OBJCOPY}" --only-keep-debug "$<TARGET_FILE:${name}>" "${CMAKE_BINARY_DIR}/${name}.debug"
    COMMAND "${DRIVER_OBJCOPY}" --strip-all "$<TARGET_FILE:${name}>" "${CMAKE_BINARY_DIR}/${name}.stripped.sys"
    COMMAND "${Python3_EXECUTABLE}" "${fixer}" "${CMAKE_BINARY_DIR}/${name}.stripped.sys"
            "${CMAKE_BINARY_DIR}/${name}.sys"
    VERBATIM)
endfunction()
