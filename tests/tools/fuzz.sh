# shellcheck shell=bash
# ./dev fuzz: runs libFuzzer on the targets in tests/fuzz, on each processor one at a time, and stops at the first finding
# of each. What a run adds to a corpus stays in build/fuzz, so that the next one goes on from there. Sourced by ./dev.

# shellcheck disable=SC2154  # logs is ./dev's
readonly fuzz_seconds=30 fuzz_input_timeout_s=10 fuzz_memory_mb=1024

fuzz_targets() {
    local source
    for source in tests/fuzz/*_fuzz.c; do
        source=${source##*/}
        printf '%s\n' "${source%_fuzz.c}"
    done
}

# fuzz_once TARGET SECONDS FLAGS...
fuzz_once() {
    local target=$1 seconds=$2
    local -a dictionary=()
    shift 2
    [[ ! -e tests/fuzz/$target.dict ]] || dictionary=("-dict=tests/fuzz/$target.dict")
    mkdir -p "build/fuzz/corpus/$target" "build/fuzz/findings"
    "build/fuzz/fuzz.$target" "-max_total_time=$seconds" "-timeout=$fuzz_input_timeout_s" \
        "-rss_limit_mb=$fuzz_memory_mb" -print_final_stats=1 "-artifact_prefix=build/fuzz/findings/$target." \
        "${dictionary[@]}" "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
}

# Runs a target until it has had so many seconds of CPU time, however busy the machine is.
fuzz_for() {
    local target=$1 left=$2 log=$3 used
    local TIMEFORMAT=%U
    : >"$log"
    while ((left > 0)); do
        used=$({ time fuzz_once "$target" "$left" >>"$log" 2>&1; } 2>&1) || return
        used=${used%.*}
        left=$((left - (used > 0 ? used : 1)))
    done
}

# "1234567 runs, 240 edges, 213 inputs"
fuzz_figures() {
    awk '/^stat::number_of_executed_units/ {runs += $2}
         / cov: / {for (i = 1; i < NF; i++) {if ($i == "cov:") edges = $(i + 1); if ($i == "corp:") inputs = $(i + 1)}}
         END {sub("/.*", "", inputs); printf "%d runs, %d edges, %d inputs\n", runs, edges, inputs}' "$1"
}

fuzz_target() {
    local target=$1 seconds=$2 log=$logs/fuzz-$1.log
    local what="fuzzing $target, $seconds s of CPU time"
    if fuzz_for "$target" "$seconds" "$log"; then
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
    local seconds=$fuzz_seconds target
    while (($#)); do
        case $1 in
            --seconds) seconds=${2:-} && shift ;;
            -*) die "usage: ./dev fuzz [TARGET...] [--seconds N]" ;;
            *) targets+=("$1") ;;
        esac
        shift
    done
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds wants a number"
    ((${#targets[@]})) || mapfile -t targets < <(fuzz_targets)
    for target in "${targets[@]}"; do
        [[ -e tests/fuzz/${target}_fuzz.c ]] || die "no target '$target'; there are: $(fuzz_targets | paste -s -d ' ')"
    done
    need fuzz
    sanitizer_options
    build fuzz fuzzers
    fuzz_side_by_side "$seconds" "${targets[@]}"
}
