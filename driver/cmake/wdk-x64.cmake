# SPDX-License-Identifier: MIT
# amd64 kernel modules with Microsoft's compiler and the WDK, in a developer command prompt ("x64 Native Tools"), which
# names compiler, SDK and its version in the environment. The WDK of the same version must be installed beside the SDK.
set(DRIVER_ABI x86_64-wdk)
set(DRIVER_TOOLS wdk)
set(CMAKE_CXX_COMPILER cl)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
