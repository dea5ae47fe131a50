# SPDX-License-Identifier: MIT
# Kernel images in the MSVC ABI with clang and lld-link, from mingw-w64's headers: same source, another compiler's idea
# of vtables, names, unwind information and symbols (a PDB). Included by a project whose compiler is the host's clang++
# (../cmake/msvc-x86_64.cmake); the target triple comes with the options below, so CMake need not know it.
#
#   msvc_import_library(<name> <file.def>)    <name>.lib in the build directory, target import-<name>
#   msvc_guid_library()                       ksguid.lib: KS' GUIDs, from mingw-w64's static library
#   msvc_compile_options(<target>)            a kernel image's code
#   msvc_link_options(<target> <entry> <pdb>) a kernel image; <pdb> and <target>.map beside it, named <target>.pdb inside
#
# What the images carry: /GS (a cookie in each frame with an array), /guard:cf, RSDS with a PDB whose path is its name
# alone, nothing that depends on time or place.

find_program(MSVC_DLLTOOL NAMES llvm-dlltool llvm-dlltool-14 llvm-dlltool-19 REQUIRED)
find_program(MSVC_LINKER NAMES lld-link lld-link-14 lld-link-19 REQUIRED)
find_program(MSVC_OBJCOPY NAMES x86_64-w64-mingw32-objcopy REQUIRED)
find_path(MSVC_MINGW_INCLUDE sdkddkver.h REQUIRED NO_CMAKE_FIND_ROOT_PATH
  PATHS /usr/share/mingw-w64/include /usr/x86_64-w64-mingw32/include /usr/x86_64-w64-mingw32/sys-root/mingw/include)
find_path(MSVC_MINGW_LIBRARIES libksguid.a REQUIRED NO_CMAKE_FIND_ROOT_PATH
  PATHS /usr/x86_64-w64-mingw32/lib /usr/x86_64-w64-mingw32/sys-root/mingw/lib)

# The linker is called by name: the compiler's driver would want a Visual Studio to be there.
set(CMAKE_CXX_LINK_EXECUTABLE "${MSVC_LINKER} /nologo <LINK_FLAGS> /out:<TARGET> <OBJECTS> <LINK_LIBRARIES>")

function(msvc_import_library name def)
  set(archive "${CMAKE_BINARY_DIR}/${name}.lib")
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${MSVC_DLLTOOL}" -m i386:x86-64 -d "${def}" -l "${archive}"
    DEPENDS "${def}" COMMENT "import library of ${name}" VERBATIM)
  add_custom_target(import-${name} DEPENDS "${archive}")
endfunction()

# Without its own ideas of names that the headers define in every object, and without DWARF.
function(msvc_guid_library)
  add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/ksguid.lib"
    COMMAND "${MSVC_OBJCOPY}" -g -R .rdata$zzz -w "--keep-global-symbol=KS*" "${MSVC_MINGW_LIBRARIES}/libksguid.a"
            "${CMAKE_BINARY_DIR}/ksguid.lib"
    DEPENDS "${MSVC_MINGW_LIBRARIES}/libksguid.a" COMMENT "KS' GUIDs" VERBATIM)
  add_custom_target(msvc-ksguid DEPENDS "${CMAKE_BINARY_DIR}/ksguid.lib")
endfunction()

function(msvc_compile_options target)
  target_compile_options(${target} PRIVATE
    --target=x86_64-pc-windows-msvc -fgnuc-version=12.2 # what mingw-w64's headers ask for
    -nostdlibinc -O2 -g -gcodeview -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-ident
    -fasynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections -fdata-sections
    -fstack-protector-strong "SHELL:-Xclang -cfguard" -Wno-multichar -Wno-unknown-pragmas -Wno-missing-braces
    -Wno-ignored-attributes -Wno-pragma-pack)
  target_include_directories(${target} SYSTEM PRIVATE "${MSVC_MINGW_INCLUDE}")
endfunction()

function(msvc_link_options target entry pdb)
  target_link_options(${target} PRIVATE /machine:x64 /driver:wdm /nodefaultlib /base:0x10000 /merge:.00cfg=.rdata /filealign:0x200
    /dynamicbase /nxcompat /highentropyva /tsaware:no /guard:cf /opt:ref /opt:noicf /incremental:no /Brepro
    /debug "/pdb:${pdb}" "/pdbaltpath:${target}.pdb" /pdbsourcepath:/ "/map:${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  if(entry)
    target_link_options(${target} PRIVATE "/entry:${entry}")
  else()
    target_link_options(${target} PRIVATE /dll /noentry /include:DriverEntry) # no other kind may lack one
  endif()
endfunction()
