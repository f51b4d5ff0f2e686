#include "bayestuner/analysis/report.hpp"

#include <filesystem>
#include <fstream>
#include <memory>

#include "bayestuner/core/error.hpp"
#include "bayestuner/study/export.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct ReportOptions {
  std::string store, name, format, out, table, against;
};

std::string render(study::Study& study, const std::string& format) {
  if (format == "json") return study::to_json(study) + "\n";
  if (format == "csv") return study::to_csv(study);
  if (format == "html") return analysis::html_report(study);
  return analysis::text_report(study);
}

// Two studies of the same objectives: their fronts and volumes side by side.
std::string render_both(study::Study& study, study::Study& against, const std::string& format) {
  if (format == "html") return analysis::html_report(study, &against);
  const auto both = study::explorations({&study, &against});
  if (format == "json") return study::to_json(both) + "\n";
  if (format == "csv") return study::to_csv(both);
  return analysis::text_report(both);
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* sub = app.add_subcommand("report", "What a study found: text, JSON, CSV or one HTML page with plots");
  sub->add_option("study", o->store, "store of the study (.db)")->required();
  sub->add_option("--name", o->name, "study, where the store holds several");
  add_format(*sub, o->format, {"table", "json", "csv", "html"});
  sub->add_option("--against", o->against, "another study of the store: two fronts side by side");
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] {
    action = [o] {
      const auto study = study::Study::open(o->store, o->name);
      if (!o->against.empty()) {
        const auto other = study::Study::open(o->store, o->against);
        write_out(o->out, render_both(*study, *other, o->format));
        return success;
      }
      write_out(o->out, render(*study, o->format));
      return success;
    };
  });
}

void add_export(CLI::App& app, Action& action) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* sub = app.add_subcommand("export", "A study as a recorded table (tasks.json and CSV), CSV or JSON");
  sub->add_option("study", o->store, "store of the study (.db)")->required();
  sub->add_option("--name", o->name, "study, where the store holds several");
  sub->add_option("--table", o->table, "folder for tasks.json and its CSV, as `bayestuner replay` reads them");
  add_format(*sub, o->format, {"csv", "json"});
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] {
    action = [o] {
      const auto study = study::Study::open(o->store, o->name);
      if (o->table.empty()) {
        write_out(o->out, render(*study, o->format));
        return success;
      }
      std::error_code error;
      std::filesystem::create_directories(o->table, error);
      if (error) throw DeviceError(o->table + ": " + error.message());
      const analysis::ExportedTable table = analysis::export_table(*study);
      write_out((std::filesystem::path(o->table) / "trials.csv").string(), table.csv);
      write_out((std::filesystem::path(o->table) / "tasks.json").string(), table.tasks);
      return success;
    };
  });
}

}  // namespace bayestuner::command
