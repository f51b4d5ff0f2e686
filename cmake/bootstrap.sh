# Sourced by examples/run, tests/run and .ci/run: installs what a fresh Debian lacks, quietly, and once.
# Functions: need_packages NAME..., need_venv FOLDER REQUIREMENTS..., build_tree PRESET TARGET...
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(g++ cmake ninja-build ccache libeigen3-dev libboost-dev libnlopt-cxx-dev libnlopt-dev
  libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libsqlite3-dev zlib1g-dev
  python3 python3-venv)
# The features of pictures: four of OpenCV's parts, not the whole of libopencv-dev.
image_packages=(libopencv-core-dev libopencv-imgproc-dev libopencv-features2d-dev libopencv-imgcodecs-dev)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev python3-dev "${image_packages[@]}")

die() { printf '%s\n' "$*" >&2; exit 1; }

# Runs a command with its output in a log that is shown only if the command fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

need_packages() {
  local missing=() name sudo=
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; install them with your system's package manager"
  if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || die "missing: ${missing[*]}; run as root: apt-get install ${missing[*]}"
  fi
  echo "installing ${#missing[@]} packages: ${missing[*]}"
  quietly $sudo apt-get update || die "apt-get update failed"
  quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
    die "could not install: ${missing[*]}"
}

# need_venv FOLDER FILE...: a virtual environment with the given requirement files, made anew when one of them changes.
# A file named data-*.txt is installed without dependencies.
need_venv() {
  local folder=$1 file stamp
  shift
  stamp=$(cat "$@" | sha256sum)
  if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
    echo "installing Python packages into ${folder#"$root"/}"
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" || die "python3 -m venv failed"
    for file in "$@"; do
      case $(basename "$file") in
        data-*) quietly "$folder/bin/pip" install --no-deps -r "$file" || die "pip install -r $file failed" ;;
        *) quietly "$folder/bin/pip" install -r "$file" || die "pip install -r $file failed" ;;
      esac
    done
    printf '%s' "$stamp" >"$folder/stamp"
  fi
}

# build_tree FOLDER TARGETS -- CMAKE_ARGUMENTS: configures and builds, silent where all is well.
build_tree() {
  local folder=$1 targets=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do targets+=("$1"); shift; done
  [ $# -gt 0 ] && shift
  quietly /usr/bin/cmake -S "$root" -B "$folder" -G Ninja "$@" || die "cmake failed"
  quietly /usr/bin/cmake --build "$folder" ${targets[@]:+--target "${targets[@]}"} || die "build failed"
}
