# SPDX-License-Identifier: MIT
# amd64 kernel modules with mingw-w64. Nothing of a C runtime is linked: mpusynth/CMakeLists.txt says what is.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(DRIVER_ABI x86_64)
set(DRIVER_TOOLS mingw)
set(DRIVER_TRIPLE x86_64-w64-mingw32)
set(CMAKE_CXX_COMPILER ${DRIVER_TRIPLE}-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
