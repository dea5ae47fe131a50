# SPDX-License-Identifier: MIT
# How a test driver is built: with nanont's flags and import libraries, as a project of its own (test_driver_project.cmake
# starts it). NANONT_BUILD is where nanont's modules were built.
#
#   test_driver(recorder SOURCES a.cpp b.cpp [ENTRY DriverEntry] [IMPORTS portcls ntoskrnl hal] [DEFINES KEY=VALUE ...])
#
# makes <name>.sys with its symbols in it. An empty ENTRY makes an image without an entry point.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
get_filename_component(test_driver_root "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_path(test_driver_ddk ntddk.h REQUIRED NO_CMAKE_FIND_ROOT_PATH
  PATHS /usr/share/mingw-w64/include/ddk /usr/x86_64-w64-mingw32/include/ddk)
find_program(test_driver_dlltool x86_64-w64-mingw32-dlltool REQUIRED)

# test_driver_import(<name> <def file>): lib<name>.a from a .def, for IMPORTS.
function(test_driver_import name def)
  set(archive "${CMAKE_CURRENT_BINARY_DIR}/lib${name}.a")
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${test_driver_dlltool}" -d "${def}" -l "${archive}" -t "${name}_"
    DEPENDS "${def}" WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" VERBATIM)
  add_custom_target(import_${name} DEPENDS "${archive}")
endfunction()

foreach(module IN ITEMS portcls ks ntoskrnl hal)
  test_driver_import(${module} "${NANONT_BUILD}/imports/${module}.def")
endforeach()

function(test_driver name)
  cmake_parse_arguments(arg "" "ENTRY" "SOURCES;IMPORTS;DEFINES" ${ARGN})
  if(NOT DEFINED arg_ENTRY AND NOT "ENTRY" IN_LIST arg_KEYWORDS_MISSING_VALUES)
    set(arg_ENTRY DriverEntry)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES SUFFIX ".sys")
  target_include_directories(${name} SYSTEM PRIVATE "${test_driver_ddk}")
  target_include_directories(${name} PRIVATE "${test_driver_root}/guest-images/nanont")
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=0x0A00 _KERNEL_MODE ${arg_DEFINES})
  # Page 0 may be meant: a null pointer is followed on purpose.
  target_compile_options(${name} PRIVATE -O2 -g -Wall -Wextra -Werror -Wno-multichar -ffreestanding -mno-red-zone
    -fno-stack-protector -fno-ident -fno-strict-aliasing -fno-exceptions -fno-rtti -fno-threadsafe-statics -fcheck-new
    -fno-delete-null-pointer-checks --param=min-pagesize=0)
  target_link_options(${name} PRIVATE -nostdlib -nostartfiles -static -Wl,--subsystem,native:10.0
    -Wl,--image-base,0x10000 -Wl,--file-alignment,0x200 -Wl,--section-alignment,0x1000 -Wl,--dynamicbase
    -Wl,--nxcompat -Wl,--exclude-all-symbols -Wl,--gc-sections -Wl,--no-insert-timestamp -Wl,--disable-auto-import)
  if(arg_ENTRY)
    target_link_options(${name} PRIVATE "-Wl,--entry,${arg_ENTRY}")
  else()
    target_link_options(${name} PRIVATE "-Wl,--entry,0" "-Wl,--undefined,DriverEntry")
  endif()
  foreach(module IN LISTS arg_IMPORTS)
    target_link_libraries(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/lib${module}.a")
    add_dependencies(${name} import_${module})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/lib${module}.a")
  endforeach()
  target_link_libraries(${name} PRIVATE ksguid)
endfunction()
