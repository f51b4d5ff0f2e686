#pragma once
/// The little language of known constraints: parsed once, evaluated over codes' values.

#include <cctype>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::space::detail {

/// A number or a label during evaluation.
struct Operand {
  double number = 0.0;
  const std::string* text = nullptr;  ///< label if set
};

/// `batch * instances <= 32 and (runtime == "ort" or threads in (1, 2))`.
/// Operators: or and not, chained < <= == != >= >, in, + - * / % **, unary -, parentheses; functions min max abs floor
/// ceil round sqrt log log2 is_power_of_two; literals: numbers, 'text', "text", true, false.
class Expression {
 public:
  /// Throws InvalidArgument with the column where `source` stops making sense.
  explicit Expression(std::string source) : source_(std::move(source)) {
    root_ = parse_or();
    skip_space();
    if (at_ != source_.size()) fail("unexpected '" + source_.substr(at_) + "'");
    if (names_.empty()) fail("names no parameter");
  }

  const std::string& source() const { return source_; }
  /// Parameters read, each once, in order of appearance.
  const std::vector<std::string>& names() const { return names_; }

  /// A name that is compared with a text: place in names(), and the text.
  struct LabelComparison {
    std::size_t name;
    std::string label;
  };
  const std::vector<LabelComparison>& label_comparisons() const { return label_comparisons_; }

  /// Truth under `values`, one operand a name. Throws InvalidArgument where a label meets arithmetic.
  bool holds(const Operand* values) const { return number(evaluate(root_, values)) != 0.0; }

 private:
  enum class Op {
    number,
    text,
    name,
    negate,
    logical_not,
    logical_and,
    logical_or,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    power,
    less,
    less_equal,
    equal,
    not_equal,
    greater_equal,
    greater,
    member,
    minimum,
    maximum,
    absolute,
    floor,
    ceil,
    round,
    square_root,
    natural_log,
    binary_log,
    is_power_of_two
  };
  struct Node {
    Op op;
    double value = 0.0;
    std::shared_ptr<const std::string> text;
    std::vector<std::size_t> children;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidArgument("constraint '" + source_ + "': column " + std::to_string(at_ + 1) + ": " + what);
  }
  void skip_space() {
    while (at_ < source_.size() && std::isspace(static_cast<unsigned char>(source_[at_]))) ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (source_.compare(at_, token.size(), token) != 0) return false;
    const bool word = std::isalpha(static_cast<unsigned char>(token[0]));
    const std::size_t end = at_ + token.size();
    if (word && end < source_.size() && is_name_character(source_[end])) return false;
    at_ = end;
    return true;
  }
  static bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

  std::size_t add(Op op, std::vector<std::size_t> children, double value = 0.0) {
    nodes_.push_back({op, value, nullptr, std::move(children)});
    return nodes_.size() - 1;
  }

  /// Guards the recursion: a file must not be able to exhaust the stack.
  struct Depth {
    explicit Depth(Expression& e) : expression(e) {
      if (++e.depth_ > 200) e.fail("nested too deeply");
    }
    ~Depth() { --expression.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    Expression& expression;
  };

  void note_labels(std::size_t left, std::size_t right) {
    if (nodes_[left].op == Op::text) std::swap(left, right);
    if (nodes_[left].op != Op::name || nodes_[right].op != Op::text) return;
    label_comparisons_.push_back({static_cast<std::size_t>(nodes_[left].value), *nodes_[right].text});
  }

