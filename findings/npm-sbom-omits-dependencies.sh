#!/usr/bin/env bash
# Tools: npm 11.19.1 (its own command sbom).
# Guess: `npm sbom --omit dev` lists what `npm install --omit dev` installs, so it can go with a release, and scanners can be run on it.
# Truth: in workspaces a package that one of them needs to run is left out when another one has it among its devDependencies too. It
#   is installed and listed by `npm ls --omit dev`; the list for scanners lacks it, and nothing says so. `.dev` of `npm query`, which sbom
#   filters by, asks for any dependent of that kind, not for all of them.
# Why it matters for chat: a server and its client library live in one repository, and the client is tested with what the server is built
#   upon: graphql and ws are a dependency there and a devDependency here. Just these are then missing, and a known weakness of
#   the WebSocket library is found by nobody. Give npm sbom manifests without devDependencies and a lock without what is for development.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tool && (cd tool && npm init -y >/dev/null && npm install --silent --no-audit --no-fund npm@11.19.1 >/dev/null)
npm() { "$dir/tool/node_modules/.bin/npm" "$@"; }
mkdir -p project/client && cd project
cat >package.json <<'JSON'
{ "name": "server", "version": "1.0.0", "private": true, "workspaces": ["client"], "dependencies": { "ws": "8.18.3", "ms": "2.1.3" } }
JSON
cat >client/package.json <<'JSON'
{ "name": "client", "version": "1.0.0", "devDependencies": { "ws": "8.18.3" } }
JSON
npm install --silent --no-audit --no-fund >/dev/null
names='process.stdout.write(JSON.parse(require("fs").readFileSync(0)).components.map(({ name }) => name).sort().join(" ") + "\n")'
{
  echo "installed without development: $(npm ls --omit dev --parseable --depth 0 | grep -oE 'node_modules/(ws|ms)$' | sort | xargs)"
  echo "npm sbom: $(npm sbom --sbom-format cyclonedx | node -e "$names")"
  echo "npm sbom --omit dev: $(npm sbom --sbom-format cyclonedx --omit dev | node -e "$names")"
} >../out
echo "npm $(npm --version), node $(node --version)"; cat ../out
[ "$(cat ../out)" = 'installed without development: node_modules/ms node_modules/ws
npm sbom: client ms ws
npm sbom --omit dev: client ms' ]
