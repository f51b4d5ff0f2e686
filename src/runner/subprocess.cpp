#include "bayestuner/runner/subprocess.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/process_identity.hpp"
#include "runner/process_tree.hpp"

extern char** environ;  // NOLINT: POSIX

namespace bayestuner::runner {
namespace {

namespace fs = std::filesystem;
constexpr const char* kMark = "BAYESTUNER_RUN";

enum class Step : int { enter, directory, exec };

/// What the child tells through its pipe before it gives up.
struct ChildError {
  Step step = Step::enter;
  int error = 0;
  std::size_t detail = 0;
};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

void make_pipe(Descriptor& read_end, Descriptor& write_end) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw DeviceError(knob::system_error_text("pipe", "making it", errno));
  read_end.reset(fds[0]);
  write_end.reset(fds[1]);
}

/// Where execve finds `program`, as a shell would look for it; a relative path starts at the working directory.
std::string find_program(const Command& command) {
  const std::string& program = command.argv.front();
  const auto runnable = [](const fs::path& path) {
    std::error_code ignored;
    return ::access(path.c_str(), X_OK) == 0 && !fs::is_directory(path, ignored);
  };
  if (program.find('/') != std::string::npos) {
    const fs::path path = command.directory.empty() ? fs::path(program) : command.directory / program;
    if (runnable(path)) return fs::absolute(path).string();
    throw WorkloadError(path.string() + ": cannot be run: " + std::strerror(errno));
  }
  const char* const variable = ::getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find(':', from), path.size());
    const fs::path candidate = fs::path(to == from ? "." : path.substr(from, to - from)) / program;
    if (runnable(candidate)) return fs::absolute(candidate).string();
    from = to + 1;
  }
  throw WorkloadError(program + ": no such program in PATH");
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> child_environment(const Command& command, const knob::LaunchPlan& launch,
                                           const std::string& mark) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=', 1);
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  all.emplace("PYTHONUNBUFFERED", "1");  // else the lines we quote or wait for stay in its buffer
  for (const auto& [name, value] : command.environment) all[name] = value;
  for (const auto& [name, value] : launch.environment) all[name] = value;  // a knob's word is the last
  all[kMark] = mark;
  std::vector<std::string> texts;
  for (const auto& [name, value] : all) texts.push_back(name + "=" + value);
  return texts;
}

std::string new_mark() {
  static std::atomic<unsigned> count{0};
  const auto self = knob::identity_of();
  return std::to_string(::getpid()) + "-" + std::to_string(self ? self->starttime : 0) + "-" +
         std::to_string(count.fetch_add(1));
}

/// Everything the child needs, allocated before the fork: between fork and exec only async-signal-safe calls are made.
struct Prepared {
  std::string program;
  std::vector<char*> argv, envp;
  std::string directory;
  int input = -1, output = -1, go = -1, report = -1;
  pid_t parent = 0;
};

[[noreturn]] void fail(const Prepared& p, Step step, int error, std::size_t detail = 0) {
  const ChildError message{step, error, detail};
  [[maybe_unused]] const ssize_t told = ::write(p.report, &message, sizeof message);
  ::_exit(127);
}

[[noreturn]] void run_child(const Prepared& p, knob::PreparedLaunch& launch) {
  ::setpgid(0, 0);
  // Between the fork and this line the parent may have died; then the signal will never come.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != p.parent) ::_exit(127);
  struct sigaction standard;
  std::memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 32; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &standard, nullptr);
  }
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(p.go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);  // the parent gave up
  if (const int error = launch.enter()) fail(p, Step::enter, error, launch.step());
  if (!p.directory.empty() && ::chdir(p.directory.c_str()) != 0) fail(p, Step::directory, errno);
  ::dup2(p.input, STDIN_FILENO);
  ::dup2(p.output, STDOUT_FILENO);
  ::dup2(p.output, STDERR_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(p.program.c_str(), p.argv.data(), p.envp.data());
  fail(p, Step::exec, errno);
}

}  // namespace

std::string ExitStatus::to_text() const {
  if (!signalled) return "exited with code " + std::to_string(code);
  const char* const name = ::sigabbrev_np(code);
  return "was killed by " + (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(code));
}

struct Subprocess::State {
  pid_t pid = 0;
  std::string mark;
  std::optional<ExitStatus> status;

  void poll() {
    if (status) return;
    int raw = 0;
    const pid_t got = ::waitpid(pid, &raw, WNOHANG);
    if (got == pid) {
      status = WIFSIGNALED(raw) ? ExitStatus{true, WTERMSIG(raw)} : ExitStatus{false, WEXITSTATUS(raw)};
    } else if (got < 0 && errno == ECHILD) {
      status = ExitStatus{false, 0};  // somebody else waited for it
    }
  }

