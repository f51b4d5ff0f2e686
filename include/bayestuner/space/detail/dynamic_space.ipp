// Bodies of DynamicSpace; included by dynamic_space.hpp.

namespace bayestuner::space {

inline std::shared_ptr<DynamicSpace::State> DynamicSpace::make_state(std::vector<Parameter> parameters,
                                                                     std::vector<Constraint> constraints) {
  if (parameters.empty()) throw InvalidArgument("space: has no parameter");
  const std::size_t d = parameters.size();
  auto rules = std::make_shared<detail::Rules>();
  std::unordered_map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < d; ++i) {
    if (!place.emplace(parameters[i].name(), i).second) {
      throw InvalidArgument("space: the name " + parameters[i].name() + " stands twice");
    }
  }
  const auto find = [&](const std::string& name, const std::string& where) {
    const auto it = place.find(name);
    if (it != place.end()) return it->second;
    std::vector<std::string> names;
    for (const Parameter& p : parameters) names.push_back(p.name());
    throw InvalidArgument(where + ": no parameter '" + name + "'; there are " + join(names));
  };

  // Groups by union-find over conditions and constraints.
  std::vector<std::size_t> root(d);
  for (std::size_t i = 0; i < d; ++i) root[i] = i;
  const auto top = [&root](std::size_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  const auto tie = [&](std::size_t a, std::size_t b) { root[std::max(top(a), top(b))] = std::min(top(a), top(b)); };

  for (std::size_t i = 0; i < d; ++i) {
    const auto& condition = parameters[i].condition();
    if (!condition) {
      rules->conditions.emplace_back();
      continue;
    }
    const std::string where = parameters[i].name() + ": its condition";
    detail::ResolvedCondition resolved{find(condition->parameter, where), {}};
    for (const Value& value : condition->values) {
      const auto code = parameters[resolved.parent].code(value);
      if (!code) throw InvalidArgument(where + ": " + condition->parameter + " cannot be " + to_text(value));
      resolved.codes.push_back(*code);
    }
    tie(i, resolved.parent);
    rules->conditions.push_back(std::move(resolved));
  }
  std::vector<char> placed(d, 0);
  while (rules->order.size() < d) {
    const std::size_t before = rules->order.size();
    for (std::size_t i = 0; i < d; ++i) {
      if (placed[i] || (rules->conditions[i] && !placed[rules->conditions[i]->parent])) continue;
      placed[i] = 1;
      rules->order.push_back(i);
    }
    if (rules->order.size() == before) throw InvalidArgument("space: the conditions form a cycle");
  }
  for (Constraint& constraint : constraints) {
    detail::ResolvedConstraint resolved{constraint, {}};
    for (const std::string& name : constraint.names()) {
      resolved.reads.push_back(find(name, "constraint '" + constraint.text() + "'"));
    }
    if (const detail::Expression* expression = constraint.expression()) {
      for (const auto& [name, label] : expression->label_comparisons()) {
        const Parameter& p = parameters[resolved.reads[name]];
        if (p.code(label)) continue;
        throw InvalidArgument("constraint '" + constraint.text() + "': " + p.name() + " is never '" + label + "'" +
                              (p.labels().empty() ? std::string() : "; it is one of " + join(p.labels())));
      }
    }
    if (resolved.reads.empty()) {  // a predicate that may read all; inactive ones are simply absent from its argument
      for (std::size_t i = 1; i < d; ++i) tie(0, i);
    }
    for (std::size_t k = 1; k < resolved.reads.size(); ++k) tie(resolved.reads[0], resolved.reads[k]);
    rules->constraints.push_back(std::move(resolved));
  }
  rules->parameters = std::move(parameters);

  auto state = std::make_shared<State>();
  state->rules = rules;
  for (std::size_t i = 0; i < d; ++i) {
    if (top(i) != i) continue;
    std::vector<std::size_t> members, bound;
    for (std::size_t j = i; j < d; ++j) {
      if (top(j) == i) members.push_back(j);
    }
    for (std::size_t c = 0; c < rules->constraints.size(); ++c) {
      const auto& reads = rules->constraints[c].reads;
      if (top(reads.empty() ? 0 : reads[0]) == i) bound.push_back(c);
    }
    state->groups.emplace_back(rules, std::move(members), std::move(bound));
  }
  for (std::size_t i = 0; i < d; ++i) {
    const Parameter& p = rules->parameters[i];
    std::vector<double> known;
    if (p.is_finite() && p.level_count() <= 65536) {
      for (std::int64_t l = 0; l < p.level_count(); ++l) known.push_back(p.coordinate(static_cast<double>(l)));
    }
    state->level_coordinates.push_back(std::move(known));
    if (p.is_finite() ? p.level_count() > 1 : p.low() < p.high()) {
      const bool labels = p.kind() == ParameterKind::categorical && p.level_count() > 2;
      state->axes.push_back(labels ? AxisKind::categorical : AxisKind::numeric);
      state->axis_parameter.push_back(i);
    }
  }
  return state;
}

inline DynamicSpace::DynamicSpace(std::vector<Parameter> parameters, std::vector<Constraint> constraints)
    : state_(make_state(std::move(parameters), std::move(constraints))) {
  for (const detail::Group& group : state_->groups) group.require_not_empty();
}

inline DynamicSpace DynamicSpace::pool(std::vector<Parameter> parameters, const std::vector<Configuration>& rows) {
  DynamicSpace space;
  const auto state = make_state(std::move(parameters), {});
  space.state_ = state;
  std::vector<Point> points;
  for (const Configuration& row : rows) {
    Point point = space.point(row);
    if (state->row_of.emplace(point, points.size()).second) points.push_back(std::move(point));
  }
  if (points.empty()) throw InvalidArgument("space: the pool has no row");
  state->rows = std::move(points);
  return space;
}

inline std::size_t DynamicSpace::position(const std::string& name) const {
  for (std::size_t i = 0; i < dimension(); ++i) {
    if (parameters()[i].name() == name) return i;
  }
  throw InvalidArgument(name + ": the space has no such parameter");
}

inline bool DynamicSpace::is_finite() const {
  return std::all_of(state_->groups.begin(), state_->groups.end(),
                     [](const detail::Group& g) { return g.is_finite(); });
}

inline std::optional<std::uint64_t> DynamicSpace::count() const {
  if (is_pool()) return state_->rows.size();
  std::uint64_t product = 1;
  for (const detail::Group& group : state_->groups) {
    const auto n = group.count();
    if (!n || product > UINT64_MAX / *n) return std::nullopt;
    product *= *n;
  }
  return product;
}

inline Point DynamicSpace::at(std::uint64_t index) const {
  const auto n = count();
  if (!n) throw InvalidArgument("space: cannot be enumerated (continuous, or tied groups too large)");
  if (index >= *n) throw InvalidArgument("index: " + to_text(index) + " is outside [0, " + to_text(*n) + ")");
  if (is_pool()) return state_->rows[index];
  Point point(dimension());
  for (auto group = state_->groups.rbegin(); group != state_->groups.rend(); ++group) {
    const std::uint64_t rows = *group->count();
    group->write(index % rows, point);
    index /= rows;
  }
  return point;
}

inline std::optional<std::uint64_t> DynamicSpace::index_of(const Point& point) const {
  if (is_pool()) {
    const auto it = state_->row_of.find(point);
    return it == state_->row_of.end() ? std::nullopt : std::optional(it->second);
  }
  if (!count() || !contains(point)) return std::nullopt;
  std::uint64_t index = 0;
  for (const detail::Group& group : state_->groups) index = index * *group.count() + group.index_of(point);
  return index;
}

inline Enumeration<DynamicSpace> DynamicSpace::enumerate() const {
  const auto n = count();
  if (!n) throw InvalidArgument("space: cannot be enumerated (continuous, or tied groups too large)");
  return {*this, *n};
}

inline bool DynamicSpace::contains(const Point& point) const {
  if (point.size() != dimension()) return false;
  if (is_pool()) return state_->row_of.contains(point);
  for (std::size_t i = 0; i < dimension(); ++i) {
    const bool active = state_->rules->is_active(i, point);
    if (active ? !parameters()[i].has_code(point[i]) : !std::isnan(point[i])) return false;
  }
  return std::all_of(state_->groups.begin(), state_->groups.end(),
                     [&](const detail::Group& g) { return g.holds(point); });
}

inline Point DynamicSpace::sample(Random& random) const {
  if (is_pool()) return state_->rows[random.below(state_->rows.size())];
  Point point(dimension(), 0.0);
  for (const detail::Group& group : state_->groups) group.sample(random, point);
  return point;
}

inline std::vector<Point> DynamicSpace::neighbours(const Point& point) const {
  std::vector<Point> found;
  if (is_pool()) {
    // Per parameter and direction the closest row that differs in nothing else; labels: every such row.
    const std::size_t d = dimension();
    std::vector<const Point*> below(d, nullptr), above(d, nullptr);
    for (const Point& row : state_->rows) {
      std::size_t differs = d, count = 0;
      for (std::size_t i = 0; i < d && count < 2; ++i) {
        if (row[i] == point[i] || (std::isnan(row[i]) && std::isnan(point[i]))) continue;
        differs = i;
        ++count;
      }
      if (count != 1) continue;
      const bool ordered = parameters()[differs].is_numeric() && !std::isnan(row[differs]) && !std::isnan(point[differs]);
      if (!ordered) {
        found.push_back(row);
      } else if (row[differs] < point[differs]) {
        if (!below[differs] || row[differs] > (*below[differs])[differs]) below[differs] = &row;
      } else if (!above[differs] || row[differs] < (*above[differs])[differs]) {
        above[differs] = &row;
      }
    }
    for (std::size_t i = 0; i < d; ++i) {
      if (below[i]) found.push_back(*below[i]);
      if (above[i]) found.push_back(*above[i]);
    }
    return found;
  }
  // Whether setting parameter i to `code` gives a point that exists.
  const auto offer = [&](std::size_t i, double code) {
    if (!parameters()[i].has_code(code) || code == point[i]) return false;
    Point next = point;
    next[i] = code;
    for (const std::size_t j : state_->rules->order) {
      if (!state_->rules->is_active(j, next)) next[j] = inactive;
      else if (std::isnan(next[j])) next[j] = parameters()[j].code_at(0.5);
    }
    if (!contains(next)) return false;
    found.push_back(std::move(next));
    return true;
  };
  constexpr int reach = 64;  // levels skipped at most because the rules forbid them
  for (std::size_t i = 0; i < dimension(); ++i) {
    if (std::isnan(point[i])) continue;
    const Parameter& p = parameters()[i];
    if (!p.is_finite()) {
      for (const double step : {-0.05, 0.05}) (void)offer(i, p.code_at(p.coordinate(point[i]) + step));
    } else if (p.kind() == ParameterKind::categorical) {
      for (std::int64_t l = 0; l < p.level_count(); ++l) (void)offer(i, static_cast<double>(l));
    } else {
      for (const double step : {-1.0, 1.0}) {
        double code = point[i] + step;
        for (int k = 0; k < reach && p.has_code(code) && !offer(i, code); ++k) code += step;
      }
    }
  }
  return found;
}

inline double DynamicSpace::squared_distance(const Eigen::Ref<const Eigen::VectorXd>& wanted, const Point& point,
                                             std::span<const std::size_t> members) const {
  double sum = 0.0;
  for (const std::size_t i : members) {
    const double w = wanted[static_cast<Eigen::Index>(i)];
    double gap;
    if (std::isnan(point[i])) gap = w - 0.5;
    else if (parameters()[i].kind() == ParameterKind::categorical) gap = parameters()[i].code_at(w) == point[i] ? 0 : 1;
    else gap = w - coordinate(i, point[i]);
    sum += gap * gap;
  }
  return sum;
}

inline Point DynamicSpace::nearest(const Eigen::Ref<const Eigen::VectorXd>& wanted) const {
  if (wanted.size() != static_cast<Eigen::Index>(dimension())) {
    throw InvalidArgument("coordinates: " + std::to_string(wanted.size()) + " given, the space has " +
                          std::to_string(dimension()) + " parameters");
  }
  if (!wanted.allFinite()) throw InvalidArgument("coordinates: must be finite");
  std::vector<std::size_t> everything(dimension());
  for (std::size_t i = 0; i < dimension(); ++i) everything[i] = i;
  if (is_pool()) {
    const Point* best = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const Point& row : state_->rows) {
      const double distance = squared_distance(wanted, row, everything);
      if (distance < least) least = distance, best = &row;
    }
    return *best;
  }
  Point point(dimension(), 0.0);
  for (const detail::Group& group : state_->groups) {
    for (const std::size_t i : group.members()) {
      point[i] = parameters()[i].code_at(wanted[static_cast<Eigen::Index>(i)]);
    }
    group.deactivate(point);
    // Without conditions the axes are independent, so a snapped point that exists is the nearest one.
    if (group.holds(point) && (!group.is_conditional() || !group.is_countable())) continue;
    const auto distance = [&](const Point& other) { return squared_distance(wanted, other, group.members()); };
    Point best = point;
    double least = group.holds(point) ? distance(point) : std::numeric_limits<double>::infinity();
    Random random(0x5eed);
    const std::uint64_t candidates = group.is_countable() ? *group.count() : 1000;
    for (std::uint64_t k = 0; k < candidates; ++k) {
      if (group.is_countable()) group.write(k, point);
      else group.sample(random, point);
      const double there = distance(point);
      if (there < least) least = there, best = point;
    }
    point = group.is_countable() ? best : approach(wanted, best, group);
  }
  return point;
}

