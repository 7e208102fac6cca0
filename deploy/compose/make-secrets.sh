#!/bin/sh
# Makes the secrets that docker-compose.yml hands to its containers as files. Those that are there already stay as they are.
set -eu
cd "$(dirname "$0")"

umask 077
mkdir -p secrets
cd secrets

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}
put() {
  [ -s "$1" ] && return
  printf '%s\n' "$2" >"$1"
  # Each container reads it as a user of its own. On this machine nobody but the owner gets into the folder.
  chmod 444 "$1"
}

put jwt_secret "${JWT_SECRET:-$(random)}"
put postgres_password "$(random)"
put database_url "postgresql://parley:$(cat postgres_password)@postgres:5432/parley"
put s3_secret_access_key "$(random)"
