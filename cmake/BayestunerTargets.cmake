# How this project's targets are made: flags, areas, tests.
include_guard(GLOBAL)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
  find_program(BAYESTUNER_CCACHE ccache)
  mark_as_advanced(BAYESTUNER_CCACHE)
  if(BAYESTUNER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Names relative to the sources: two build folders side by side then share what is compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${BAYESTUNER_CCACHE})
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

# Flags of our own translation units: never part of what a consumer inherits.
add_library(bayestuner_flags INTERFACE)
target_compile_options(bayestuner_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                  -fvisibility=hidden -fvisibility-inlines-hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside Eigen's and std::variant's optimised code, where they are false.
  target_compile_options(bayestuner_flags INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-restrict
                                                    -Wno-use-after-free -Wno-psabi)
  target_compile_options(bayestuner_flags INTERFACE -fpch-preprocess)
endif()
if(BAYESTUNER_UNITY)
  # A neighbour's unnamed namespace is no outer scope to its reader, and GCC takes sources of a group for headers.
  target_compile_options(bayestuner_flags INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(BAYESTUNER_WERROR)
  target_compile_options(bayestuner_flags INTERFACE -Werror)
endif()
if(BAYESTUNER_SANITIZER STREQUAL "address")
  set(bayestuner_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(BAYESTUNER_SANITIZER STREQUAL "thread")
  set(bayestuner_sanitize -fsanitize=thread)
elseif(BAYESTUNER_SANITIZER)
  message(FATAL_ERROR "BAYESTUNER_SANITIZER: ${BAYESTUNER_SANITIZER} is neither address nor thread")
endif()
if(bayestuner_sanitize)
  target_compile_options(bayestuner_flags INTERFACE ${bayestuner_sanitize} -fno-omit-frame-pointer -g1)
  target_link_options(bayestuner_flags INTERFACE ${bayestuner_sanitize})
endif()

# bayestuner_unity(<target>): with BAYESTUNER_UNITY, eight of its sources make one translation unit. What several of them
# instantiate, mostly of Eigen and the JSON library, is then compiled once, which is more than half of the time.
function(bayestuner_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${BAYESTUNER_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# bayestuner_headers(<target> <area>...): the areas' public headers, installed with the target.
function(bayestuner_headers target)
  set(headers)
  foreach(area IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/bayestuner/${area}/*.hpp
         ${PROJECT_SOURCE_DIR}/include/bayestuner/${area}/*.ipp)
    list(APPEND headers ${found})
  endforeach()
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
endfunction()

# bayestuner_area(<area> [LINK ...] [PRIVATE ...]): one compiled library for src/<area>/*.cpp. PRIVATE libraries that are
# headers alone (nlohmann_json) are not asked for again by the installed package.
function(bayestuner_area area)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;PRIVATE")
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${area}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_library(bayestuner_${area} STATIC ${sources})
  add_library(bayestuner::${area} ALIAS bayestuner_${area})
  bayestuner_unity(bayestuner_${area})
  set_target_properties(bayestuner_${area} PROPERTIES EXPORT_NAME ${area} POSITION_INDEPENDENT_CODE ON)
  bayestuner_headers(bayestuner_${area} ${area})
  target_link_libraries(bayestuner_${area} PUBLIC bayestuner::core)
  foreach(library IN LISTS arg_LINK)
    if(TARGET ${library} OR NOT library MATCHES "^bayestuner::")
      target_link_libraries(bayestuner_${area} PUBLIC ${library})
    endif()
  endforeach()
  list(TRANSFORM arg_PRIVATE REPLACE "^nlohmann_json::nlohmann_json$" "$<BUILD_INTERFACE:\\0>")
  target_link_libraries(bayestuner_${area} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:bayestuner_flags>)
  target_include_directories(bayestuner_${area} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()
