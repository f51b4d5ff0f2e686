#pragma once
/// Exceptions: one type per kind. A message names the parameter, the value given and what is allowed.

#include <stdexcept>
#include <string>

#if defined(__GNUC__)
#define BAYESTUNER_EXPORT __attribute__((visibility("default")))
#else
#define BAYESTUNER_EXPORT
#endif

namespace bayestuner {

/// Base of everything this library throws.
class BAYESTUNER_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Wrong use or bad input (Python: ValueError).
class BAYESTUNER_EXPORT InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// Numbers that no jitter or rescaling could save (Python: ArithmeticError).
class BAYESTUNER_EXPORT NumericalError : public Error {
 public:
  using Error::Error;
};

/// A device, kernel interface or file refused: path, bytes and reason are in the text (Python: OSError).
class BAYESTUNER_EXPORT DeviceError : public Error {
 public:
  using Error::Error;
};

/// A study's store cannot be read or written (Python: OSError).
class BAYESTUNER_EXPORT StoreError : public Error {
 public:
  using Error::Error;
};

/// The workload under test cannot be started or answers wrongly (Python: RuntimeError).
class BAYESTUNER_EXPORT WorkloadError : public Error {
 public:
  using Error::Error;
};

}  // namespace bayestuner
