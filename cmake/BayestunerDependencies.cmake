# Found here, at the top, so that every folder sees the imported targets.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
# Debian has a second NLoptConfig beside it, in nlopt_cxx: the first by name is the one.
set(CMAKE_FIND_PACKAGE_SORT_ORDER NAME)
set(CMAKE_FIND_PACKAGE_SORT_DIRECTION ASC)
find_package(NLopt REQUIRED)
unset(CMAKE_FIND_PACKAGE_SORT_ORDER)
unset(CMAKE_FIND_PACKAGE_SORT_DIRECTION)

if(NOT BAYESTUNER_WITH_OPENCV STREQUAL "OFF")
  include(BayestunerOpenCV)
  bayestuner_find_opencv()
  if(NOT BAYESTUNER_OPENCV_FOUND AND NOT BAYESTUNER_WITH_OPENCV STREQUAL "AUTO")
    message(
      FATAL_ERROR "BAYESTUNER_WITH_OPENCV: ${BAYESTUNER_WITH_OPENCV} needs OpenCV's core, imgproc, features2d and "
                  "imgcodecs (Debian: libopencv-features2d-dev libopencv-imgcodecs-dev)")
  endif()
endif()

if(BAYESTUNER_DEVICES)
  find_package(Threads REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(fmt REQUIRED)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_package(tomlplusplus REQUIRED)
endif()
