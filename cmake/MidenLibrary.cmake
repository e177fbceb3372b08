# One way to declare what a folder holds.

set(MIDEN_WARNINGS -Wall -Wextra -Wconversion -Werror)

# miden_library(NAME DEPENDS lib...): src/NAME/**/*.cpp as static library `miden_NAME`; its
# *_test.cpp become one test program `NAME_test`, its *_bench.cpp one benchmark `NAME_bench`.
# Files named *_avx2.cpp and *_avx512.cpp are compiled for those instruction sets: they must be
# reached only after the processor has been asked for them.
function(miden_library name)
  cmake_parse_arguments(arg "" "" "DEPENDS;TEST_DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")

  if(sources)
    add_library(miden_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_compile_options(miden_${name} PRIVATE ${MIDEN_WARNINGS})
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      foreach(source IN LISTS sources)
        if(source MATCHES "_avx2\\.cpp$")
          set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mbmi2;-mfma")
        elseif(source MATCHES "_avx512\\.cpp$")
          set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
            "-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mavx512ifma;-mbmi2")
        endif()
      endforeach()
    endif()
  else()
    add_library(miden_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(miden_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(miden_${name} ${scope} ${arg_DEPENDS} Threads::Threads)

  if(tests)
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests})
    target_compile_options(${name}_test PRIVATE ${MIDEN_WARNINGS})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${name}_test PRIVATE miden_${name} ${arg_TEST_DEPENDS} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
  if(benches)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${benches})
    target_compile_options(${name}_bench PRIVATE ${MIDEN_WARNINGS})
    target_link_libraries(${name}_bench PRIVATE miden_${name} ${arg_TEST_DEPENDS} benchmark::benchmark_main)
  endif()
endfunction()

# miden_program(NAME SOURCES... DEPENDS lib...): one program in build/bin.
function(miden_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${MIDEN_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
endfunction()
