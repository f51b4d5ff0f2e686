#include "bayestuner/knob/restore.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "command/commands.hpp"

namespace bayestuner::command {

void add_restore(CLI::App& app, Action& action) {
  struct Options {
    std::string state, format;
  };
  auto o = std::make_shared<Options>();
  CLI::App* sub =
      app.add_subcommand("restore", "Give the machine back after a tuner died; done by itself at every start");
  sub->add_option("--state", o->state, "folder of journals [the usual ones]");
  add_format(*sub, o->format);
  sub->callback([o, &action] {
    action = [o] {
      const knob::RestoreReport report = knob::restore_all(o->state);
      if (o->format == "json") {
        nlohmann::ordered_json json{{"complete", report.complete()}, {"items", nlohmann::ordered_json::array()}};
        for (const auto& item : report.items) {
          json["items"].push_back({{"journal", item.journal.string()},
                                   {"resource", item.resource},
                                   {"outcome", knob::to_text(item.outcome)},
                                   {"message", item.message}});
        }
        write_out("", json.dump(1) + "\n");
      } else if (report.items.empty()) {
        write_out("", "nothing to restore\n");
      } else {
        write_out("", report.to_text());
      }
      return report.complete() ? success : machine_problem;
    };
  });
}

}  // namespace bayestuner::command
