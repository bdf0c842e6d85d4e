# How test and example programs are compiled and run.

set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
# The headers are judged like the programs.
set(CMAKE_NO_SYSTEM_FROM_IMPORTED ON)

find_package(Threads REQUIRED)

add_library(joinly_program INTERFACE)
target_link_libraries(joinly_program INTERFACE joinly::storage Threads::Threads)
if(MSVC)
  target_compile_options(joinly_program INTERFACE /W4)
else()
  target_compile_options(joinly_program INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
endif()
if(JOINLY_SANITIZE)
  target_compile_options(joinly_program INTERFACE
    -fsanitize=${JOINLY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(joinly_program INTERFACE -fsanitize=${JOINLY_SANITIZE})
endif()

# joinly_program(<target> <source>...): a program with the warnings and sanitizers of this build.
function(joinly_program target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE joinly_program)
endfunction()

# joinly_test(<name> <command>...): a test in a scratch directory of its own, with a bound on its time.
function(joinly_test name)
  set(scratch "${PROJECT_BINARY_DIR}/scratch/${name}")
  file(MAKE_DIRECTORY "${scratch}")
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${scratch}")
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# joinly_python_test(<name> <argument>...): the same with the Python of JOINLY_PYTHON and the built library.
function(joinly_python_test name)
  joinly_test(${name} ${JOINLY_PYTHON} ${ARGN})
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "JOINLY_STORAGE_LIBRARY=$<TARGET_FILE:joinly::storage>;PYTHONPATH=${PROJECT_SOURCE_DIR}/bindings/python")
endfunction()
