#include "bayestuner/control/simulator.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {

namespace {

constexpr double reference_mhz = 1063.0, highest_mhz = 1531.0;  // where the driver's own choice lies
constexpr double trace_window_s = 3.0;

using Row6 = Eigen::Matrix<double, 6, 1>;
using Row4 = Eigen::Matrix<double, 4, 1>;

Row6 power_row(double batch, double clock_mhz) {
  const bool driver = std::isnan(clock_mhz);
  const double f = std::log((driver ? highest_mhz : clock_mhz) / reference_mhz), l = std::log2(batch) / 8.0;
  Row6 row;
  row << 1.0, f, l, l * l, f * l, driver ? 1.0 : 0.0;
  return row;
}

Row4 time_row(double batch, double clock_mhz) {
  const double r = reference_mhz / (std::isnan(clock_mhz) ? highest_mhz : clock_mhz);
  return {1.0, r, 1.0 / batch, r / batch};
}

double median(std::vector<double> values) {
  const std::size_t n = values.size();
  std::sort(values.begin(), values.end());
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double number(const analysis::Csv& csv, std::size_t row, std::size_t column, bool may_be_empty) {
  const std::string& cell = csv.rows[row][column];
  if (cell.empty() && may_be_empty) return 0.0;
  double value = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
    throw InvalidArgument(csv.path.string() + ":" + std::to_string(csv.lines[row]) + ": column '" + csv.header[column] +
                          "' has '" + cell + "', which is no finite number");
  }
  return value;
}

struct Observed {
  double batch, clock_mhz, power_w;
  std::optional<double> seconds;  // an item
};

// The windows of one run that are of one batch size; `warm` takes how much longer first batches took.
void observe(const std::vector<TraceRow>& rows, std::vector<Observed>& out, std::vector<double>& warm) {
  const auto windows = trace_windows(rows);
  std::uint32_t previous = 0;
  for (std::size_t w = 1; w < windows.size(); ++w) {  // the first holds the start-up
    const auto [begin, end] = windows[w];
    const TraceRow& last = rows[end - 1];
    bool one_size = true;
    double power_w = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      one_size = one_size && rows[i].batch == last.batch;
      power_w = std::max(power_w, rows[i].power_w);
    }
    const bool fresh = last.batch != previous;
    previous = last.batch;
    if (!one_size) continue;
    std::vector<double> seconds;
    for (std::size_t i = begin + (fresh ? 1 : 0); i < end; ++i) seconds.push_back(1.0 / rows[i].per_s);
    Observed o{static_cast<double>(last.batch), last.clock_mhz > 0.0 ? last.clock_mhz : std::nan(""), power_w, {}};
    if (!seconds.empty()) {
      o.seconds = median(seconds);
      if (fresh && end - begin > 1) warm.push_back(1.0 / rows[begin].per_s / *o.seconds);
    }
    out.push_back(o);
  }
}

}  // namespace

Traces read_traces(const std::filesystem::path& path) {
  const analysis::Csv csv = analysis::read_csv(path);
  const std::size_t problem = csv.column("problem"), approach = csv.column("approach"), t = csv.column("t_s"),
                    batch = csv.column("k_batch_size"), clock = csv.column("k_gpu_clock_mhz"),
                    rate = csv.column("m_throughput_ips"), power = csv.column("m_power_w"),
                    cap = csv.column("power_cap_w");
  Traces traces;
  for (std::size_t r = 0; r < csv.rows.size(); ++r) {
    TraceRow row{.time_s = number(csv, r, t, false),
                 .batch = static_cast<std::uint32_t>(number(csv, r, batch, false)),
                 .clock_mhz = number(csv, r, clock, true),
                 .per_s = number(csv, r, rate, false),
                 .power_w = number(csv, r, power, false),
                 .cap_w = number(csv, r, cap, false)};
    if (row.batch < 1 || !(row.per_s > 0.0)) {
      throw InvalidArgument(path.string() + ":" + std::to_string(csv.lines[r]) + ": a batch or a rate of 0");
    }
    traces[csv.rows[r][problem]][csv.rows[r][approach]].push_back(row);
  }
  return traces;
}

