# shellcheck shell=sh
# Sourced by run, test and the stages, with the root of the repository as working folder: steps that say in one line what
# they did and how long it took, and keep their whole output in out/log.

mkdir -p out/log

# step NAME WHAT COMMAND...: runs the command, its output in out/log/NAME.log; when it fails, shows the end of it.
step() {
    step_name=$1 step_begin=$(date +%s) step_code=0
    printf '%s ... ' "$2" >&2
    shift 2
    "$@" >"out/log/$step_name.log" 2>&1 </dev/null || step_code=$?
    if [ "$step_code" = 0 ]; then
        echo "$(($(date +%s) - step_begin)) s" >&2
        return 0
    fi
    echo "failed after $(($(date +%s) - step_begin)) s; the end of out/log/$step_name.log:" >&2
    tail -n 40 "out/log/$step_name.log" >&2
    return "$step_code"
}

# missing_packages STAGE...: prints those of tools/packages.txt that are not installed.
missing_packages() {
    for stage in "$@"; do
        # The lists are meant to be split.
        # shellcheck disable=SC2046
        set -- $(sed -n "s/^$stage: *//p" tools/packages.txt)
        [ $# -gt 0 ] || continue
        installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
        for package in "$@"; do
            case "
$installed
" in
                *"
$package
"*) ;;
                *)
                    # Node.js is often there from elsewhere, and Debian's would conflict with it.
                    case $package in
                        nodejs) command -v node >/dev/null 2>&1 || echo "$package" ;;
                        npm) command -v npm >/dev/null 2>&1 || echo "$package" ;;
                        *) echo "$package" ;;
                    esac
                    ;;
            esac
        done
    done
}

# packages STAGE...: installs what is missing. No call of apt-get when nothing is.
packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0 # not Debian: the compiler will say what is missing
    missing=$(missing_packages "$@" | sort -u)
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            echo "These packages are missing, and only root can install them: $(echo "$missing" | tr '\n' ' ')" >&2
            return 1
        }
        as_root=sudo
    fi
    # shellcheck disable=SC2086
    step packages "installing$(printf ' %s' $missing)" $as_root tools/apt_install $missing
}

# build PRESET TARGET...: configures when needed and builds. ninja does nothing when nothing changed.
build() {
    preset=$1
    shift
    [ -f "out/$preset/build.ninja" ] || cmake --preset "$preset"
    ninja -C "out/$preset" "$@"
}

# start_broker PORT DATA LOG: starts out/release/bin/cauce on loopback and returns when clients can come; its process is
# $broker. In a session of its own: a Ctrl-C at the terminal is the caller's, and so is the order in which things stop.
# Should the caller be killed, the broker is told to stop.
start_broker() {
    setsid setpriv --pdeathsig TERM out/release/bin/cauce dev --port "$1" --data "$2" --no-open >"$3" 2>&1 </dev/null &
    broker=$!
    until grep -q 'Kafka Server started' "$3" 2>/dev/null; do
        if ! kill -0 "$broker" 2>/dev/null; then
            broker=
            echo "The broker did not start; $3 ends:" >&2
            tail -n 15 "$3" >&2
            return 1
        fi
        sleep 0.05
    done
}

# free_port: prints a port that nobody listens on now.
free_port() {
    /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