  std::size_t parse_or() {
    const Depth depth(*this);
    std::size_t left = parse_and();
    while (take("or") || take("||")) left = add(Op::logical_or, {left, parse_and()});
    return left;
  }
  std::size_t parse_and() {
    std::size_t left = parse_not();
    while (take("and") || take("&&")) left = add(Op::logical_and, {left, parse_not()});
    return left;
  }
  std::size_t parse_not() {
    const Depth depth(*this);
    skip_space();
    const bool bang = at_ < source_.size() && source_[at_] == '!' && source_.compare(at_, 2, "!=") != 0;
    if (bang) ++at_;
    if (bang || take("not")) return add(Op::logical_not, {parse_not()});
    return parse_comparison();
  }
  std::size_t parse_comparison() {
    static constexpr std::pair<std::string_view, Op> signs[] = {{"<=", Op::less_equal}, {">=", Op::greater_equal},
                                                                {"==", Op::equal},      {"!=", Op::not_equal},
                                                                {"<", Op::less},        {">", Op::greater}};
    std::size_t left = parse_sum();
    std::size_t all = nodes_.size();  // none yet
    bool chained = false;
    for (;;) {
      bool negated = false;
      const std::size_t before = at_;
      if (take("not")) {
        if (!take("in")) {
          at_ = before;
          break;
        }
        negated = true;
      }
      std::size_t term;
      if (negated || take("in")) {
        std::vector<std::size_t> members{left};
        const char close = take("(") ? ')' : take("[") ? ']' : '\0';
        if (!close) fail("'in' needs a list, as in batch in (1, 2, 4)");
        do members.push_back(parse_sum());
        while (take(","));
        if (!take(std::string_view(&close, 1))) fail(std::string("missing '") + close + "'");
        for (std::size_t i = 1; i < members.size(); ++i) note_labels(left, members[i]);
        term = add(Op::member, std::move(members));
        if (negated) term = add(Op::logical_not, {term});
        left = term;
      } else {
        const auto* sign = std::begin(signs);
        while (sign != std::end(signs) && !take(sign->first)) ++sign;
        if (sign == std::end(signs)) break;
        const std::size_t right = parse_sum();
        if (sign->second == Op::equal || sign->second == Op::not_equal) note_labels(left, right);
        term = add(sign->second, {left, right});
        left = right;
      }
      all = chained ? add(Op::logical_and, {all, term}) : term;
      chained = true;
    }
    return chained ? all : left;
  }
  std::size_t parse_sum() {
    std::size_t left = parse_product();
    for (;;) {
      if (take("+"))
        left = add(Op::add, {left, parse_product()});
      else if (take("-"))
        left = add(Op::subtract, {left, parse_product()});
      else
        return left;
    }
  }
  std::size_t parse_product() {
    std::size_t left = parse_unary();
    for (;;) {
      if (take("*"))
        left = add(Op::multiply, {left, parse_unary()});
      else if (take("/"))
        left = add(Op::divide, {left, parse_unary()});
      else if (take("%"))
        left = add(Op::modulo, {left, parse_unary()});
      else
        return left;
    }
  }
  std::size_t parse_unary() {
    const Depth depth(*this);
    if (take("-")) return add(Op::negate, {parse_unary()});
    if (take("+")) return parse_unary();
    const std::size_t base = parse_primary();
    if (take("**") || take("^")) return add(Op::power, {base, parse_unary()});
    return base;
  }
  std::size_t parse_primary() {
    skip_space();
    if (at_ == source_.size()) fail("ends too early");
    const char c = source_[at_];
    if (take("(")) {
      const std::size_t inside = parse_or();
      if (!take(")")) fail("missing ')'");
      return inside;
    }
    if (c == '\'' || c == '"') {
      const std::size_t end = source_.find(c, at_ + 1);
      if (end == std::string::npos) fail("text without a closing quote");
      const std::size_t node = add(Op::text, {});
      nodes_[node].text = std::make_shared<const std::string>(source_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return node;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') {
      double value = 0.0;
      const auto [end, error] = std::from_chars(source_.data() + at_, source_.data() + source_.size(), value);
      if (error != std::errc()) fail("not a number");
      at_ = static_cast<std::size_t>(end - source_.data());
      return add(Op::number, {}, value);
    }
    if (!std::isalpha(static_cast<unsigned char>(c)) && c != '_') fail(std::string("unexpected '") + c + "'");
    std::size_t end = at_;
    while (end < source_.size() && is_name_character(source_[end])) ++end;
    const std::string name = source_.substr(at_, end - at_);
    at_ = end;
    if (name == "true" || name == "True") return add(Op::number, {}, 1.0);
    if (name == "false" || name == "False") return add(Op::number, {}, 0.0);
    if (take("(")) return parse_call(name);
    std::size_t index = 0;
    while (index < names_.size() && names_[index] != name) ++index;
    if (index == names_.size()) names_.push_back(name);
    return add(Op::name, {}, static_cast<double>(index));
  }
  std::size_t parse_call(const std::string& name) {
    struct Function {
      std::string_view name;
      Op op;
      bool variadic;
    };
    static constexpr Function functions[] = {
        {"min", Op::minimum, true},       {"max", Op::maximum, true},
        {"abs", Op::absolute, false},     {"floor", Op::floor, false},
        {"ceil", Op::ceil, false},        {"round", Op::round, false},
        {"sqrt", Op::square_root, false}, {"log", Op::natural_log, false},
        {"log2", Op::binary_log, false},  {"is_power_of_two", Op::is_power_of_two, false}};
    const auto* function = std::begin(functions);
    while (function != std::end(functions) && function->name != name) ++function;
    if (function == std::end(functions)) fail("no function '" + name + "'");
    std::vector<std::size_t> arguments;
    do arguments.push_back(parse_or());
    while (take(","));
    if (!take(")")) fail("missing ')' after the arguments of " + name);
    if (!function->variadic && arguments.size() != 1) fail(name + " takes one argument");
    return add(function->op, std::move(arguments));
  }

  double number(const Operand& operand) const {
    if (operand.text) throw InvalidArgument("constraint '" + source_ + "': '" + *operand.text + "' is not a number");
    return operand.number;
  }
  static bool same(const Operand& a, const Operand& b) {
    if (a.text || b.text) return a.text && b.text && *a.text == *b.text;
    return a.number == b.number;
  }

  Operand evaluate(std::size_t index, const Operand* values) const {
    const Node& node = nodes_[index];
    const auto child = [&](std::size_t i) { return evaluate(node.children[i], values); };
    const auto operand = [&](std::size_t i) { return number(child(i)); };
    const auto truth = [](bool b) { return Operand{b ? 1.0 : 0.0}; };
    switch (node.op) {
      case Op::number:
        return {node.value};
      case Op::text:
        return {0.0, node.text.get()};
      case Op::name:
        return values[static_cast<std::size_t>(node.value)];
      case Op::negate:
        return {-operand(0)};
      case Op::logical_not:
        return truth(operand(0) == 0.0);
      case Op::logical_and:
        return truth(operand(0) != 0.0 && operand(1) != 0.0);
      case Op::logical_or:
        return truth(operand(0) != 0.0 || operand(1) != 0.0);
      case Op::add:
        return {operand(0) + operand(1)};
      case Op::subtract:
        return {operand(0) - operand(1)};
      case Op::multiply:
        return {operand(0) * operand(1)};
      case Op::divide:
        return {operand(0) / operand(1)};
      case Op::modulo: {
        // The sign follows the divisor, as in Python.
        const double a = operand(0), b = operand(1), r = std::fmod(a, b);
        return {r != 0.0 && (r < 0.0) != (b < 0.0) ? r + b : r};
      }
      case Op::power:
        return {std::pow(operand(0), operand(1))};
      case Op::less:
        return truth(operand(0) < operand(1));
      case Op::less_equal:
        return truth(operand(0) <= operand(1));
      case Op::equal:
        return truth(same(child(0), child(1)));
      case Op::not_equal:
        return truth(!same(child(0), child(1)));
      case Op::greater_equal:
        return truth(operand(0) >= operand(1));
      case Op::greater:
        return truth(operand(0) > operand(1));
      case Op::member: {
        const Operand item = child(0);
        for (std::size_t i = 1; i < node.children.size(); ++i) {
          if (same(item, child(i))) return truth(true);
        }
        return truth(false);
      }
      case Op::minimum:
      case Op::maximum: {
        double best = operand(0);
        for (std::size_t i = 1; i < node.children.size(); ++i) {
          best = node.op == Op::minimum ? std::min(best, operand(i)) : std::max(best, operand(i));
        }
        return {best};
      }
      case Op::absolute:
        return {std::abs(operand(0))};
      case Op::floor:
        return {std::floor(operand(0))};
      case Op::ceil:
        return {std::ceil(operand(0))};
      case Op::round:
        return {std::round(operand(0))};
      case Op::square_root:
        return {std::sqrt(operand(0))};
      case Op::natural_log:
        return {std::log(operand(0))};
      case Op::binary_log:
        return {std::log2(operand(0))};
      case Op::is_power_of_two: {
        int exponent = 0;
        const double v = operand(0);
        return truth(v >= 1.0 && std::frexp(v, &exponent) == 0.5);
      }
    }
    return {};
  }

  std::string source_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<std::string> names_;
  std::vector<LabelComparison> label_comparisons_;
  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace bayestuner::space::detail
