# shellcheck shell=sh
# Sourced by the stages that build and run unit tests. Prints lines as ./test wants them; the working folder is the root.
. tools/steps.sh

# unit_tests PRESET PREFIX TARGET...: builds the targets and runs every test program among them (all there are for the
# target cauce_unit_tests).
unit_tests() {
    preset=$1 prefix=$2
    shift 2
    log=out/log/build-$preset.log
    if ! step "build-$preset" "building $preset" build "$preset" "$@"; then
        echo "not ok ${prefix}build: $(grep -m 1 -E 'error:|FAILED|fatal' "$log" || tail -n 1 "$log")"
        return 1
    fi
    echo "ok ${prefix}build"
    # A compiler's warning is a failure here and nowhere else, so that nobody is kept from trying something.
    if grep -qE '^[^ ]*(src|fuzz|bench)/.*: warning: ' "$log"; then
        grep -E ': warning: ' "$log" | sort -u | sed "s|^|not ok ${prefix}warning: |" | head -n 20
    fi
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
