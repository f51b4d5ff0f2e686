#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/runner/http_load.hpp"
#include "runner/clean_text.hpp"

namespace bayestuner::runner {
namespace {

using nlohmann::json;

bool equal(const json& got, const json& expected) {
  if (expected.is_number() && got.is_number()) {
    const double a = got.get<double>(), b = expected.get<double>();
    return std::abs(a - b) <= 1e-3 * std::abs(b) + 1e-6;
  }
  if (expected.is_array() && got.is_array()) {
    if (got.size() != expected.size()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (!equal(got[i], expected[i])) return false;
    }
    return true;
  }
  return got == expected;
}

/// Length of the first input's batch dimension.
double batch_of(const json& body) {
  if (!body.is_object() || !body.contains("inputs") || !body["inputs"].is_array() || body["inputs"].empty()) return 1.0;
  const json& input = body["inputs"][0];
  if (!input.is_object() || !input.contains("shape") || !input["shape"].is_array() || input["shape"].empty())
    return 1.0;
  const json& first = input["shape"][0];
  return first.is_number_integer() && first.get<std::int64_t>() > 0 ? first.get<double>() : 1.0;
}

HttpRequest request_of(const std::string& line) {
  const json entry = json::parse(line, nullptr, false);
  if (entry.is_discarded()) throw InvalidArgument("is no JSON");
  if (!entry.is_object() || !entry.contains("body")) throw InvalidArgument("is no object with a \"body\"");
  for (const auto& [key, value] : entry.items()) {
    if (key != "body" && key != "expect" && key != "items") {
      throw InvalidArgument("key \"" + key + "\" is none of body, expect, items");
    }
  }
  const json& body = entry["body"];
  HttpRequest request{.body = body.is_string() ? body.get<std::string>() : body.dump(), .items = batch_of(body)};
  if (entry.contains("expect")) {
    if (!entry["expect"].is_array()) throw InvalidArgument("\"expect\" is no array");
    request.expect = entry["expect"].dump();
  }
  if (entry.contains("items")) {
    if (!entry["items"].is_number() || !(entry["items"].get<double>() > 0.0)) {
      throw InvalidArgument("\"items\" must be a number above 0");
    }
    request.items = entry["items"].get<double>();
  }
  return request;
}

}  // namespace

std::vector<HttpRequest> read_requests(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw InvalidArgument(file.string() + ": cannot be read; the load needs its requests");
  std::vector<HttpRequest> requests;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      requests.push_back(request_of(line));
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(file.string() + ":" + to_text(number) + ": " + error.what());
    }
  }
  if (requests.empty()) throw InvalidArgument(file.string() + ": holds no request");
  return requests;
}

bool answer_matches(const std::string& answer, const std::string& expect, std::string* why) {
  const auto say = [&](const std::string& text) {
    if (why != nullptr) *why = text;
    return false;
  };
  const json got = json::parse(answer, nullptr, false);
  if (got.is_discarded()) return say("the answer is no JSON: " + clean_text(answer, 120));
  if (!got.is_object() || !got.contains("outputs") || !got["outputs"].is_array() || got["outputs"].empty() ||
      !got["outputs"][0].is_object() || !got["outputs"][0].contains("data")) {
    return say("the answer has no outputs[0].data: " + clean_text(answer, 120));
  }
  const json& data = got["outputs"][0]["data"];
  if (equal(data, json::parse(expect))) return true;
  return say("expected " + clean_text(expect, 80) + ", got " +
             clean_text(data.dump(-1, ' ', false, json::error_handler_t::replace), 80));
}

}  // namespace bayestuner::runner
