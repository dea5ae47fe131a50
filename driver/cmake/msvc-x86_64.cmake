# SPDX-License-Identifier: MIT
# amd64 kernel modules in the MSVC ABI: clang and lld-link. The triple is given by support/msvc_abi.cmake.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(DRIVER_ABI x86_64-msvc)
set(DRIVER_TOOLS msvc)
set(CMAKE_CXX_COMPILER clang++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
