#pragma once
/// Records of the loop as JSON: the lines of a journal and what HTTP answers.

#include <string>

#include "bayestuner/control/loop_record.hpp"

namespace bayestuner::control {

/// One line without its end. Numbers that are not known are null.
std::string to_json(const LoopWindow& window);
std::string to_json(const LoopEvent& event);
std::string to_json(const LoopStatus& status);

}  // namespace bayestuner::control
