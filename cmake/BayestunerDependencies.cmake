# Found here, at the top, so that every folder sees the imported targets.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
find_package(NLopt REQUIRED PATH_SUFFIXES cmake/nlopt) # Debian has a second NLoptConfig, for nlopt_cxx

if(BAYESTUNER_DEVICES)
  find_package(Threads REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(fmt REQUIRED)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_package(tomlplusplus REQUIRED)
endif()
