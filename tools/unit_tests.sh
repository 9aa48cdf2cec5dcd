# shellcheck shell=sh
# Sourced by the stages that build and run unit tests. Prints lines as ./test wants them; the working folder is the root.
. tools/steps.sh

# built STEP PRESET NAME TARGET...: builds the targets and says as the test NAME whether that worked; its log is
# out/log/STEP.log.
built() {
    log=out/log/$1.log preset=$2 name=$3
    what=$1
    shift 3
    if ! step "$what" "building $preset ($*)" build "$preset" "$@"; then
        echo "not ok $name: $(grep -m 1 -E 'error:|FAILED|fatal' "$log" || tail -n 1 "$log")"
        return 1
    fi
    echo "ok $name"
    # A compiler's warning is a failure here and nowhere else, so that nobody is kept from trying something.
    if grep -qE '^[^ ]*(src|fuzz|bench)/.*: warning: ' "$log"; then
        grep -E ': warning: ' "$log" | sort -u | sed "s|^|not ok ${name%build}warning: |" | head -n 20
    fi
}

# unit_tests PRESET PREFIX TARGET...: builds the targets and runs every test program among them (all there are for the
# target cauce_unit_tests).
unit_tests() {
    preset=$1 prefix=$2
    shift 2
    built "build-$preset" "$preset" "${prefix}build" "$@" || return 1
    if [ "$*" = cauce_unit_tests ]; then
        set -- "out/$preset"/bin/*_test
    else
        for target in "$@"; do
            shift
            set -- "$@" "out/$preset/bin/$target"
        done
    fi
    tools/run_gtests --prefix "$prefix" "$@"
}

# program_under PRESET: the whole program built with a sanitizer, driven by its own command line, by hostile clients and
# killed under load. A report of the sanitizer is a failure, whatever the tests said.
program_under() {
    preset=$1
    reports=$PWD/out/log/$preset-report
    step "build-$preset-cauce" "building cauce ($preset)" build "$preset" cauce check_history || {
        echo "not ok $preset/cauce/build: out/log/build-$preset-cauce.log says why"
        return 1
    }
    rm -f "$reports".*
    export ASAN_OPTIONS="${ASAN_OPTIONS:-}:log_path=$reports" TSAN_OPTIONS="log_path=$reports" \
        UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports"
    for suite in cli hostile faults; do
        [ -x "tests/$suite/run" ] || continue
        rounds=
        [ "$suite" != faults ] || rounds=5
        FAULT_POWER_ROUNDS=5
        export FAULT_POWER_ROUNDS
        # shellcheck disable=SC2086 # nothing, or one number
        { "tests/$suite/run" "out/$preset/bin/cauce" $rounds || true; } |
            sed -E "s#^(ok|not ok|skip|will) #\\1 $preset/#"
    done
    found=
    for report in "$reports".*; do
        [ -e "$report" ] || continue
        found=yes
        echo "not ok $preset/report: $(grep -m 1 -E 'ERROR|WARNING|runtime error' "$report") (${report#"$PWD/"})"
    done
    [ -n "$found" ] || echo "ok $preset/no-report"
}
