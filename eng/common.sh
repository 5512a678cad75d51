# Shared by ./sojourn, ./test and ./bench. Expects the working directory to be the checkout's root.
sdk_wanted=$(sed -n 's/.*"version": *"\([0-9.]*\)".*/\1/p' global.json)

# Says which SDK is needed and how to get it, where none that fits is there.
need_sdk() {
  if ! command -v dotnet >/dev/null 2>&1; then
    echo "sojourn: the .NET SDK ${sdk_wanted%.*} ($sdk_wanted or newer) is needed and 'dotnet' is not on the path." >&2
    echo "Get it from https://dotnet.microsoft.com/download/dotnet/${sdk_wanted%.*} (Debian, Ubuntu: the package dotnet-sdk-${sdk_wanted%.*})." >&2
    exit 7
  fi
  local said
  if ! said=$(dotnet --version 2>&1); then
    if [ ! -d "${HOME:-}" ]; then
      echo "sojourn: the home directory '${HOME:-}' does not exist, and the .NET SDK needs one: create it, or set HOME to a folder that exists." >&2
      exit 7
    fi
    echo "sojourn: the .NET SDK does not start: $(printf '%s\n' "$said" | grep -v '^$' | head -n 1)" >&2
    echo "Wanted: $sdk_wanted or a newer .NET ${sdk_wanted%.*} SDK; installed:" >&2
    dotnet --list-sdks >&2 || true
    echo "Get it from https://dotnet.microsoft.com/download/dotnet/${sdk_wanted%.*}." >&2
    exit 7
  fi
}

# Whether anything below the given paths is newer than the stamp file $1.
changed_since() {
  local stamp=$1; shift
  [ -f "$stamp" ] || return 0
  [ -n "$(find "$@" \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -newer "$stamp" -print -quit 2>/dev/null)" ]
}

# Runs a command quietly; on failure shows its errors and stops.
quietly() {
  local what=$1 log status=0; shift
  mkdir -p artifacts/log
  log=artifacts/log/$(echo "$what" | tr -c 'a-zA-Z0-9\n' '-').log
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ $status -ne 0 ]; then
    echo "sojourn: $what failed (exit $status). The whole log: $log" >&2
    { grep -E '(error|ERR!|E:) ' "$log" || tail -n 20 "$log"; } | sort -u | head -n 20 >&2
    case $what in
      apt-get*|npm*) echo "Installing needs the network. './test --quick' installs nothing and runs what can be run without." >&2 ;;
    esac
    exit 7
  fi
}

# Debian packages the tests need: installed as root, else named.
install_debian() {
  local missing=() name
  command -v dpkg-query >/dev/null 2>&1 || return 0
  while read -r name; do
    case $name in ''|'#'*) continue ;; esac
    dpkg-query -W -f '${Status}' "${name%%=*}" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done < eng/debian-packages.txt
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "test: these packages are missing, so the tests that need them will be skipped: ${missing[*]}"
    echo "      to install them: sudo apt-get install -y --no-install-recommends ${missing[*]}"
    return 0
  fi
  echo "test: installing ${missing[*]}"
  quietly 'apt-get update' apt-get update -qq
  quietly 'apt-get install' env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# npm packages the tests and benchmarks run as peers, pinned by their lock files.
install_peers() {
  local lock dir
  command -v npm >/dev/null 2>&1 || { echo "test: npm is missing, so tests against JavaScript peers will be skipped"; return 0; }
  for lock in tests/peers/*/package-lock.json contracts/package-lock.json examples/*/package-lock.json; do
    [ -f "$lock" ] || continue
    dir=$(dirname "$lock")
    [ "$dir/node_modules/.installed" -nt "$lock" ] && continue
    [ "${1:-}" = quiet ] || echo "test: npm ci in $dir"
    quietly "npm ci in $dir" npm ci --prefix "$dir" --no-audit --no-fund --loglevel error
    touch "$dir/node_modules/.installed"
  done
}

# An enclave's image is one tree: the libraries of the system that its runtime loads go into it, at the paths where they will be mounted, so that one measurement covers all.
complete_enclave() { # folder
  local name dir
  rm -rf "$1/system"; find "$1" -maxdepth 1 \( -name '*.pdb' -o -name '*.xml' \) -delete
  install -D -m 755 "$(readlink -f /lib64/ld-linux-x86-64.so.2)" "$1/system/lib64/ld-linux-x86-64.so.2"
  for name in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libgcc_s.so.1 libstdc++.so.6 libssl.so.3 libcrypto.so.3; do
    for dir in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib64 /lib64 /usr/lib /lib; do
      [ -f "$dir/$name" ] || continue
      install -D -m 644 "$(readlink -f "$dir/$name")" "$1/system$dir/$name"
      break
    done
  done
}

# The command line and the enclave, compiled ahead of time; decided by a stamp, since a no-op build costs seconds.
build_cli() {
  local stamp=artifacts/sojourn/.stamp
  changed_since "$stamp" src guests Directory.Build.props Directory.Build.targets Directory.Packages.props global.json eng/common.sh || return 0
  need_sdk
  mkdir -p artifacts/log
  exec 9>artifacts/log/build.lock
  flock 9
  changed_since "$stamp" src guests Directory.Build.props Directory.Build.targets Directory.Packages.props global.json eng/common.sh || { exec 9>&-; return 0; }
  [ -t 2 ] && echo "sojourn: building (only when something changed) …" >&2
  touch artifacts/log/.building
  quietly 'build of the command line' dotnet publish src/Sojourn.Cli -c Release -r linux-x64 --self-contained false -p:PublishReadyToRun=true -o artifacts/sojourn -v q -nologo 9>&-
  quietly 'build of the enclave' dotnet publish src/Sojourn.Enclave -c Release -r linux-x64 --self-contained true -p:PublishReadyToRun=true -o artifacts/enclave -v q -nologo 9>&-
  complete_enclave artifacts/enclave
  touch -r artifacts/log/.building "$stamp"
  exec 9>&-
}
