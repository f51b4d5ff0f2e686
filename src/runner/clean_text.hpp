#pragma once

#include <string>

namespace bayestuner::runner {

/// `text` on one line and in valid UTF-8 whatever a program printed, so that it can be stored; control characters
/// become spaces, broken sequences `?`, and only the last (`tail`) or first `width` bytes stay.
std::string clean_text(const std::string& text, std::size_t width = 300, bool tail = false);

}  // namespace bayestuner::runner
