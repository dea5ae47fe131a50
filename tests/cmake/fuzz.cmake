# SPDX-License-Identifier: MIT
# mpulab_add_fuzz_target(NAME <binary> SOURCES <file>... [INCLUDES <dir>...] [DEFINES <def>...] [LINK <flag>...]
#                        [CORPUS <dir>] [RUNS <n>] [MAX_LEN <bytes>] [STANDARD <17|20>])
#
# Builds a libFuzzer binary (clang, address and undefined-behaviour sanitizers) from LLVMFuzzerTestOneInput plus every
# source it needs: libraries built by the other compiler carry no coverage, so name sources, not targets. CTest runs a
# short, repeatable round (fixed seed, RUNS inputs, default 20000); a hunt is `<binary> corpus/ -jobs=2` (of a build
# with -DMPULAB_FULL=ON: optimized).
# Without clang the target is a test that CTest shows as skipped, with the reason.

find_program(MPULAB_CLANGXX NAMES clang++ DOC "clang with libFuzzer, for the fuzz targets")

function(mpulab_add_fuzz_target)
  cmake_parse_arguments(arg "" "NAME;CORPUS;RUNS;MAX_LEN;STANDARD" "SOURCES;INCLUDES;DEFINES;LINK" ${ARGN})
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mpulab_add_fuzz_target wants NAME and SOURCES; got: ${ARGV}")
  endif()
  if(MPULAB_SANITIZE)
    return() # the ordinary build's fuzz targets are sanitized already
  endif()
  foreach(default IN ITEMS "RUNS;20000" "MAX_LEN;4096" "STANDARD;20")
    list(GET default 0 key)
    list(GET default 1 value)
    if(NOT arg_${key})
      set(arg_${key} ${value})
    endif()
  endforeach()
  if(NOT MPULAB_CLANGXX)
    add_test(NAME "fuzz: ${arg_NAME}" COMMAND sh -c
      "echo 'SKIPPED: no clang++ found; next: apt-get install clang, then configure again'; exit 77")
    set_tests_properties("fuzz: ${arg_NAME}" PROPERTIES SKIP_RETURN_CODE 77 LABELS fuzz)
    return()
  endif()

  # For a smoke round compiling is what takes long; a hunt wants speed.
  set(level -O0 -g1)
  if(MPULAB_FULL)
    set(level -O1 -g)
  endif()
  set(flags -std=c++${arg_STANDARD} ${level} -fno-omit-frame-pointer
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined)
  foreach(dir IN LISTS arg_INCLUDES)
    list(APPEND flags "-I${dir}")
  endforeach()
  foreach(define IN LISTS arg_DEFINES)
    list(APPEND flags "-D${define}")
  endforeach()
  set(sources "")
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(source "${source}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
    list(APPEND sources "${source}")
  endforeach()

  # One object per source, so that an edit costs one compilation and ninja knows every header that was read; fuzz
  # targets of a folder with the same flags share them.
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.dir")
  set(binary "${folder}/${arg_NAME}")
  file(MAKE_DIRECTORY "${folder}")
  string(SHA256 hash "${flags}")
  string(SUBSTRING "${hash}" 0 8 hash)
  set(shared "${CMAKE_CURRENT_BINARY_DIR}/fuzz-objects-${hash}")
  file(MAKE_DIRECTORY "${shared}")
  set(objects "")
  foreach(source IN LISTS sources)
    file(RELATIVE_PATH stem "${CMAKE_SOURCE_DIR}" "${source}")
    string(REGEX REPLACE "[^A-Za-z0-9_.]" "_" stem "${stem}")
    set(object "${shared}/${stem}.o")
    get_property(known DIRECTORY PROPERTY mpulab_fuzz_objects)
    if(NOT object IN_LIST known)
      set_property(DIRECTORY APPEND PROPERTY mpulab_fuzz_objects "${object}")
      add_custom_command(OUTPUT "${object}"
        COMMAND "${MPULAB_CLANGXX}" ${flags} -MD -MF "${object}.d" -c "${source}" -o "${object}"
        DEPENDS "${source}" DEPFILE "${object}.d" VERBATIM COMMENT "Fuzz object ${stem}")
    endif()
    list(APPEND objects "${object}")
  endforeach()
  add_custom_command(OUTPUT "${binary}"
    COMMAND "${MPULAB_CLANGXX}" ${flags} ${objects} ${arg_LINK} -o "${binary}"
    DEPENDS ${objects} VERBATIM COMMENT "Fuzz target ${arg_NAME}")
  add_custom_target(${arg_NAME} ALL DEPENDS "${binary}")

  # New inputs that a round finds go to a scratch folder: the corpus in the tree is what people chose.
  set(scratch "${folder}/corpus")
  file(MAKE_DIRECTORY "${scratch}")
  set(corpus "${scratch}")
  if(arg_CORPUS)
    get_filename_component(arg_CORPUS "${arg_CORPUS}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
    list(APPEND corpus "${arg_CORPUS}")
  endif()
  add_test(NAME "fuzz: ${arg_NAME}" COMMAND "${binary}" -seed=1 -runs=${arg_RUNS} -max_len=${arg_MAX_LEN}
    -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 "-artifact_prefix=${folder}/" ${corpus})
  set_tests_properties("fuzz: ${arg_NAME}" PROPERTIES TIMEOUT 180 LABELS fuzz)
endfunction()
