# Sourced by the compatibility suites: fetches what they need from the package registries, once, into a cache folder.
# Every function prints to standard error what it does and returns non-zero with the reason when it cannot.

repo=$(CDPATH='' cd -- "$(dirname -- "$0")" && git rev-parse --show-toplevel)
cache=${CAUCE_CACHE:-$repo/.cache}

# debian PROGRAM PACKAGE...: makes sure that PROGRAM can be run, by the Debian packages named.
debian() {
    program=$1
    shift
    command -v "$program" >/dev/null 2>&1 && return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "$program is missing: install $*" >&2
        return 1
    fi
    echo "installing $* with apt-get" >&2
    said=$(mktemp)
    code=0
    "$repo/tools/apt_install" "$@" >"$said" 2>&1 || code=$?
    [ "$code" = 0 ] || { tail -n 20 "$said" >&2; echo "apt-get could not install $*" >&2; }
    rm -f "$said"
    return "$code"
}

# jars POM: prints the folder that holds the jars of a Maven file and of everything it depends on. Two callers at once
# are safe; a folder with a stamp that matches the file is complete.
jars() {
    debian java default-jdk-headless && debian mvn maven || return 1
    folder=$cache/jars/$(basename "$1" .xml)
    mkdir -p "$cache/jars"
    (
        flock 9
        cmp -s "$1" "$folder/.pom" && exit 0
        echo "fetching the jars of $(basename "$1") with mvn" >&2
        rm -rf "$folder"
        mvn -q -B -f "$1" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder" >&2 || exit 1
        cp "$1" "$folder/.pom"
    ) 9>"$folder.lock" || { echo "mvn could not fetch the jars of $1" >&2; return 1; }
    echo "$folder"
}

# once FOLDER COMMAND...: runs COMMAND with FOLDER as its last argument, and prints FOLDER. Not when that has been done before, by
# the program that calls this as it is now: what another version of it has left is made again.
once() { once_by "$0" "$@"; }

# once_by PROGRAM FOLDER COMMAND...: the same, where several programs share FOLDER and the file PROGRAM says how it is made.
once_by() {
    made_by=$(cksum <"$1") || return 1
    target=$2
    shift 2
    mkdir -p "$(dirname "$target")"
    (
        flock 9
        [ "$(cat "$target/.complete" 2>/dev/null)" = "$made_by" ] && exit 0
        rm -rf "$target"
        mkdir "$target"
        "$@" "$target" >&2 || exit 1
        echo "$made_by" >"$target/.complete"
    ) 9>"$target.lock" || return 1
    echo "$target"
}

# npm_packages PACKAGE... FOLDER
npm_packages() {
    debian node nodejs && debian npm npm || return 1
    for last; do :; done
    arguments=
    while [ $# -gt 1 ]; do
        arguments="$arguments $1"
        shift
    done
    # The list is meant to be split.
    # shellcheck disable=SC2086
    npm install --prefix "$last" --no-save --no-fund --no-audit --loglevel=error $arguments
}

# python_packages PACKAGE... FOLDER
python_packages() {
    python3 -m pip --version >/dev/null 2>&1 || debian pip3 python3-pip || return 1
    for last; do :; done
    arguments=
    while [ $# -gt 1 ]; do
        arguments="$arguments $1"
        shift
    done
    # shellcheck disable=SC2086
    python3 -m pip install -q --root-user-action=ignore --target "$last" $arguments
}
