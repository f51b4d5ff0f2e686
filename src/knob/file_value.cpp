#include "bayestuner/knob/file_value.hpp"

#include <cerrno>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/detail/confinement.hpp"

namespace bayestuner::knob {

static_assert(Knob<FileValue>);

FileValue::FileValue(std::string path, space::Parameter parameter, FileValueOptions options)
    : path_(std::move(path)), parameter_(std::move(parameter)), options_(std::move(options)) {
  if (path_.empty() || path_.front() != '/') {
    throw InvalidArgument(name() + ": the path \"" + path_ + "\" is not absolute");
  }
  if (!options_.filesystem) options_.filesystem = real_filesystem();
  std::string bytes;
  if (const int error = options_.filesystem->read_bytes(path_, bytes)) {
    availability_ = Availability::unavailable(system_error_text(path_, "reading", error));
  } else if (!options_.filesystem->is_writable(path_)) {
    availability_ = Availability::unavailable(system_error_text(path_, "writing", EACCES), "run as root");
  }
}

Description FileValue::describe() const {
  return {.kind = options_.kind,
          .mechanism = "kernel file " + path_,
          .unit = "",
          .scope = Scope::host,
          .allowed = "the parameter's values",
          .side_effects = {},
          .privilege = "write access to the file"};
}

Plan FileValue::plan(const space::Value& value) const {
  detail::require_available(name(), availability_);
  const std::string text = space::to_text(parameter_.value(parameter_.require_code(value)));
  return {.knob = name(),
          .value = value,
          .resource = options_.resource.empty() ? detail::resource_of_file(path_) : options_.resource,
          .writes = {{.action = Action::write_file,
                      .target = path_,
                      .value = text,
                      .verify = options_.verify,
                      .settle_s = options_.settle_s},
                     {.action = Action::set_argument, .target = name(), .value = text}}};
}

}  // namespace bayestuner::knob
