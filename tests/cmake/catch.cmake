# SPDX-License-Identifier: MIT
# mpulab_add_test(NAME <binary> SOURCES <file>... [LIBS <target>...] [INCLUDES <dir>...] [DEFINES <def>...]
#                 [LABELS <label>...] [TIMEOUT <seconds>] [DEPENDS <target>...])
#
# Builds one Catch2 binary and registers every TEST_CASE in it with CTest as "<binary>:<sentence>". Sources include
# Catch2 through "support/catch.hpp" or <catch.hpp> only. TIMEOUT (default 60) is per test case. One that CTest knows
# and the binary does not (Catch cannot find a name with a ";" in it) is a failure, not a silent pass.
# With sanitizers a binary is one test, "<binary>: all cases": to start one costs half a second, ten times what the
# median case does. Its output names the case that failed.

find_package(Catch2 REQUIRED)
include(Catch)

if(Catch2_VERSION VERSION_LESS 3)
  add_library(mpulab_catch_main OBJECT EXCLUDE_FROM_ALL support/catch_main.cpp)
  target_link_libraries(mpulab_catch_main PUBLIC Catch2::Catch2)
  # The framework is not what is tested, and takes minutes to optimize and instrument.
  target_compile_options(mpulab_catch_main PRIVATE -O0 -g0 -fno-sanitize=all)
  add_library(mpulab_catch INTERFACE)
  target_sources(mpulab_catch INTERFACE $<TARGET_OBJECTS:mpulab_catch_main>)
  target_link_libraries(mpulab_catch INTERFACE Catch2::Catch2)
  set(MPULAB_CATCH_ARGS --warn NoTests CACHE INTERNAL "")
else()
  add_library(mpulab_catch INTERFACE)
  target_link_libraries(mpulab_catch INTERFACE Catch2::Catch2WithMain)
  set(MPULAB_CATCH_ARGS "" CACHE INTERNAL "")
endif()
target_include_directories(mpulab_catch INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/support")

function(mpulab_add_test)
  cmake_parse_arguments(arg "ALWAYS" "NAME;TIMEOUT" "SOURCES;LIBS;INCLUDES;DEFINES;LABELS;DEPENDS" ${ARGN})
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mpulab_add_test wants NAME and SOURCES; got: ${ARGV}")
  endif()
  if(NOT MPULAB_UNITS AND NOT arg_ALWAYS)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE mpulab_options mpulab_catch ${arg_LIBS})
  target_include_directories(${arg_NAME} PRIVATE ${arg_INCLUDES})
  target_compile_definitions(${arg_NAME} PRIVATE
    MPULAB_SOURCE_DIR="${CMAKE_SOURCE_DIR}" MPULAB_BINARY_DIR="${CMAKE_BINARY_DIR}" ${arg_DEFINES})
  if(NOT MPULAB_SANITIZE) # that build has a level of its own
    target_compile_options(${arg_NAME} PRIVATE -O1)
  endif()
  list(LENGTH arg_SOURCES count)
  if(count GREATER 3)
    mpulab_precompile(${arg_NAME} "${CMAKE_SOURCE_DIR}/tests/support/catch.hpp" <string> <vector>)
  endif()
  if(arg_DEPENDS)
    add_dependencies(${arg_NAME} ${arg_DEPENDS})
  endif()
  set(labels "")
  if(arg_LABELS)
    set(labels LABELS "${arg_LABELS}")
  endif()
  if(MPULAB_SANITIZE)
    math(EXPR timeout "10 * ${arg_TIMEOUT}")
    add_test(NAME "${MPULAB_TEST_PREFIX}${arg_NAME}: all cases" COMMAND ${arg_NAME} ${MPULAB_CATCH_ARGS})
    set_tests_properties("${MPULAB_TEST_PREFIX}${arg_NAME}: all cases" PROPERTIES TIMEOUT ${timeout} ${labels})
    return()
  endif()
  catch_discover_tests(${arg_NAME} TEST_PREFIX "${MPULAB_TEST_PREFIX}${arg_NAME}:" EXTRA_ARGS ${MPULAB_CATCH_ARGS}
    PROPERTIES TIMEOUT ${arg_TIMEOUT} ${labels})
endfunction()