std::vector<std::pair<std::size_t, std::size_t>> trace_windows(const std::vector<TraceRow>& rows) {
  std::vector<std::pair<std::size_t, std::size_t>> windows;
  if (rows.empty()) return windows;
  double last_s = rows.front().time_s - 5.0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].time_s - last_s <= trace_window_s) continue;
    windows.emplace_back(begin, i + 1);
    begin = i + 1;
    last_s = rows[i].time_s;
  }
  return windows;
}

JobModel::JobModel(std::string name, const std::map<std::string, std::vector<TraceRow>>& runs, double idle_w)
    : name_(std::move(name)), idle_w_(idle_w) {
  std::vector<Observed> seen;
  std::vector<double> warm;
  for (const auto& [approach, rows] : runs) {
    if (rows.empty()) continue;
    cap_w_ = rows.front().cap_w;
    observe(rows, seen, warm);
  }
  const auto n = static_cast<Eigen::Index>(seen.size());
  if (n < 15) throw InvalidArgument("job " + name_ + ": " + std::to_string(n) + " recorded windows are too few");
  if (!warm.empty()) warm_up_ = median(warm);

  // Power: least squares with a weak prior, trimmed from below eight times: what is left is the upper mode.
  Eigen::MatrixXd x(n, 6);
  Eigen::VectorXd y(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Observed& o = seen[static_cast<std::size_t>(i)];
    x.row(i) = power_row(o.batch, o.clock_mhz).transpose();
    y[i] = std::log(std::max(o.power_w, idle_w_ + 3.0) - idle_w_);
  }
  const Row6 ridge{1e-6, 0.3, 0.3, 0.3, 0.6, 0.3}, centre{0.0, 1.2, 0.0, 0.0, 0.0, 0.0};
  Eigen::VectorXd use = Eigen::VectorXd::Ones(n), residual(n);
  Row6 theta;
  for (int round = 0; round < 8; ++round) {
    const Eigen::MatrixXd used = use.asDiagonal() * x;
    Eigen::MatrixXd a = used.transpose() * used;
    a.diagonal() += ridge;
    theta = a.ldlt().solve(used.transpose() * y + ridge.cwiseProduct(centre));
    residual = y - x * theta;
    use = (residual.array() > -0.35).cast<double>();
  }
  std::copy(theta.begin(), theta.end(), power_.begin());
  std::array<std::vector<double>, 3> near;
  double square = 0.0, mean = 0.0, used = use.sum();
  std::vector<double> all;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double l = std::log2(seen[static_cast<std::size_t>(i)].batch);
    all.push_back(residual[i]);
    if (use[i] > 0.0) mean += residual[i] / used;
    for (std::size_t k = 0; k < near.size(); ++k) {
      // Of batches from 1, 8 and 64 on: residuals of sizes less than two octaves from these.
      if (std::abs(l - static_cast<double>(3 * k)) < 2.0) near[k].push_back(residual[i]);
    }
  }
  for (Eigen::Index i = 0; i < n; ++i) square += use[i] * (residual[i] - mean) * (residual[i] - mean);
  spread_ = std::sqrt(square / used);
  for (std::size_t k = 0; k < near.size(); ++k) pools_[k] = near[k].size() >= 15 ? near[k] : all;

  // Time: non-negative, by relative error.
  std::vector<Row4> rows;
  std::vector<double> seconds;
  for (const Observed& o : seen) {
    if (!o.seconds) continue;
    rows.push_back(time_row(o.batch, o.clock_mhz));
    seconds.push_back(*o.seconds);
  }
  const auto m = static_cast<Eigen::Index>(rows.size());
  if (m < 4) throw InvalidArgument("job " + name_ + ": " + std::to_string(m) + " recorded rates are too few");
  Eigen::MatrixXd a(m, 4);
  for (Eigen::Index i = 0; i < m; ++i) {
    a.row(i) = rows[static_cast<std::size_t>(i)].transpose() / seconds[static_cast<std::size_t>(i)];
  }
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(m);
  std::vector<Eigen::Index> active{0, 1, 2, 3};
  Row4 beta = Row4::Zero();
  while (!active.empty()) {
    const Eigen::MatrixXd part = a(Eigen::all, active);
    Eigen::MatrixXd normal = part.transpose() * part;
    normal.diagonal().array() += 1e-14 * static_cast<double>(m) * static_cast<double>(m);
    const Eigen::VectorXd solution = normal.ldlt().solve(part.transpose() * ones);
    beta.setZero();
    for (std::size_t k = 0; k < active.size(); ++k) beta[active[k]] = solution[static_cast<Eigen::Index>(k)];
    std::vector<Eigen::Index> positive;
    for (const Eigen::Index k : active) {
      if (beta[k] > 0.0) positive.push_back(k);
    }
    if (positive.size() == active.size()) break;
    active = positive;
  }
  std::copy(beta.begin(), beta.end(), time_.begin());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    time_residuals_.push_back(seconds[i] / std::max(rows[i].dot(beta), 1e-9));
  }
}

