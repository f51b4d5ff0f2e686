// `select predict` and `select explain`: what a selector's file is for.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "bayestuner/analysis/selection_tasks.hpp"
#include "bayestuner/selection/explanation.hpp"
#include "bayestuner/selection/model_selector.hpp"
#include "command/select_parts.hpp"

namespace bayestuner::command {

namespace {

struct UseOptions {
  std::string selector, inputs, format, out;
  bool per_input = false;
  std::int64_t row = 0;
  std::size_t neighbours = 10;
};

// A cell of a CSV file, quoted where it must be.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

int predict(const UseOptions& o) {
  const auto selector = selection::ModelSelector::load(o.selector);
  const auto x = analysis::load_inputs(o.inputs, selector.coder().columns());
  const selection::Batch batch = selector.select(x, !o.per_input);
  std::string text;
  if (o.format == "table")
    text = fmt::format("{:>6}  {:<24} {:<9} {:>9} {:>10}\n", "row", "model", "status", "score", "cost");
  if (o.format == "csv") text = "row,model,status,score,cost,supported\n";
  for (std::size_t i = 0; i < batch.model.size(); ++i) {
    const Eigen::Index j = batch.model[i];
    const std::string name = j < 0 ? "-" : selector.models()[static_cast<std::size_t>(j)];
    const double score = j < 0 ? 0.0 : batch.scores(static_cast<Eigen::Index>(i), j);
    const double cost = j < 0 ? 0.0 : selector.costs()[j];
    const char* const status = selection::status_name(batch.status[i]);
    const bool supported = batch.supported[i];
    if (o.format == "table") {
      text += fmt::format("{:>6}  {:<24} {:<9} {:>9.4f} {:>10.4g}{}\n", i, name, status, score, cost,
                          supported ? "" : "  unlike the training rows");
    } else if (o.format == "csv") {
      text += fmt::format("{},{},{},{},{},{}\n", i, csv_cell(name), status, score, cost, supported ? 1 : 0);
    } else {
      nlohmann::json scores = nlohmann::json::object();
      for (Eigen::Index k = 0; k < batch.scores.cols(); ++k) {
        scores[selector.models()[static_cast<std::size_t>(k)]] = batch.scores(static_cast<Eigen::Index>(i), k);
      }
      text += nlohmann::json{{"row", i},
                             {"model", j < 0 ? nlohmann::json() : nlohmann::json(name)},
                             {"status", status},
                             {"score", j < 0 ? nlohmann::json() : nlohmann::json(score)},
                             {"cost", cost},
                             {"supported", supported},
                             {"scores", std::move(scores)}}
                  .dump() +
              "\n";
    }
  }
  write_out(o.out, text);
  return success;
}

int explain(const UseOptions& o) {
  const auto selector = selection::ModelSelector::load(o.selector);
  const auto x = analysis::load_inputs(o.inputs, selector.coder().columns());
  if (o.row < 0 || o.row >= x.rows()) {
    throw InvalidArgument(fmt::format("--row: {} is not in [0, {}), the rows of {}", o.row, x.rows(), o.inputs));
  }
  std::vector<double> row(static_cast<std::size_t>(x.values.cols()));
  Eigen::RowVectorXd::Map(row.data(), x.values.cols()) = x.values.row(o.row);
  const selection::Explanation explanation = selection::explain(selector, row, o.neighbours);
  write_out(o.out, o.format == "json" ? explanation.to_json() + "\n" : explanation.to_text());
  return success;
}

void add_files(CLI::App& sub, UseOptions& o) {
  sub.add_option("selector", o.selector, "file of `select fit`")->required()->check(CLI::ExistingFile);
  sub.add_option("inputs", o.inputs, "CSV file with the features that were learnt as columns")
      ->required()
      ->check(CLI::ExistingFile);
  sub.add_option("--out", o.out, "write here instead of standard output");
}

}  // namespace

void add_select_predict(CLI::App& select, Action& action) {
  auto o = std::make_shared<UseOptions>();
  CLI::App* sub = select.add_subcommand("predict", "Name the model to run for each input");
  add_files(*sub, *o);
  sub->add_flag("--per-input", o->per_input, "keep to a budget by the training rows alone, one input at a time");
  add_format(*sub, o->format, {"table", "csv", "json"});
  sub->callback([o, &action] { action = [o] { return predict(*o); }; });
}

void add_select_explain(CLI::App& select, Action& action) {
  auto o = std::make_shared<UseOptions>();
  CLI::App* sub = select.add_subcommand("explain", "Say why a model is chosen for one input");
  add_files(*sub, *o);
  sub->add_option("--row", o->row, "which input, from 0")->capture_default_str();
  sub->add_option("--neighbours", o->neighbours, "at most so many training rows are shown")->capture_default_str();
  add_format(*sub, o->format, {"text", "json"});
  sub->callback([o, &action] { action = [o] { return explain(*o); }; });
}

}  // namespace bayestuner::command
