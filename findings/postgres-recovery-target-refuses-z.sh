#!/usr/bin/env bash
# Guess: recovery_target_time takes what timestamptz takes, so an ISO time as every program writes it, 2026-12-01T08:00:00Z.
# Truth: it refuses the Z: the setting is read before PostgreSQL has loaded the abbreviations of zones. The same time with +00 is taken, T and
#   all, and so is UTC. SELECT of the same text as timestamptz works.
# Why it matters: a restore of a chat to the moment before the damage is tried for the first time on the worst day; the script that fills in
#   toISOString() then ends with "invalid value", or, in a file, with "contains errors" and no word of which line.
# Needs: Debian's postgresql (its initdb and postgres).
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
run() { "$@"; }
# PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  run() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
fi
cd "$folder"
"$bin/postgres" --version
run "$bin/initdb" -D "$folder/data" --no-sync >/dev/null 2>&1
failed=0
check() { # what, expected (taken or refused), the time
  if run "$bin/postgres" -D "$folder/data" -c "recovery_target_time=$3" -C recovery_target_time >said 2>&1; then got=taken; else got=refused; fi
  [ "$got" = "$2" ] && mark='as found' || { mark='CHANGED '; failed=1; }
  printf '%s  %s: %s, %s\n' "$mark" "$1" "$3" "$got"
  [ "$got" = taken ] || tail -1 said
}
check 'with an offset' taken '2026-12-01T08:00:00.123+00'
check 'with Z' refused '2026-12-01T08:00:00.123Z'
check 'with the name of the zone' taken '2026-12-01 08:00:00 UTC'
as_sql=$(echo "SELECT 'read: ' || '2026-12-01T08:00:00.123Z'::timestamptz" | run "$bin/postgres" --single -D "$folder/data" postgres 2>/dev/null | grep -o 'read: 2026[^"]*' | head -1)
[ -n "$as_sql" ] && echo "as found  as timestamptz: $as_sql" || { echo 'CHANGED   as timestamptz'; failed=1; }
exit "$failed"