  // As long as the leader is not waited for its number cannot be another's; afterwards members keep the group's.
  void signal_group(int signal) const { ::kill(-pid, signal); }
};

Subprocess::Subprocess(const Command& command, const knob::LaunchPlan& launch,
                       const std::function<void(pid_t)>& before_exec)
    : state_(std::make_unique<State>()) {
  if (command.argv.empty() || command.argv.front().empty()) throw InvalidArgument("command: is empty");
  std::error_code ignored;
  if (!command.directory.empty() && !fs::is_directory(command.directory, ignored)) {
    throw WorkloadError(command.directory.string() + ": is no directory to work in");
  }
  Prepared p;
  p.program = find_program(command);
  state_->mark = new_mark();
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables = child_environment(command, launch, state_->mark);
  p.argv = pointers(arguments);
  p.envp = pointers(variables);
  p.directory = command.directory.string();
  p.parent = ::getpid();
  knob::PreparedLaunch prepared(launch);

  const std::string log = command.log.empty() ? "/dev/null" : command.log.string();
  const Descriptor output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (output.get() < 0) throw DeviceError(knob::system_error_text(log, "opening it for output", errno));
  const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Descriptor go_read, go_write, report_read, report_write;
  make_pipe(go_read, go_write);
  make_pipe(report_read, report_write);
  p.input = input.get();
  p.output = output.get();
  p.go = go_read.get();
  p.report = report_write.get();

  // A handler of ours must not run in the child before it has reset them.
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  const pid_t child = ::fork();
  if (child == 0) run_child(p, prepared);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (child < 0) throw DeviceError(knob::system_error_text("fork", "starting " + p.program, fork_error));
  ::setpgid(child, child);  // also here: whichever of the two comes first
  state_->pid = child;
  go_read.reset();
  report_write.reset();
  try {
    if (before_exec) before_exec(child);
  } catch (...) {
    go_write.reset();
    stop(0.0);
    throw;
  }
  [[maybe_unused]] const ssize_t told = ::write(go_write.get(), "g", 1);
  ChildError error;
  ssize_t got = 0;
  do {
    got = ::read(report_read.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof error)) return;  // closed by exec
  stop(0.0);
  if (error.step == Step::enter) throw DeviceError(prepared.explain(error.detail, error.error));
  const std::string what = error.step == Step::directory ? p.directory : p.program;
  throw WorkloadError(what + ": cannot be run: " + std::strerror(error.error));
}

Subprocess::~Subprocess() {
  if (state_) stop(0.0);
}
Subprocess::Subprocess(Subprocess&&) noexcept = default;
Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (state_) stop(0.0);
  state_ = std::move(other.state_);
  return *this;
}

pid_t Subprocess::pid() const {
  return state_->pid;
}

const std::optional<ExitStatus>& Subprocess::poll() {
  state_->poll();
  return state_->status;
}

void Subprocess::stop(double grace_s) noexcept {
  State& state = *state_;
  if (state.pid <= 0) return;
  const auto wait = [&](double seconds) {
    const double until = monotonic_s() + seconds;
    for (useconds_t pause_us = 500;; pause_us = std::min<useconds_t>(pause_us * 2, 20000)) {
      state.poll();
      if (state.status && !group_lives(state.pid)) return true;
      if (monotonic_s() >= until) return false;
      ::usleep(pause_us);
    }
  };
  try {
    if (grace_s > 0.0) {
      state.signal_group(SIGTERM);
      state.signal_group(SIGCONT);  // a stopped process could not react
      wait(grace_s);
    }
    state.signal_group(SIGKILL);
    wait(5.0);
    // Whoever called setsid is not in the group any more; the mark in the environment is inherited.
    for (int round = 0; round < 20; ++round) {
      const std::vector<pid_t> left = processes_with_variable(kMark, state.mark);
      if (left.empty()) break;
      for (const pid_t pid : left) ::kill(pid, SIGKILL);
      ::usleep(2000);
    }
  } catch (...) {
    // Out of memory while looking for stragglers; the groups of the session have them.
  }
  if (!state.status) {
    // A process that SIGKILL does not end hangs in the kernel; init takes it.
    state.status = ExitStatus{true, SIGKILL};
  }
  state.pid = 0;
}

int free_port() {
  const Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (fd.get() < 0 || ::bind(fd.get(), plain, size) != 0 || ::getsockname(fd.get(), plain, &size) != 0) {
    throw DeviceError(knob::system_error_text("127.0.0.1", "looking for a free port", errno));
  }
  return ntohs(address.sin_port);
}

}  // namespace bayestuner::runner
