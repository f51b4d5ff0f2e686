#include "bayestuner/runner/tune_file.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

const char* const good = R"([study]
name = "ocr"
seed = 7
trials = 20
verify = { top = 2, repeats = 2, confidence = 0.9 }
[problem]
minimize = "power_w"
subject_to = ["throughput >= 0.95 * baseline", "correct >= 1"]
constraints = ["batch <= 8 * cores"]
[[parameter]]
name = "cores"
type = "integer"
low = 1
high = "cpus"
default = "cpus"
knob = { type = "cores", threads = ["OMP_NUM_THREADS"] }
[[parameter]]
name = "batch"
type = "ordinal"
levels = [1, 2, 4]
default = 4
[[parameter]]
name = "runtime"
type = "categorical"
levels = ["ort", "tf"]
default = "ort"
[[parameter]]
name = "spinning"
type = "boolean"
default = true
when = { runtime = ["ort"] }
[workload]
type = "process"
command = ["{python}", "s.py", "{port}", "{batch}", "{runtime}", "{spinning}"]
environment = { THREADS = "{cores}" }
ready = { http = "http://127.0.0.1:{port}/ready", timeout_s = 5 }
[load]
type = "http"
url = "http://127.0.0.1:{port}/infer"
requests = "requests.jsonl"
concurrency = 16
[measure]
meters = ["power", "cpu_time"]
allow_estimates = true
warm_up_s = 2
min_s = 4
max_s = 10
precision = 0.05
)";

static std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) ADD_FAILURE() << "the file has no " << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

