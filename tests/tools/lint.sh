# shellcheck shell=bash
# ./dev lint: every check runs, each says ok, FAILED or skipped on one line, and what failed is shown. Sourced by ./dev.
#
# A check is skipped only where its tool comes from npm or PyPI and those cannot be reached; --strict makes that a
# failure.

# shellcheck disable=SC2154  # logs and tools are ./dev's
readonly node=$tools/node floors=(base mime smtp api service)

# Everything in the checkout that is ours, by name pattern.
our_files() {
    find . \( -path ./build -o -path ./.git -o -name node_modules \) -prune -o -type f -name "$1" -print
}

shell_scripts() {
    our_files '*.sh'
    our_files '*' | while read -r file; do
        if [[ $file != *.sh ]] && head -n 1 "$file" | grep -qE '^#!.*[/ ](ba|da)?sh( |$)'; then
            printf '%s\n' "$file"
        fi
    done
}

lint_format() {
    our_files '*.[ch]' | xargs clang-format --dry-run -Werror
}

lint_clang_tidy() {
    find "${floors[@]}" -name '*.c' -print0 | xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p build/clang
}

# The tests are left to the compilers: their harness leads cppcheck astray. What the build makes of the page and of
# openapi.yaml, long arrays of bytes, takes it minutes.
lint_cppcheck() {
    mkdir -p build/cppcheck
    cppcheck --project=build/clang/compile_commands.json -i tests -i build \
        --cppcheck-build-dir=build/cppcheck -j "$(nproc)" --quiet \
        --enable=warning,performance,portability,style --inline-suppr \
        --suppressions-list=tests/tools/cppcheck-suppressions.txt --error-exitcode=1
}

lint_shell() {
    shell_scripts | xargs shellcheck --external-sources
}

lint_python_syntax() {
    our_files '*.py' | PYTHONPYCACHEPREFIX=$PWD/build/pycache xargs -r python3 -m py_compile
}

lint_ruff() {
    our_files '*.py' | xargs -r "$tools/python-lint/bin/ruff" check --config tests/tools/ruff.toml --no-cache
}

lint_openapi() {
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
        "$node/node_modules/.bin/redocly" lint --config tests/tools/redocly.yaml openapi.yaml
}

# The commands are what a log of the build would show. Without debugging information, for who packages it keeps that
# apart; and Debian 12's own start files know no control-flow protection, so that no program there has all of it.
lint_hardening() {
    local commands=$logs/release-commands.log
    {
        echo "dpkg-buildpackage: info: source package postern"
        ninja -C build/release -t commands postern
    } >"$commands"
    blhc --all --ignore-flag -g "$commands" && hardening-check --nocfprotection build/release/postern
}

lint_house() {
    python3 tests/tools/check_house.py
}

lint_rows() {
    python3 tests/tools/check_rows.py
}

check() {
    step "$1" "lint-$2" "lint_$2" || failed+=("$1")
}

skip() {
    printf '%-46s skipped: %s\n' "$1" "$2"
    skipped+=("$1")
}

dev_lint() {
    local -a failed=() skipped=()
    [[ $# -eq 0 || "$*" == --strict ]] || die "usage: ./dev lint [--strict]"
    need lint
    step "clang: builds without a warning" build-clang build_preset clang || failed+=(clang)
    check "clang-format" format
    check "clang-tidy" clang_tidy
    check "cppcheck" cppcheck
    check "shellcheck" shell
    check "Python: syntax" python_syntax
    if need_python lint; then check "Python: ruff" ruff; else skip "Python: ruff" "PyPI is out of reach"; fi
    if need_npm tests/tools "$node" "fetching lint tools from npm"; then
        check "OpenAPI: redocly" openapi
    else
        skip "OpenAPI: redocly" "npm is out of reach"
    fi
    build release postern || failed+=(release)
    check "hardening of what is shipped" hardening
    check "rules of the house" house
    check "tests/ROWS.md names tests that exist" rows
    grep '^warning: ' "$logs/lint-house.log" || true
    report_lint "$@"
}

report_lint() {
    ((${#skipped[@]} == 0)) || say "lint: skipped: $(printf '%s; ' "${skipped[@]}")"
    ((${#failed[@]} == 0)) || { say "lint: FAILED: $(printf '%s; ' "${failed[@]}")"; return 1; }
    [[ ${1:-} != --strict || ${#skipped[@]} -eq 0 ]] || return 1
    say "lint: all that ran is clean"
}