inline Point DynamicSpace::approach(const Eigen::Ref<const Eigen::VectorXd>& wanted, Point point,
                                    const detail::Group& group) const {
  double least = squared_distance(wanted, point, group.members());
  for (bool moved = true; moved;) {
    moved = false;
    for (const std::size_t i : group.members()) {
      if (std::isnan(point[i]) || parameters()[i].kind() == ParameterKind::categorical) continue;
      const double from = coordinate(i, point[i]), gap = wanted[static_cast<Eigen::Index>(i)] - from;
      for (double part = 1.0; part > 1e-3; part *= 0.5) {  // all the way, else as far as the rules allow
        Point next = point;
        next[i] = parameters()[i].code_at(from + part * gap);
        group.deactivate(next);
        if (next[i] == point[i]) break;
        const double there = squared_distance(wanted, next, group.members());
        if (there >= least - 1e-12 || !contains(next)) continue;
        point = std::move(next);
        least = there;
        moved = true;
        break;
      }
    }
  }
  return point;
}

inline Point DynamicSpace::nearest(const Configuration& configuration) const {
  for (const auto& [name, value] : configuration) (void)position(name);
  Eigen::VectorXd wanted = Eigen::VectorXd::Constant(static_cast<Eigen::Index>(dimension()), 0.5);
  for (std::size_t i = 0; i < dimension(); ++i) {
    const Parameter& p = parameters()[i];
    if (!configuration.contains(p.name())) continue;
    const Value& value = configuration.at(p.name());
    const auto number = as_number(value);
    const bool known = p.is_numeric() && number && !std::isnan(*number);
    wanted[static_cast<Eigen::Index>(i)] = known ? p.coordinate_of(*number) : p.coordinate(p.require_code(value));
  }
  return nearest(wanted);
}

