# SPDX-License-Identifier: MIT
# How a PE module of nanont is built. One directory = one module; what it exports stands in its exports.inc:
#
#   NANONT_EXPORT(Name, State, Limit, "what is missing")  State: Complete or Partial
#                                                         Limit: the highest IRQL: Passive, Apc, Dispatch, Any; AtDispatch: there only, FromDispatch: there and above
#   NANONT_EXPORT_DATA(Name, State, "what is missing")    a variable
#   one more argument: the Windows build it came with; a profile older than that lacks it
#
# From that list come the module's .def and the import library that the other modules link. An import that no list
# names fails when the importing module is linked, not when it is booted.

find_program(NANONT_DLLTOOL x86_64-w64-mingw32-dlltool REQUIRED)
find_program(NANONT_OBJCOPY x86_64-w64-mingw32-objcopy REQUIRED)

# nanont_import_library(ntoskrnl ntoskrnl.exe): reads <ntoskrnl>/exports.inc, makes the target nanont_import_ntoskrnl.
function(nanont_import_library module file)
  set(list "${CMAKE_CURRENT_SOURCE_DIR}/${module}/exports.inc")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
  file(STRINGS "${list}" lines REGEX "^NANONT_EXPORT")
  set(def "LIBRARY ${file}\nEXPORTS\n")
  foreach(line IN LISTS lines)
    if(line MATCHES "^NANONT_EXPORT\\(([A-Za-z0-9_]+), (Complete|Partial), (Passive|Apc|Dispatch|AtDispatch|FromDispatch|Any),")
      string(APPEND def "${CMAKE_MATCH_1}\n")
    elseif(line MATCHES "^NANONT_EXPORT_DATA\\(([A-Za-z0-9_]+), (Complete|Partial),")
      string(APPEND def "${CMAKE_MATCH_1} DATA\n")
    else()
      message(FATAL_ERROR "${list}: \"${line}\" is no export; expected NANONT_EXPORT(Name, Complete|Partial, Passive|Apc|Dispatch|AtDispatch|FromDispatch|Any, \"...\")")
    endif()
  endforeach()
  set(def_file "${CMAKE_BINARY_DIR}/imports/${module}.def")
  set(archive "${CMAKE_BINARY_DIR}/imports/lib${module}.a")
  file(CONFIGURE OUTPUT "${def_file}" CONTENT "${def}" @ONLY)
  add_custom_command(
    OUTPUT "${archive}"
    COMMAND "${NANONT_DLLTOOL}" -d "${def_file}" -l "${archive}" -t "${module}_"
    DEPENDS "${def_file}"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}/imports"
    COMMENT "import library of ${file}"
    VERBATIM)
  add_custom_target(nanont_archive_${module} DEPENDS "${archive}")
  add_library(nanont_import_${module} INTERFACE)
  target_link_libraries(nanont_import_${module} INTERFACE "${archive}")
  add_dependencies(nanont_import_${module} nanont_archive_${module})
  set_property(TARGET nanont_import_${module} PROPERTY NANONT_DEF "${def_file}")
  set_property(TARGET nanont_import_${module} PROPERTY NANONT_ARCHIVE "${archive}")
endfunction()

# nanont_module(ks FILE ks.sys ENTRY DriverEntry IMPORTS ntoskrnl hal SOURCES a.cpp b.cpp [LIBRARIES ksguid])
# makes ${CMAKE_BINARY_DIR}/<FILE> (stripped) and <FILE>.debug (its DWARF, for gdb) beside it.
function(nanont_module module)
  cmake_parse_arguments(ARG "" "FILE;ENTRY" "IMPORTS;SOURCES;LIBRARIES" ${ARGN})
  set(target nanont_${module})
  add_executable(${target} ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${ARG_FILE}" SUFFIX ".unstripped" RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unstripped")
  target_include_directories(${target} PRIVATE
    "${CMAKE_CURRENT_SOURCE_DIR}" "${NANONT_ROOT}/include" "${NANONT_ROOT}/common" "${MPULAB_ROOT}/device-model/link"
    "${MPULAB_ROOT}/device-model/probe" "${MPULAB_ROOT}/device-model/common" "${MPULAB_ROOT}/guest-images/agent")
  target_link_libraries(${target} PRIVATE nanont_module_options ${ARG_LIBRARIES})
  foreach(import IN LISTS ARG_IMPORTS)
    target_link_libraries(${target} PRIVATE nanont_import_${import})
    add_dependencies(${target} nanont_archive_${import})
    get_property(archive TARGET nanont_import_${import} PROPERTY NANONT_ARCHIVE)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${archive}")
  endforeach()
  if(TARGET nanont_import_${module})
    get_property(def TARGET nanont_import_${module} PROPERTY NANONT_DEF)
    target_link_options(${target} PRIVATE "${def}")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${def}")
  endif()
  target_link_options(${target} PRIVATE "-Wl,--entry,${ARG_ENTRY}")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${NANONT_OBJCOPY}" --only-keep-debug "$<TARGET_FILE:${target}>" "${CMAKE_BINARY_DIR}/${ARG_FILE}.debug"
    COMMAND "${CMAKE_COMMAND}" -E env SOURCE_DATE_EPOCH=0 # objcopy stamps the time of the day on what it writes
      "${NANONT_OBJCOPY}" --strip-all "$<TARGET_FILE:${target}>" "${CMAKE_BINARY_DIR}/${ARG_FILE}"
    VERBATIM)
endfunction()
