# cmake --install and find_package(bayestuner CONFIG COMPONENTS core study knob meter runner selection analysis control
# images).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(bayestuner_package ${CMAKE_INSTALL_LIBDIR}/cmake/bayestuner)

# A file of targets for each component, so that one can be loaded without the packages that the others need.
set(bayestuner_components)
foreach(area core study knob meter runner selection analysis control images)
  if(TARGET bayestuner_${area})
    list(APPEND bayestuner_components ${area})
    install(TARGETS bayestuner_${area} EXPORT bayestuner_${area} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS)
    install(EXPORT bayestuner_${area} NAMESPACE bayestuner:: FILE bayestuner-${area}-targets.cmake
            DESTINATION ${bayestuner_package})
  endif()
endforeach()
if(TARGET bayestuner_command)
  install(TARGETS bayestuner_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The suites for models of a user's own (they need GoogleTest), and the umbrella where all that it includes is there.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/bayestuner/conformance
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bayestuner)
if(BAYESTUNER_DEVICES)
  install(FILES ${PROJECT_SOURCE_DIR}/include/bayestuner/bayestuner.hpp
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bayestuner)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/bayestuner-config.cmake.in
                              ${PROJECT_BINARY_DIR}/bayestuner-config.cmake INSTALL_DESTINATION ${bayestuner_package})
set(bayestuner_headers_only)
if(NOT BAYESTUNER_DEVICES)
  set(bayestuner_headers_only ARCH_INDEPENDENT)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/bayestuner-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ${bayestuner_headers_only})
install(FILES ${PROJECT_BINARY_DIR}/bayestuner-config.cmake ${PROJECT_BINARY_DIR}/bayestuner-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/BayestunerOpenCV.cmake DESTINATION ${bayestuner_package})
