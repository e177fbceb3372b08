# Library `blake3`: the official C implementation with its SIMD. Debian has no package of it; the
# published `blake3` crate, which the engine's dependencies include, carries the C sources.

enable_language(ASM)

if(NOT EXISTS "${BLAKE3_C_DIR}/blake3.c")
  find_program(CARGO cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)
  message(STATUS "Looking for the blake3 crate")
  execute_process(
    COMMAND ${CARGO} metadata --format-version 1 --manifest-path ${CMAKE_SOURCE_DIR}/Cargo.toml
    OUTPUT_VARIABLE metadata RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "cargo metadata failed: ${failed}")
  endif()
  if(NOT metadata MATCHES "\"manifest_path\":\"([^\"]*/blake3-[0-9][^\"/]*)/Cargo\\.toml\"")
    message(FATAL_ERROR "the Cargo workspace does not depend on blake3")
  endif()
  set(BLAKE3_C_DIR ${CMAKE_MATCH_1}/c CACHE PATH "C sources of BLAKE3" FORCE)
endif()

set(blake3_sources blake3.c blake3_dispatch.c blake3_portable.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  foreach(isa IN ITEMS sse2 sse41 avx2 avx512)
    list(APPEND blake3_sources blake3_${isa}_x86-64_unix.S)
  endforeach()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND blake3_sources blake3_neon.c)
endif()
list(TRANSFORM blake3_sources PREPEND ${BLAKE3_C_DIR}/)

add_library(blake3 STATIC ${blake3_sources})
target_include_directories(blake3 SYSTEM PUBLIC ${BLAKE3_C_DIR})
