# SPDX-License-Identifier: MIT
# mpulab_add_guest_test(NAME <name> COMMAND <program> <arg>... [TIMEOUT <seconds>] [LABELS <label>...]
#                       [ENVIRONMENT <VAR=value>...] [SERIAL] [SANITIZED])
#
# A test that boots a machine. It finds in its environment:
#   MPULAB_QEMU   our QEMU     MPULAB_BUILD  this build directory     MPULAB_SOURCE  the tree     MPULAB_FULL  0 or 1
# Without MPULAB_QEMU CTest shows it as skipped, with the reason, and never as passed. Exit code 77 = skipped.
# SANITIZED: also in the sanitizer build (the machine is the same, the harness is not); all others only without.
# SERIAL: nothing else runs beside it (tests that count processes, or load the host).

function(mpulab_add_guest_test)
  cmake_parse_arguments(arg "SERIAL;SANITIZED" "NAME;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_NAME OR NOT arg_COMMAND OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mpulab_add_guest_test wants NAME and COMMAND; got: ${ARGV}")
  endif()
  if(MPULAB_SANITIZE AND NOT arg_SANITIZED)
    return()
  endif()
  set(arg_NAME "${MPULAB_TEST_PREFIX}${arg_NAME}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(MPULAB_QEMU)
    add_test(NAME "${arg_NAME}" COMMAND ${arg_COMMAND})
  else()
    add_test(NAME "${arg_NAME}" COMMAND sh -c
      "echo 'SKIPPED: no QEMU given; next: scripts/build-qemu, then cmake -DMPULAB_QEMU=its path (scripts/test does both)'; exit 77")
  endif()
  set(full 0)
  if(MPULAB_FULL)
    set(full 1)
  endif()
  set_tests_properties("${arg_NAME}" PROPERTIES TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77 LABELS "guest;${arg_LABELS}"
    ENVIRONMENT
    "MPULAB_QEMU=${MPULAB_QEMU};MPULAB_BUILD=${CMAKE_BINARY_DIR};MPULAB_SOURCE=${CMAKE_SOURCE_DIR};MPULAB_FULL=${full};${arg_ENVIRONMENT}")
  if(arg_SERIAL)
    set_tests_properties("${arg_NAME}" PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
