#!/usr/bin/env bash
# Installs what drives the browser in the tests of the monitor's page, into the folder named: a Python
# environment with Playwright and axe. The browser is Debian's.
set -euo pipefail
root=$1
packages=(playwright==1.65.2 axe-playwright-python==0.1.8)

if [ "$(cat "$root/packages" 2>/dev/null || true)" = "${packages[*]}" ] && "$root/bin/python" -c "import playwright, axe_playwright_python" 2>/dev/null; then
  exit 0
fi
echo "==> installing ${packages[*]} into $root"
rm -rf "$root"
python3 -m venv "$root"
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 "$root/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
echo "${packages[*]}" > "$root/packages"
