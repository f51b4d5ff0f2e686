// One file: a line that names the kind and version, a line of JSON for people, the bytes that restore the selector.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/detail/archive.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

namespace {

constexpr const char* kind_of_file = "bayestuner selector ";
constexpr int file_version = 1;

std::string checksum(const char* data, std::size_t size) {
  std::uint64_t hash = size;
  while (size > 0) {
    std::uint64_t word = 0;
    const std::size_t taken = std::min(size, sizeof word);
    std::memcpy(&word, data, taken);
    hash = mix64(hash ^ word);
    data += taken;
    size -= taken;
  }
  std::ostringstream text;
  text << std::hex << hash;
  return text.str();
}

template <class A>
void pass(A& a, FeatureColumn& c) {
  a(c.name), a(c.category), a(c.levels), a(c.unit);
}

template <class A>
void pass(A& a, FeatureCoder::Coded& c) {
  a(c.kind), a(c.source), a(c.category), a(c.level), a(c.logarithm), a(c.median), a(c.low), a(c.high), a(c.name);
}

template <class A, class T>
void pass_all(A& a, std::vector<T>& items) {
  auto n = static_cast<std::uint64_t>(items.size());
  a(n);
  if constexpr (A::reads) items.clear();
  for (std::uint64_t k = 0; k < n; ++k) {
    if constexpr (A::reads) items.emplace_back();
    pass(a, items[k]);
  }
}

}  // namespace

template <class A>
void ModelSelector::archive(A& a) {
  SelectorOptions& o = options_;
  a(o.estimator), a(o.policy.kind), a(o.policy.value), a(o.policy.relative), a(o.fallback);
  a(o.unsupported_to_fallback), a(o.support_quantile);
  a(o.coder.missing), a(o.coder.log_beyond), a(o.coder.most_products), a(o.coder.most_levels), a(o.coder.least_known),
      a(o.features_version);
  a(o.reduction.most_correlation), a(o.reduction.backward), a(o.reduction.neighbours), a(o.reduction.folds);
  a(o.reduction.seed);
  a(o.cascade.neighbours), a(o.cascade.label), a(o.cascade.order), a(o.cascade.threshold_points);
  a(o.calibrate), a(o.folds), a(o.small), a(o.max_rows), a(o.seed);
  a(estimator_name_);
  if constexpr (A::reads) {
    blank_ = make_estimator(estimator_name_, o.seed);
    if (estimator_name_ == "cascade") blank_ = KnnEstimator(o.cascade.neighbours);
    estimator_ = blank_;
  }
  estimator_.archive(a);
  pass_all(a, x_.columns);
  a(x_.values), a(scores_.models), a(scores_.values), a(scores_.known), a(scores_.kind);
  a(costs_.per_call), a(costs_.per_input), a(costs_.unit);
  std::vector<FeatureColumn> columns = coder_.columns();
  std::vector<FeatureCoder::Coded> coded = coder_.coded();
  std::vector<std::string> coder_warnings = coder_.warnings();
  pass_all(a, columns);
  pass_all(a, coded);
  a(coder_warnings), a(reduction_), a(cascade_);
  if constexpr (A::reads) {
    coder_ = FeatureCoder::restore(std::move(columns), std::move(coded), o.coder, std::move(coder_warnings));
  }
  auto maps = static_cast<std::uint64_t>(calibration_.size());
  a(maps);
  if constexpr (A::reads) calibration_.resize(std::min<std::uint64_t>(maps, scores_.models.size()));
  for (Calibration& map : calibration_) a(map);
  a(weight_), a(mean_), a(usable_), a(cost_), a(best_single_), a(fallback_), a(lambda_.lambda), a(lambda_.dear),
      a(lambda_.share);
  a(support_distance_);
  a(support_neighbours_), a(warnings_), a(out_of_fold_);
  if constexpr (A::reads) {
    // The rows as they were coded, and the index: both follow from what was read, to the bit.
    data_ = make_training_set(coder_, x_, scores_, cost_);
    fitted_ = true;
  }
}

std::string ModelSelector::to_bytes() const {
  require_fitted();
  if (own_estimator_) throw InvalidArgument("save: an estimator of one's own cannot be saved");
  detail::Writer writer;
  ModelSelector copy = *this;  // one function writes and reads, and reading changes
  copy.archive(writer);
  nlohmann::json about{{"estimator", estimator_name_},
                       {"policy", options_.policy.to_text()},
                       {"models", scores_.models},
                       {"costs", std::vector<double>(cost_.begin(), cost_.end())},
                       {"cost_unit", costs_.unit},
                       {"rows", x_.rows()},
                       {"features_version", options_.features_version},
                       {"lambda", lambda_.lambda},
                       {"checksum", checksum(writer.bytes.data(), writer.bytes.size())},
                       {"training_set", checksum(reinterpret_cast<const char*>(x_.values.data()),
                                                 static_cast<std::size_t>(x_.values.size()) * sizeof(double))}};
  for (const FeatureColumn& c : x_.columns) about["features"].push_back({{"name", c.name}, {"unit", c.unit}});
  for (const auto& d : reduction_.dropped) {
    about["dropped"].push_back({{"name", d.name}, {"for", d.for_name}, {"correlation", d.correlation}});
  }
  return kind_of_file + std::to_string(file_version) + '\n' + about.dump() + '\n' + writer.bytes;
}

void ModelSelector::save(const std::string& path) const {
  const std::string bytes = to_bytes();
  // Beside it first: a full disk leaves an earlier file as it was.
  const std::string beside = path + ".part";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) {
      std::remove(beside.c_str());
      throw DeviceError(path + ": cannot be written");
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    std::remove(beside.c_str());
    throw DeviceError(path + ": cannot be written");
  }
}

ModelSelector ModelSelector::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DeviceError(path + ": cannot be read");
  std::ostringstream all;
  all << in.rdbuf();
  return from_bytes(all.str(), path);
}

ModelSelector ModelSelector::from_bytes(const std::string& bytes, const std::string& name) {
  const auto first = bytes.find('\n'), second = first == std::string::npos ? first : bytes.find('\n', first + 1);
  if (!bytes.starts_with(kind_of_file) || second == std::string::npos) {
    throw InvalidArgument(name + ": is no selector's file");
  }
  const std::string version = bytes.substr(std::strlen(kind_of_file), first - std::strlen(kind_of_file));
  if (version != std::to_string(file_version)) {
    throw InvalidArgument(name + ": is of version " + version + ", this library reads version " +
                          std::to_string(file_version));
  }
  const char* const begin = bytes.data() + second + 1;
  const char* const end = bytes.data() + bytes.size();
  try {
    const auto about = nlohmann::json::parse(bytes.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                                             bytes.begin() + static_cast<std::ptrdiff_t>(second));
    if (about.at("checksum").get<std::string>() != checksum(begin, static_cast<std::size_t>(end - begin))) {
      throw InvalidArgument("the file is cut short or damaged");
    }
    ModelSelector out;
    detail::Reader reader(begin, end);
    out.archive(reader);
    return out;
  } catch (const nlohmann::json::exception&) {
    throw InvalidArgument(name + ": its description is damaged");
  } catch (const InvalidArgument& e) {
    throw InvalidArgument(name + ": " + e.what());
  }
}

}  // namespace bayestuner::selection
