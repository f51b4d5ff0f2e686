#include "bayestuner/knob/config_file.hpp"

#include <filesystem>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/detail/confinement.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

static_assert(Knob<ConfigFile>);

namespace {

Availability look_at(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::is_symlink(status)) return Availability::unavailable(path + ": is a symbolic link", "name its target");
  if (fs::exists(status) && !fs::is_regular_file(status))
    return Availability::unavailable(path + ": is no regular file");
  const std::string folder = fs::path(path).parent_path().string();
  const Filesystem files("/");
  if (!files.exists(folder)) return Availability::unavailable(folder + ": is not there");
  if (!files.is_writable(folder)) return Availability::unavailable(folder + ": no right to write in it");
  return Availability::available();
}

}  // namespace

ConfigFile::ConfigFile(std::string path, std::string text, space::Parameter parameter, std::string kind)
    : path_(std::move(path)),
      text_(std::move(text)),
      parameter_(std::move(parameter)),
      kind_(std::move(kind)),
      availability_(Availability::available()) {
  if (path_.empty() || path_.front() != '/') {
    throw InvalidArgument(name() + ": the path \"" + path_ + "\" is not absolute");
  }
  if (text_.find("{" + name() + "}") == std::string::npos) {
    throw InvalidArgument(name() + ": the template of " + path_ + " has no {" + name() + "}");
  }
  availability_ = look_at(path_);
}

Description ConfigFile::describe() const {
  return {.kind = kind_,
          .mechanism = "configuration file " + path_,
          .unit = "",
          .scope = Scope::file,
          .allowed = "the parameter's values",
          .side_effects = {"a program that watches the file reloads it, also when it is put back"},
          .privilege = "write access to the folder"};
}

Plan ConfigFile::plan(const space::Value& value) const {
  detail::require_available(name(), availability_);
  const std::string text = space::to_text(parameter_.value(parameter_.require_code(value)));
  return {
      .knob = name(),
      .value = value,
      .resource = detail::resource_of_file(path_),
      .writes = {{.action = Action::replace_file, .target = path_, .value = text_, .placeholder = name(), .text = text},
                 {.action = Action::set_argument, .target = name(), .value = text}}};
}

}  // namespace bayestuner::knob
