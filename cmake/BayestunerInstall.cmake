# cmake --install and find_package(bayestuner CONFIG COMPONENTS core study knob meter runner analysis).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS bayestuner_core EXPORT bayestuner_core_targets FILE_SET HEADERS)
install(EXPORT bayestuner_core_targets NAMESPACE bayestuner:: FILE bayestuner-core-targets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bayestuner)

set(bayestuner_components core)
foreach(area study knob meter runner analysis)
  if(TARGET bayestuner_${area})
    list(APPEND bayestuner_components ${area})
    list(APPEND bayestuner_compiled bayestuner_${area})
  endif()
endforeach()
if(bayestuner_compiled)
  install(TARGETS ${bayestuner_compiled} EXPORT bayestuner_compiled_targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT bayestuner_compiled_targets NAMESPACE bayestuner:: FILE bayestuner-compiled-targets.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bayestuner)
endif()
if(TARGET bayestuner_command)
  install(TARGETS bayestuner_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The headers of the compiled areas, the conformance suites and the umbrella: the core's travel with its file set.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/bayestuner DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/bayestuner-config.cmake.in ${PROJECT_BINARY_DIR}/bayestuner-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bayestuner)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/bayestuner-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/bayestuner-config.cmake ${PROJECT_BINARY_DIR}/bayestuner-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bayestuner)
