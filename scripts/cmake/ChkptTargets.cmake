# SPDX-License-Identifier: BSD-3-Clause
# How every library, program and test of chkpt is compiled.

add_library(chkpt_flags INTERFACE)
target_compile_options(chkpt_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -fno-pie
  $<$<BOOL:${CHKPT_WERROR}>:-Werror>)
target_link_options(chkpt_flags INTERFACE -no-pie)
if(CHKPT_SANITIZE)
  target_compile_options(chkpt_flags INTERFACE -fsanitize=${CHKPT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(chkpt_flags INTERFACE -fsanitize=${CHKPT_SANITIZE})
endif()
if(CHKPT_COVERAGE)
  target_compile_options(chkpt_flags INTERFACE --coverage)
  target_link_options(chkpt_flags INTERFACE --coverage)
endif()
if(CHKPT_TIDY)
  find_program(CHKPT_CLANG_TIDY NAMES clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${CHKPT_CLANG_TIDY})
endif()

# chkpt_add_module(NAME SOURCES file... DEPENDS target...): the static library chkpt_NAME.
function(chkpt_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(chkpt_${name} STATIC ${arg_SOURCES})
  target_include_directories(chkpt_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(chkpt_${name} PUBLIC ${arg_DEPENDS} PRIVATE chkpt_flags)
endfunction()

# chkpt_add_unit_test(NAME SOURCES file... DEPENDS target...): a GoogleTest program run by CTest.
function(chkpt_add_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)  # a fifth less to compile
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gtest_main GTest::gmock chkpt_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

# chkpt_export_engine(TARGET): link options of a program that embeds CPython: its symbols are
# exported to extension modules, libhdf5's are hidden by name ("ALL" would hide Python's too).
function(chkpt_export_engine target)
  target_link_options(${target} PRIVATE
    -Wl,-E -Wl,--exclude-libs,libhdf5_serial.a:libhdf5.a:libsz.a:libaec.a)
endfunction()