double JobModel::power_w(double batch, double clock_mhz) const {
  return idle_w_ + std::exp(power_row(batch, clock_mhz).dot(Eigen::Map<const Row6>(power_.data())));
}

double JobModel::per_s(double batch, double clock_mhz) const {
  return 1.0 / std::max(time_row(batch, clock_mhz).dot(Eigen::Map<const Row4>(time_.data())), 1e-9);
}

const std::vector<double>& JobModel::pool(double batch) const {
  return pools_[std::min<std::size_t>(static_cast<std::size_t>(std::log2(batch) / 3.0), 2)];
}

double JobModel::risk(double batch, double clock_mhz, double cap_w) const {
  const double above = power_w(batch, clock_mhz) - idle_w_;
  std::size_t over = 0;
  for (const double e : pool(batch)) over += idle_w_ + above * std::exp(e) > cap_w;
  return static_cast<double>(over) / static_cast<double>(pool(batch).size());
}

JobModel::Draw JobModel::draw(Random& random, double batch, double clock_mhz, double rise) const {
  const auto& e = pool(batch);
  const double residual = e[random.below(e.size())], time = time_residuals_[random.below(time_residuals_.size())];
  return {idle_w_ + (power_w(batch, clock_mhz) - idle_w_) * std::exp(residual) * rise, per_s(batch, clock_mhz) / time};
}

GuardPrior history_prior(const std::vector<const JobModel*>& jobs) {
  if (jobs.size() < 2) throw InvalidArgument("history_prior: needs two jobs or more");
  const auto n = static_cast<Eigen::Index>(jobs.size());
  Eigen::MatrixXd power(n, 6), time(n, 4);
  GuardPrior prior;
  prior.idle_w = jobs.front()->idle_w();
  prior.reference_clock_hz = 1e6 * reference_mhz;
  prior.spread = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const JobModel& job = *jobs[static_cast<std::size_t>(i)];
    power.row(i) = Eigen::Map<const Row6>(job.power_coefficients().data()).transpose();
    time.row(i) = Eigen::Map<const Row4>(job.time_coefficients().data()).transpose();
    prior.spread += job.spread() / static_cast<double>(n);
  }
  const auto covariance = [n](const Eigen::MatrixXd& rows) {
    const Eigen::MatrixXd centred = rows.rowwise() - rows.colwise().mean();
    return Eigen::MatrixXd(centred.transpose() * centred / static_cast<double>(n - 1));
  };
  Eigen::MatrixXd s = covariance(power);
  s.diagonal() += Row6{0.01, 0.05, 0.02, 0.02, 0.05, 0.02};
  // The last coefficient of a job is the driver's clock; a guard's is the instances, of which jobs tell nothing.
  s.row(5).setZero();
  s.col(5).setZero();
  s(5, 5) = 0.1;
  Eigen::MatrixXd t = Eigen::MatrixXd::Zero(5, 5);
  t.topLeftCorner(4, 4) = covariance(time);
  t.diagonal().array() += 1e-7;
  for (Eigen::Index i = 0; i < 5; ++i) prior.power_mean[static_cast<std::size_t>(i)] = power.col(i).mean();
  prior.power_mean[5] = 0.3;
  for (Eigen::Index i = 0; i < 4; ++i) prior.time_mean[static_cast<std::size_t>(i)] = time.col(i).mean();
  Eigen::Map<Eigen::Matrix<double, 6, 6>>(prior.power_covariance.data()) = s;
  Eigen::Map<Eigen::Matrix<double, 5, 5>>(prior.time_covariance.data()) = t;
  return prior;
}

}  // namespace bayestuner::control
