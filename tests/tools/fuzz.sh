# shellcheck shell=bash
# ./dev fuzz: runs libFuzzer on the targets in tests/fuzz, on each processor one at a time, and stops at the first finding
# of each. What a run adds to a corpus stays in build/fuzz, so that the next one goes on from there. Sourced by ./dev.
#
# In CI it goes on beside the tests, of which many wait most of the time, and takes what they leave of the processors.

# shellcheck disable=SC2154  # logs is ./dev's
readonly fuzz_seconds=30 ci_fuzz_seconds=60 fuzz_memory_mb=1024

fuzz_targets() {
    local source
    for source in tests/fuzz/*_fuzz.c; do
        source=${source##*/}
        printf '%s\n' "${source%_fuzz.c}"
    done
}

# fuzz_run TARGET SECONDS: of CPU time, however busy the machine is (tests/fuzz/libfuzzer.c); with --clock no longer than
# that by the clock, either.
fuzz_clock_s=0
fuzz_run() {
    local -a dictionary=()
    [[ ! -e tests/fuzz/$1.dict ]] || dictionary=("-dict=tests/fuzz/$1.dict")
    mkdir -p "build/fuzz/corpus/$1" build/fuzz/findings
    FUZZ_SECONDS=$2 "build/fuzz/fuzz.$1" "-rss_limit_mb=$fuzz_memory_mb" "-max_total_time=$fuzz_clock_s" \
        -print_final_stats=1 "-artifact_prefix=build/fuzz/findings/$1." "${dictionary[@]}" "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1"
}

# "1234567 runs, 240 edges, 213 inputs"
fuzz_figures() {
    awk '/^stat::number_of_executed_units/ {runs += $2}
         / cov: / {for (i = 1; i < NF; i++) {if ($i == "cov:") edges = $(i + 1); if ($i == "corp:") inputs = $(i + 1)}}
         END {sub("/.*", "", inputs); printf "%d runs, %d edges, %d inputs\n", runs, edges, inputs}' "$1"
}

fuzz_target() {
    local target=$1 seconds=$2 log=$logs/fuzz-$1.log
    local what="fuzzing $target, $seconds s"
    if fuzz_run "$target" "$seconds" >"$log" 2>&1; then
        printf '%-46s ok: %s\n' "$what" "$(fuzz_figures "$log")"
        return 0
    fi
    printf '%-46s FOUND\n' "$what"
    grep -E 'does not hold|ERROR:|runtime error:|Test unit written|^    #[0-9]+ ' "$log" | head -n 40 >&2 || true
    printf 'dev: the whole of it is in %s\n' "$log" >&2
    return 1
}

# fuzz_lane SECONDS TARGET...: one after the other.
fuzz_lane() {
    local seconds=$1 target status=0
    shift
    for target in "$@"; do
        fuzz_target "$target" "$seconds" || status=1
    done
    return "$status"
}

# fuzz_side_by_side SECONDS TARGET...: as many lanes as there are processors.
fuzz_side_by_side() {
    local seconds=$1 lanes lane i status=0
    local -a targets=("${@:2}") pids=() own=()
    lanes=$(nproc)
    for ((lane = 0; lane < lanes; lane++)); do
        own=()
        for ((i = lane; i < ${#targets[@]}; i += lanes)); do
            own+=("${targets[i]}")
        done
        fuzz_lane "$seconds" "${own[@]}" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || status=1
    done
    return "$status"
}

dev_fuzz() {
    local -a targets=()
    local seconds=$fuzz_seconds target by_clock=
    while (($#)); do
        case $1 in
            --seconds) seconds=${2:-} && shift ;;
            --clock) by_clock=true ;;
            -*) die "usage: ./dev fuzz [TARGET...] [--seconds N] [--clock]" ;;
            *) targets+=("$1") ;;
        esac
        shift
    done
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds wants a number"
    [[ -z $by_clock ]] || fuzz_clock_s=$seconds
    ((${#targets[@]})) || mapfile -t targets < <(fuzz_targets)
    for target in "${targets[@]}"; do
        [[ -e tests/fuzz/${target}_fuzz.c ]] || die "no target '$target'; there are: $(fuzz_targets | paste -s -d ' ')"
    done
    need fuzz
    sanitizer_options
    build fuzz fuzzers
    if fuzz_side_by_side "$seconds" "${targets[@]}"; then
        say "${#targets[@]} targets, nothing found"
    else
        say "${#targets[@]} targets, and something FOUND"
        return 1
    fi
}

# --- beside the tests ------------------------------------------------------------------------------------------------

fuzzers=
stop_fuzzing() {
    [[ -z $fuzzers ]] || kill -TERM -- "-$fuzzers" 2>/dev/null || true
    fuzzers=
}

# All targets, built and run as SCHED_IDLE, in a process group of its own. The tests that measure wait for the lock on
# tests/fuzz; end_fuzzing waits for the end.
begin_fuzzing() {
    local -a idly=(chrt --idle 0)
    need fuzz
    "${idly[@]}" true 2>/dev/null || idly=(nice -n 19)
    set -m
    flock tests/fuzz "${idly[@]}" ./dev fuzz --seconds "$ci_fuzz_seconds" --clock >"$logs/test-fuzz.log" \
        2>&1 </dev/null &
    fuzzers=$!
    set +m
    trap stop_fuzzing EXIT
    trap 'exit 1' INT TERM
}

# Shows what it said. False where something was found.
end_fuzzing() {
    local since=$SECONDS status=0
    wait "$fuzzers" || status=$?
    fuzzers=
    printf '%-46s %s (%d s)\n' "waiting for the fuzzers" "$( ((status)) && echo FAILED || echo ok)" $((SECONDS - since))
    cat "$logs/test-fuzz.log"
    return "$status"
}