inline Eigen::VectorXd DynamicSpace::coordinates(const Point& point) const {
  Eigen::VectorXd c(static_cast<Eigen::Index>(dimension()));
  for (std::size_t i = 0; i < dimension(); ++i) {
    c[static_cast<Eigen::Index>(i)] = std::isnan(point[i]) ? 0.5 : coordinate(i, point[i]);
  }
  return c;
}

inline Eigen::MatrixXd DynamicSpace::encode(std::span<const Point> points) const {
  Eigen::MatrixXd x(static_cast<Eigen::Index>(points.size()), static_cast<Eigen::Index>(axes().size()));
  for (std::size_t a = 0; a < axes().size(); ++a) {
    const std::size_t i = state_->axis_parameter[a];
    const bool labels = axes()[a] == AxisKind::categorical;
    for (std::size_t r = 0; r < points.size(); ++r) {
      const double code = points[r][i];
      const double v = labels ? (std::isnan(code) ? -1.0 : code) : (std::isnan(code) ? 0.5 : coordinate(i, code));
      x(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(a)) = v;
    }
  }
  return x;
}

inline Eigen::MatrixXd DynamicSpace::encode_for_trees(std::span<const Point> points) const {
  Eigen::MatrixXd x(static_cast<Eigen::Index>(points.size()), static_cast<Eigen::Index>(dimension()));
  for (std::size_t r = 0; r < points.size(); ++r) {
    for (std::size_t i = 0; i < dimension(); ++i) {
      const double code = points[r][i];
      x(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(i)) =
          std::isnan(code) ? inactive : parameters()[i].number(code);
    }
  }
  return x;
}

