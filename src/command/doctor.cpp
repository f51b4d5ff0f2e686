#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "bayestuner/knob/discover.hpp"
#include "bayestuner/meter/discover.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct Line {
  std::string name, detail, allowed, provenance;
  Availability availability;
};

void print(std::string& text, const char* title, const std::vector<Line>& lines) {
  text += fmt::format("{}\n", title);
  for (const Line& l : lines) {
    text += fmt::format("  {} {:<14} {}\n", l.availability ? "yes" : "no ", l.name,
                        l.availability ? l.detail : l.availability.reason());
    if (!l.availability && !l.availability.remedy().empty()) {
      text += fmt::format("      {:<14} to have it: {}\n", "", l.availability.remedy());
    }
  }
}

nlohmann::ordered_json as_json(const std::vector<Line>& lines) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Line& l : lines) {
    list.push_back({{"name", l.name},
                    {"available", static_cast<bool>(l.availability)},
                    {"detail", l.detail},
                    {"allowed", l.allowed},
                    {"provenance", l.provenance},
                    {"reason", l.availability.reason()},
                    {"remedy", l.availability.remedy()}});
  }
  return list;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto format = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("doctor", "What this machine can set and read, and why not the rest");
  add_format(*sub, *format);
  sub->callback([format, &action] {
    action = [format] {
      std::vector<Line> knobs, meters;
      for (const auto& k : knob::discover()) {
        knobs.push_back({k.type, fmt::format("{}; {}", k.description.mechanism, k.description.allowed),
                         k.description.allowed, "", k.availability});
      }
      for (const auto& m : meter::discover()) {
        meters.push_back({m.name,
                          fmt::format("{} [{}], {}: {}", m.description.domain, m.description.unit,
                                      to_string(m.description.provenance), m.description.source),
                          "", to_string(m.description.provenance), m.availability});
      }
      if (*format == "json") {
        write_out("", nlohmann::ordered_json{{"knobs", as_json(knobs)}, {"meters", as_json(meters)}}.dump(1) + "\n");
      } else {
        std::string text;
        print(text, "knobs: what can be set", knobs);
        print(text, "meters: what can be read", meters);
        write_out("", text);
      }
      return success;
    };
  });
}

}  // namespace bayestuner::command
