# SPDX-License-Identifier: MIT
# add_kernel_module(<name> IMPORTS <import library>... SOURCES <file>...): <name>.sys and its symbols (<name>.debug, or
# <name>.pdb in the MSVC ABI) in the build directory. Wants DRIVER_ABI, DRIVER_TRIPLE (toolchain file), DRIVER_SUPPORT,
# MPULAB_ROOT, Python3.
#
# IMPORTS names modules that mingw-w64 has no import library for; ${DRIVER_SUPPORT}/<import library>-<abi>.def lists
# their exports. ntoskrnl, hal and the static ksguid come from mingw-w64; with the
# WDK (kernel_module_wdk.cmake) all of them come from the kit.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # the kit's headers need them

# Where Debian and Fedora keep mingw-w64's DDK headers.
if(NOT DRIVER_TOOLS STREQUAL "wdk")
  find_path(DRIVER_DDK_INCLUDE ntddk.h REQUIRED NO_CMAKE_FIND_ROOT_PATH
    PATHS /usr/share/mingw-w64/include/ddk /usr/${DRIVER_TRIPLE}/include/ddk
          /usr/${DRIVER_TRIPLE}/sys-root/mingw/include/ddk /usr/x86_64-w64-mingw32/include/ddk)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/kernel_module_${DRIVER_TOOLS}.cmake")

function(add_kernel_module name)
  cmake_parse_arguments(arg "" "" "IMPORTS;SOURCES" ${ARGN})
  # What every module carries, as a folder of its own: object files then have names that do not tell where the tree lies.
  add_subdirectory("${DRIVER_SUPPORT}" support)
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:driver_support>)
  target_include_directories(${name} PRIVATE "${DRIVER_SUPPORT}")
  kernel_module_options(driver_support)
  kernel_module_options(${name})
  kernel_module_link(${name} ${arg_IMPORTS})
endfunction()

function(kernel_module_common_options target)
  target_include_directories(${target} SYSTEM PRIVATE "${DRIVER_DDK_INCLUDE}")
  # Windows 7 is the oldest the package will name.
  target_compile_definitions(${target} PRIVATE _WIN32_WINNT=0x0601 _KERNEL_MODE)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Werror -Wno-multichar -Wno-unknown-pragmas)
endfunction()

# kernel_module_fix(<name> <linked image> [<linked PDB> <PDB>]): section flags, time stamp and checksum as Windows wants
# them.
function(kernel_module_fix name linked)
  set(fixer "${DRIVER_SUPPORT}/tools/fixsys.py")
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${fixer}")
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${Python3_EXECUTABLE}" "${fixer}" "${linked}" "${CMAKE_BINARY_DIR}/${name}.sys" ${ARGN} VERBATIM)
endfunction()
