# SPDX-License-Identifier: MIT
# test_driver.cmake's part that is mingw-w64's.

find_program(test_driver_dlltool x86_64-w64-mingw32-dlltool REQUIRED)

# test_driver_import(<name> <def file>): lib<name>.a from a .def, for IMPORTS.
function(test_driver_import name def)
  set(archive "${CMAKE_BINARY_DIR}/lib${name}.a")
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${test_driver_dlltool}" -d "${def}" -l "${archive}" -t "${name}_"
    DEPENDS "${def}" WORKING_DIRECTORY "${CMAKE_BINARY_DIR}" VERBATIM)
  add_custom_target(import_${name} DEPENDS "${archive}")
endfunction()

function(test_driver_compile name)
  # Page 0 may be meant: a null pointer is followed on purpose.
  target_compile_options(${name} PRIVATE -O2 -g -Wall -Wextra -Werror -Wno-multichar -ffreestanding -mno-red-zone
    -fno-stack-protector -fno-ident -fno-strict-aliasing -fno-exceptions -fno-rtti -fno-threadsafe-statics -fcheck-new
    -fno-delete-null-pointer-checks --param=min-pagesize=0)
endfunction()

function(test_driver_link name entry)
  target_link_options(${name} PRIVATE -nostdlib -nostartfiles -static -Wl,--subsystem,native:10.0
    -Wl,--image-base,0x10000 -Wl,--file-alignment,0x200 -Wl,--section-alignment,0x1000 -Wl,--dynamicbase
    -Wl,--nxcompat -Wl,--exclude-all-symbols -Wl,--gc-sections -Wl,--no-insert-timestamp -Wl,--disable-auto-import)
  if(entry)
    target_link_options(${name} PRIVATE "-Wl,--entry,${entry}")
  else()
    target_link_options(${name} PRIVATE "-Wl,--entry,0" "-Wl,--undefined,DriverEntry")
  endif()
  foreach(module IN LISTS ARGN)
    target_link_libraries(${name} PRIVATE "${CMAKE_BINARY_DIR}/lib${module}.a")
    add_dependencies(${name} import_${module})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${CMAKE_BINARY_DIR}/lib${module}.a")
  endforeach()
  target_link_libraries(${name} PRIVATE ksguid)
endfunction()

# The last of several counts.
function(test_driver_align name bytes)
  target_link_options(${name} PRIVATE -Wl,--section-alignment,${bytes} -Wl,--file-alignment,${bytes})
endfunction()