inline Point DynamicSpace::point(const Configuration& configuration) const {
  for (const auto& [name, value] : configuration) (void)position(name);
  Point point(dimension(), inactive);
  for (const std::size_t i : state_->rules->order) {
    const Parameter& p = parameters()[i];
    const bool given = configuration.contains(p.name());
    if (!state_->rules->is_active(i, point)) {
      if (given) {
        throw InvalidArgument(p.name() + ": is inactive here, since " + p.condition()->parameter + " is " +
                              (configuration.contains(p.condition()->parameter)
                                   ? to_text(configuration.at(p.condition()->parameter))
                                   : std::string("inactive")));
      }
      continue;
    }
    if (!given) throw InvalidArgument(p.name() + ": missing in the configuration (" + configuration.to_text() + ")");
    point[i] = p.require_code(configuration.at(p.name()));
  }
  if (is_pool()) {
    if (!contains(point)) throw InvalidArgument("configuration: " + configuration.to_text() + " is not a row of the pool");
    return point;
  }
  for (const detail::ResolvedConstraint& constraint : state_->rules->constraints) {
    if (!state_->rules->holds(constraint, point)) {
      throw InvalidArgument("configuration: " + configuration.to_text() + " violates '" + constraint.rule.text() + "'");
    }
  }
  return point;
}

inline std::string DynamicSpace::fingerprint() const {
  std::vector<std::string> parts, rules;
  for (const Parameter& p : parameters()) parts.push_back(p.fingerprint());
  for (const auto& c : state_->rules->constraints) rules.push_back(json_quoted(c.rule.text()));
  std::string text = "{\"parameters\":[" + join(parts, ",") + "],\"constraints\":[" + join(rules, ",") + "]";
  if (is_pool()) {
    std::uint64_t hash = 0;
    for (const Point& row : state_->rows) hash = mix64(hash ^ PointHash{}(row));
    text += ",\"pool\":{\"rows\":" + std::to_string(state_->rows.size()) + ",\"hash\":\"" + std::to_string(hash) + "\"}";
  }
  return text + "}";
}

}  // namespace bayestuner::space
