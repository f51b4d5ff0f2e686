#include "bayestuner/knob/plan.hpp"

#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

std::string to_text(Action action) {
  switch (action) {
    case Action::make_group:
      return "make_group";
    case Action::vacate_group:
      return "vacate_group";
    case Action::enable_controllers:
      return "enable_controllers";
    case Action::write_file:
      return "write_file";
    case Action::replace_file:
      return "replace_file";
    case Action::set_environment:
      return "set_environment";
    case Action::set_argument:
      return "set_argument";
    case Action::set_affinity:
      return "set_affinity";
    case Action::expect_cpus:
      return "expect_cpus";
    case Action::join_group:
      return "join_group";
    case Action::call:
      return "call";
  }
  return "unknown";
}

std::string to_text(Scope scope) {
  switch (scope) {
    case Scope::host:
      return "host";
    case Scope::group:
      return "group";
    case Scope::process:
      return "process";
    case Scope::file:
      return "file";
  }
  return "unknown";
}

namespace {

std::string line_of(const PrimitiveWrite& write) {
  switch (write.action) {
    case Action::make_group:
      return "mkdir " + write.target;
    case Action::vacate_group:
      return "move our own processes from " + write.target + " to " + write.value;
    case Action::enable_controllers:
      return "write \"+" + write.value + "\" to " + write.target + "/cgroup.subtree_control";
    case Action::write_file:
      return "write \"" + write.value + "\" to " + write.target;
    case Action::replace_file:
      return "replace " + write.target + " by its template with {" + write.placeholder + "} = " + write.text;
    case Action::set_environment:
      return "start with " + write.target + "=" + write.value;
    case Action::set_argument:
      return "start with {" + write.target + "} = " + write.value + " in the arguments";
    case Action::set_affinity:
      return "start with affinity to CPUs " + write.value;
    case Action::expect_cpus:
      return "check that every thread stays on CPUs " + write.value;
    case Action::join_group:
      return "start inside " + write.target;
    case Action::call:
      return "call the function of " + write.target + " with " + write.value;
  }
  return "unknown";
}

}  // namespace

std::string Plan::to_text() const {
  std::string text;
  for (const PrimitiveWrite& write : writes) text += knob + ": " + line_of(write) + "\n";
  return text;
}

}  // namespace bayestuner::knob