static std::string message(const std::string& text) {
  try {
    parse_tune_text(text, "/some/where/tune.toml");
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TuneFile, MirrorsTheFile) {
  const TuneSpec spec = parse_tune_text(good, "/some/where/tune.toml");
  EXPECT_EQ(spec.study.name, "ocr");
  EXPECT_EQ(spec.study.store, "/some/where/ocr.db");
  EXPECT_EQ(spec.study.seed, 7U);
  EXPECT_EQ(spec.study.trials, 20U);
  EXPECT_EQ(spec.study.verify->top, 2);
  EXPECT_EQ(spec.study.verify->confidence, 0.9);
  EXPECT_EQ(spec.problem.constraints().at(0).to_text(), "throughput >= 0.95 * baseline");
  ASSERT_EQ(spec.parameters.size(), 4U);
  const auto cpus = static_cast<std::int64_t>(knob::usable_cpus(*knob::real_filesystem()).size());
  EXPECT_EQ(spec.parameters[0].parameter.high(), static_cast<double>(cpus));
  EXPECT_EQ(spec.parameters[0].knob->type, "cores");
  EXPECT_EQ(spec.parameters[0].knob->threads, std::vector<std::string>{"OMP_NUM_THREADS"});
  EXPECT_EQ(spec.parameters[3].parameter.condition()->parameter, "runtime");
  EXPECT_EQ(spec.baseline(), (space::Configuration{
                                 {"cores", cpus}, {"batch", std::int64_t{4}}, {"runtime", "ort"}, {"spinning", true}}));
  EXPECT_EQ(spec.workload.command.at(0), "{python}");
  EXPECT_EQ(spec.workload.directory, "/some/where/");
  EXPECT_EQ(spec.workload.ready.timeout_s, 5.0);
  EXPECT_EQ(spec.load.http.concurrency, 16);
  EXPECT_EQ(spec.load.requests, "/some/where/requests.jsonl");
  EXPECT_EQ(spec.measure.meters, (std::vector<std::string>{"power", "cpu_time"}));
  EXPECT_EQ(spec.measure.options.max_s, 10.0);
}

TEST(TuneFile, DefaultsToAStoreNamedAfterTheFileAndToNoVerificationIfToldSo) {
  TuneSpec spec = parse_tune_text(
      replaced(replaced(good, "name = \"ocr\"\n", ""), "{ top = 2, repeats = 2, confidence = 0.9 }", "false"),
      "/some/where/tune.toml");
  EXPECT_EQ(spec.study.store, "/some/where/tune.db");
  EXPECT_FALSE(spec.study.verify);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* message;
};

class TuneFileMistake : public testing::TestWithParam<Mistake> {};

TEST_P(TuneFileMistake, GetsOneLineThatNamesFileLineAndKey) {
  const auto& [from, to, expected] = GetParam();
  const std::string said = message(replaced(good, from, to));
  EXPECT_EQ(said.substr(0, std::string(expected).size()), expected) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, TuneFileMistake,
    testing::Values(
        Mistake{"seed = 7", "sede = 7",
                "tune.toml:3: study.sede: unknown key; allowed here: name, store, seed, strategy, trials, seconds, "
                "joules, stop_without_gain, verify"},
        Mistake{"[measure]", "[measures]",
                "tune.toml:42: measures: unknown key; allowed here: study, explore, problem, "},
        Mistake{"low = 1", "hihg = 1", "tune.toml:13: parameter.hihg: unknown key; allowed here: name, type, low"},
        Mistake{"low = 1", "low = 99",
                "tune.toml:13: parameter.low: the bounds are the wrong way round: low 99 is above"},
        Mistake{"low = 1", "low = \"one\"", "tune.toml:13: parameter.low: must be a number or \"cpus\""},
        Mistake{"low = 1\n", "", "tune.toml:10: parameter.low: is missing"},
        Mistake{"type = \"integer\"", "type = \"int\"",
                "tune.toml:12: parameter.type: \"int\" is none of real, integer, ordinal, categorical, boolean"},
        Mistake{"type = \"boolean\"", "type = \"boolean\"\nlow = 1",
                "tune.toml:30: parameter.low: does not go with type \"boolean\""},
        Mistake{"[1, 2, 4]", "[4, 2, 1]", "tune.toml:20: batch: levels must increase"},
        Mistake{"[1, 2, 4]", "[1, \"two\", 4]", "tune.toml:20: parameter.levels: of an ordinal must be numbers"},
        Mistake{"default = 4", "default = 3", "tune.toml:21: batch: 3 is none of 1, 2, 4"},
        Mistake{"default = 4\n", "", "tune.toml:6: default: missing for batch"},
        Mistake{"name = \"batch\"", "name = \"cores\"", "tune.toml:18: parameter.name: \"cores\" stands twice"},
        Mistake{"name = \"batch\"", "name = \"port\"",
                "tune.toml:18: parameter.name: \"port\" cannot name a parameter"},
        Mistake{"type = \"cores\"", "type = \"gpu\"",
                "tune.toml:16: parameter.knob.type: \"gpu\" is no knob there is: cores"},
        Mistake{"type = \"cores\", ", "type = \"memory\", ", "tune.toml:16: parameter.knob.threads: does not go with"},
        Mistake{"[\"ort\"] }", "[] }", "tune.toml:31: parameter.when: names no value of runtime"},
        Mistake{"when = { runtime", "when = { runtmie", "tune.toml:"},
        Mistake{"trials = 20", "trials = \"20\"", "tune.toml:4: study.trials: must be an integer, not a text"},
        Mistake{"trials = 20", "trials = 0", "tune.toml:4: study.trials: 0 must be at least 1"},
        Mistake{"seed = 7", "strategy = \"magic\"", "tune.toml:3: strategy: 'magic' is none of bo, bo:forest"},
        Mistake{"confidence = 0.9", "confidence = 95", "tune.toml:5: study.verify.confidence: 95 is outside (0, 1)"},
        Mistake{"minimize = \"power_w\"\n", "", "tune.toml:6: problem.minimize: is missing"},
        Mistake{"\"power_w\"", "\"powr_w\"", "tune.toml:6: powr_w: is never reported; with this load and these meters"},
        Mistake{"\"correct >= 1\"", "\"correct 1\"", "tune.toml:8: "},
        Mistake{"batch <= 8 * cores", "batch <= 8 * ", "tune.toml:9: "},
        Mistake{"batch <= 8 * cores", "batch <= 8 * crs", "tune.toml:9: "},
        Mistake{"batch <= 8 * cores", "batch > 100", "tune.toml:9: "},
        Mistake{"\"{batch}\"", "\"{bacth}\"", "tune.toml:6: workload.command: {bacth} in \"{bacth}\" is neither port"},
        Mistake{"\"{batch}\", ", "", "tune.toml:6: batch: this parameter changes nothing"},
        Mistake{"[workload]\ntype = \"process\"", "[workload]\ntype = \"docker\"",
                "tune.toml:33: workload.type: \"docker\" is not supported"},
        Mistake{"ready = { http = \"http", "ready = { tcp = \"{port}\", http = \"http",
                "tune.toml:36: workload.ready: must have exactly one of http, tcp, line, file"},
        Mistake{"type = \"http\"", "type = \"grpc\"",
                "tune.toml:38: load.type: \"grpc\" is none of http, command, none"},
        Mistake{"type = \"http\"", "type = \"none\"", "tune.toml:39: load.url: does not go with type \"none\""},
        Mistake{"\"http://127.0.0.1:{port}/infer\"", "\"https://x\"",
                "tune.toml:39: load.url: \"https://x\" does not begin"},
        Mistake{"concurrency = 16", "concurrency = 0", "tune.toml:41: load.concurrency: 0 is outside [1, 4096]"},
        Mistake{"concurrency = 16", "mode = \"open\"", "tune.toml:37: load.rate: is missing; an open loop needs it"},
        Mistake{"\"cpu_time\"]", "\"joulemeter\"]", "tune.toml:43: measure.meters: \"joulemeter\" is none of power"},
        Mistake{"max_s = 10", "max_s = 1", "tune.toml:47: measure.max_s: 1 is below min_s = 4"},
        Mistake{"precision = 0.05", "precision = 0.05.1", "tune.toml:48: "},
        Mistake{"[problem]", "[explore]\ninitial = 0\n[problem]", "tune.toml:7: explore.initial: 0 must be at least 1"},
        Mistake{"[problem]", "[explore]\ncriterion = \"luck\"\n[problem]",
                "tune.toml:7: criterion: 'luck' is none of ehvi, hvpoi, poi"},
        Mistake{"[problem]", "[explore]\nreference_rule = \"best\"\n[problem]",
                "tune.toml:7: reference_rule: 'best' is none of worst, nadir"},
        Mistake{"[problem]", "[explore]\nagainst = \"luck\"\n[problem]", "tune.toml:7: strategy: 'luck' is none of"},
        Mistake{"[problem]", "[[problem]]", "tune.toml:6: problem: must be a table, not an array"}));

TEST(TuneFile, SaysWhichFileCannotBeRead) {
  EXPECT_THROW(read_tune_file("/no/such/tune.toml"), InvalidArgument);
  EXPECT_THROW(read_tune_file("/tmp"), InvalidArgument);
}

TEST(TuneFile, AnotherLoadMayReportWhatItLikes) {
  std::string text = replaced(
      good, "type = \"http\"\nurl = \"http://127.0.0.1:{port}/infer\"\nrequests = \"requests.jsonl\"\nconcurrency = 16",
      "type = \"command\"\ncommand = [\"bench\", \"{port}\"]");
  text = replaced(text, "\"power_w\"", "\"joy\"");
  const TuneSpec spec = parse_tune_text(text, "tune.toml");
  EXPECT_EQ(spec.load.command, (std::vector<std::string>{"bench", "{port}"}));
}

TEST(TuneFile, ReadsWhatAnExplorationIs) {
  const ExploreSpec none = parse_tune_text(good, "tune.toml").explore;
  EXPECT_EQ(none.how.initial, 10U);
  EXPECT_EQ(none.how.guided, 30U);
  EXPECT_EQ(none.how.criterion, "ehvi");
  EXPECT_EQ(none.against, "");
  const ExploreSpec all = parse_tune_text(replaced(good, "[problem]", R"([explore]
initial = 4
guided = 0
criterion = "hvpoi"
reference_rule = "nadir"
against = "random"
[problem])"),
                                          "tune.toml")
                              .explore;
  EXPECT_EQ(all.how.trials(), 4U);
  EXPECT_EQ(all.how.criterion, "hvpoi");
  EXPECT_EQ(all.how.rule, search::ReferenceRule::nadir);
  EXPECT_EQ(all.against, "random");
}

TEST(TuneFile, ReadsTheExamples) {
  const char* const data = std::getenv("BAYESTUNER_TEST_DATA");
  for (const char* const name : {"tune.toml", "explore.toml"}) {
    const fs::path example = fs::path(data != nullptr ? data : "tests/data") / "../../examples/recognition" / name;
    if (!fs::exists(example)) GTEST_SKIP() << "this tree has no examples";
    const TuneSpec spec = read_tune_file(example.lexically_normal());
    EXPECT_TRUE(spec.baseline());
    EXPECT_GT(spec.space().count().value(), 20U);
  }
}

}  // namespace bayestuner::runner::tests
