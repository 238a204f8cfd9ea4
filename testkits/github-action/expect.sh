#!/usr/bin/env bash
# Runs `whippet expect` with what the action was given. Expectations and command come as variables, never as part of a script.
set -euo pipefail

words=(expect --timeout "${EXPECT_TIMEOUT:-10s}")
[ "${EXPECT_ALLOW_REJECTED:-false}" = true ] || words+=(--no-rejected)
[ -z "${EXPECT_JUNIT:-}" ] || words+=(--junit "$EXPECT_JUNIT")
expectations=()
while IFS= read -r line; do
  [[ "$line" =~ ^[[:space:]]*(#.*)?$ ]] || expectations+=("$line")
done <<< "$EXPECT_LINES"
if [ "${#expectations[@]}" = 0 ]; then
  echo "expect is empty: write one expectation per line, such as name=checkout.paid sum=3" >&2
  exit 2
fi
read -r -a whippet <<< "${EXPECT_COMMAND:-npx --yes whippet}"
exec "${whippet[@]}" "${words[@]}" --and "${expectations[@]}" -- bash -c "$EXPECT_RUN"
