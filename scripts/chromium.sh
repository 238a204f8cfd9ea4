#!/usr/bin/env bash
# Installs Chromium for the tests of the page, where it is absent and Debian's package manager can do so. Exits with
# code 1 when there is none afterwards.
set -u

has_chromium() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

has_chromium && exit 0
if command -v apt-get >/dev/null; then
  echo "chromium: installing Debian's package for the tests of the page ..." >&2
  apt-get install -y --no-install-recommends chromium >/dev/null 2>&1 ||
    { apt-get update >/dev/null 2>&1 && apt-get install -y --no-install-recommends chromium >/dev/null 2>&1; }
fi
has_chromium || { echo "chromium: there is none, and it could not be installed" >&2; exit 1; }
