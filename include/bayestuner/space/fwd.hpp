#pragma once
/// Names of the space area without their definitions.

namespace bayestuner::space {

class Parameter;
class Configuration;
class Constraint;
class DynamicSpace;
template <class List>
class Space;

}  // namespace bayestuner::space
