# SPDX-License-Identifier: MIT
# How kernel_module.cmake compiles and links with Microsoft's compiler and the WDK (../cmake/wdk-x64.cmake). Written from
# the documentation of the tools; no Windows was at hand to run it.
#
# Runtime, GUIDs of KS and import libraries come with the kit; section flags and checksum are the linker's (/driver,
# /release), so there is nothing to mend afterwards.

set(wdk_version "$ENV{WindowsSDKVersion}")
string(REGEX REPLACE "[\\/]+$" "" wdk_version "${wdk_version}")
file(TO_CMAKE_PATH "$ENV{WindowsSdkDir}" wdk_root)
set(wdk_include "${wdk_root}/Include/${wdk_version}")
set(wdk_lib "${wdk_root}/Lib/${wdk_version}/km/x64")
if(NOT EXISTS "${wdk_include}/km/ntddk.h")
  message(FATAL_ERROR "no ${wdk_include}/km/ntddk.h: the WDK is not there\n"
    "next: install the WDK of the SDK's version, and configure in an \"x64 Native Tools\" command prompt")
endif()

# CMake's ideas of a program: exceptions, a C library, Win32's import libraries, a console.
set(CMAKE_CXX_FLAGS "")
set(CMAKE_CXX_FLAGS_RELEASE "/DNDEBUG")
set(CMAKE_MSVC_RUNTIME_LIBRARY "")
set(CMAKE_CXX_STANDARD_LIBRARIES "")
set(CMAKE_CXX_CREATE_CONSOLE_EXE "")

function(kernel_module_options target)
  target_include_directories(${target} SYSTEM PRIVATE "${wdk_include}/km" "${wdk_include}/km/crt" "${wdk_include}/shared")
  # Windows 7 is the oldest the package will name. /kernel says _KERNEL_MODE; the kit's headers want the processor said.
  target_compile_definitions(${target} PRIVATE _WIN32_WINNT=0x0601 WINVER=0x0601 NTDDI_VERSION=0x06010000 _AMD64_ AMD64
    _WIN64)
  # 4324: padded by an alignment; 4201: nameless unions; 4146 and 4996: in the kit's headers and names
  target_compile_options(${target} PRIVATE /kernel /GR- /GS /Gy /GF /O1 /Zi /W4 /WX /guard:cf /Zc:threadSafeInit-
    /external:W0 /external:anglebrackets /wd4324 /wd4201 /wd4146 /wd4996)
endfunction()

function(kernel_module_link name)
  set_target_properties(${name} PROPERTIES SUFFIX ".sys")
  target_link_options(${name} PRIVATE /nodefaultlib /driver:wdm /subsystem:native,6.01 /entry:GsDriverEntry /release
    /debug "/pdb:${CMAKE_BINARY_DIR}/${name}.pdb" "/pdbaltpath:${name}.pdb" /opt:ref /opt:icf /incremental:no
    /guard:cf /dynamicbase /nxcompat /highentropyva /section:INIT,ERD /manifest:no "/libpath:${wdk_lib}")
  # BufferOverflowK has GsDriverEntry and the cookie's check for Windows 7; stdunk has CUnknown.
  target_link_libraries(${name} PRIVATE BufferOverflowK.lib ntoskrnl.lib hal.lib portcls.lib stdunk.lib)
endfunction()
