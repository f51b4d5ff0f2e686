#include "control/watts_file.hpp"

#include <charconv>
#include <fstream>
#include <string>

namespace bayestuner::control {

std::optional<double> read_watts(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  if (!(in >> text)) return std::nullopt;
  double watts = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), watts);
  if (error != std::errc() || end != text.data() + text.size() || !(watts > 0.0)) return std::nullopt;
  return watts;
}

}  // namespace bayestuner::control
