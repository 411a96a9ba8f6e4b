#!/bin/sh
# The programs that tests need beside Python: a browser and its driver, PostgreSQL.
# Installed with apt where that is possible; where it isn't, the tests that need
# them are skipped with a line that says what to install (with CI=true they fail).
set -u
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v chromedriver >/dev/null 2>&1 || missing="$missing chromium-driver"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing (once)…"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core; } >/dev/null 2>&1 && exit 0
fi
echo "Could not install:$missing. Tests that need them are skipped; install them with: apt-get install$missing"
exit 0
