# SPDX-License-Identifier: MIT
# A test driver, built with nanont's import libraries with mingw-w64 and in the MSVC ABI with clang and lld-link; what
# only one of them can build returns from its CMakeLists.txt by DRIVER_TOOLS. NANONT_BUILD is where nanont's modules were
# built.
#
#   test_driver(recorder SOURCES a.cpp b.cpp [ENTRY DriverEntry] [IMPORTS portcls ntoskrnl hal] [DEFINES KEY=VALUE ...]
#               [ALIGNMENT bytes of its sections])
#
# makes <name>.sys with its symbols in it (MSVC ABI: <name>.pdb and <name>.map beside it). An empty ENTRY makes an image
# without an entry point. Each ABI's part is in test_driver_<mingw|msvc>.cmake.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
get_filename_component(test_driver_root "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_path(test_driver_ddk ntddk.h REQUIRED NO_CMAKE_FIND_ROOT_PATH
  PATHS /usr/share/mingw-w64/include/ddk /usr/x86_64-w64-mingw32/include/ddk)
include("${CMAKE_CURRENT_LIST_DIR}/test_driver_${DRIVER_TOOLS}.cmake")

foreach(module IN ITEMS portcls ks ntoskrnl hal)
  test_driver_import(${module} "${NANONT_BUILD}/imports/${module}.def")
endforeach()

function(test_driver name)
  cmake_parse_arguments(arg "" "ENTRY;ALIGNMENT" "SOURCES;IMPORTS;DEFINES" ${ARGN})
  if(NOT DEFINED arg_ENTRY AND NOT "ENTRY" IN_LIST arg_KEYWORDS_MISSING_VALUES)
    set(arg_ENTRY DriverEntry)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES SUFFIX ".sys")
  test_driver_settings(${name} ${arg_DEFINES})
  test_driver_link(${name} "${arg_ENTRY}" ${arg_IMPORTS})
  if(arg_ALIGNMENT)
    test_driver_align(${name} ${arg_ALIGNMENT})
  endif()
endfunction()

# test_driver_objects(<name> SOURCES a.cpp ...): what several drivers have in common, compiled once; a driver takes it as
# the source $<TARGET_OBJECTS:name>.
function(test_driver_objects name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  add_library(${name} OBJECT ${arg_SOURCES})
  test_driver_settings(${name})
endfunction()

function(test_driver_settings name)
  target_include_directories(${name} SYSTEM PRIVATE "${test_driver_ddk}")
  target_include_directories(${name} PRIVATE "${test_driver_root}/guest-images/nanont")
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=0x0A00 _KERNEL_MODE ${ARGN})
  test_driver_compile(${name})
endfunction()
