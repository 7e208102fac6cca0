#!/usr/bin/env bash
# Tool: Debian's redis-server (7.0.15 here).
# Guess: a Redis that cannot be used says so to whoever publishes or subscribes: a former primary refuses with READONLY, a full
#   one with OOM, and one that was given a password asks everybody for it.
# Truth: pub/sub hears of none of these. A replica takes PUBLISH and answers how many heard it, which are its own subscribers
#   alone: nobody at the primary hears anything. A Redis whose memory is full takes PUBLISH, SUBSCRIBE and a script that only
#   prolongs keys, and refuses SET. CONFIG SET requirepass asks those for the password who connect later; connections that
#   are there go on, so that the mistake shows at the next restart of something else.
# Why it matters for chat: after a failover that leaves connections open, live events and presence are dead with all
#   connections up, all publishes answered and no error anywhere. Probe with a write on the publishing connection, and with a
#   message that has to be heard on the subscribing one.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${a:-}" "${b:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
free() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
pa=$(free); pb=$(free)
redis-server --port "$pa" --bind 127.0.0.1 --save '' --dir "$dir" >/dev/null & a=$!
redis-server --port "$pb" --bind 127.0.0.1 --save '' --dir "$dir" >/dev/null & b=$!
for port in "$pa" "$pb"; do until redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; do sleep 0.1; done; done
echo "redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')"

redis-cli -p "$pb" replicaof 127.0.0.1 "$pa" >/dev/null
until redis-cli -p "$pb" info replication | grep -q 'master_link_status:up'; do sleep 0.1; done
redis-cli -p "$pa" subscribe topic >at-primary & s1=$!
redis-cli -p "$pb" subscribe topic >at-replica & s2=$!
until [ "$(redis-cli -p "$pa" pubsub numsub topic | tail -1)" = 1 ] && [ "$(redis-cli -p "$pb" pubsub numsub topic | tail -1)" = 1 ]; do sleep 0.1; done
onReplica=$(redis-cli -p "$pb" publish topic from-replica)
write=$(redis-cli -p "$pb" set key value)
sleep 0.5; kill "$s1" "$s2"
echo "PUBLISH on the replica: $onReplica heard it; there $(grep -c from-replica at-replica || true), at the primary $(grep -c from-replica at-primary || true)"
echo "SET on the replica: $write"

redis-cli -p "$pa" set prolonged value >/dev/null
redis-cli -p "$pa" config set maxmemory 1 >/dev/null
fullPublish=$(redis-cli -p "$pa" publish topic x); fullSet=$(redis-cli -p "$pa" set key value)
fullScript=$(redis-cli -p "$pa" eval "return redis.call('PEXPIRE', KEYS[1], 100000)" 1 prolonged)
redis-cli -p "$pa" config set maxmemory 0 >/dev/null
echo "full: PUBLISH answers $fullPublish, a script that prolongs $fullScript, SET: $fullSet"

mkfifo commands
redis-cli -p "$pa" <commands >answers & old=$!
exec 3>commands; echo ping >&3; until grep -q PONG answers; do sleep 0.1; done
redis-cli -p "$pa" config set requirepass secret >/dev/null
echo 'set key value' >&3; exec 3>&-; wait "$old" || true
new=$(redis-cli -p "$pa" set key value)
echo "with a new password: the old connection is told $(tail -1 answers), a new one $new"

[ "$onReplica" = 1 ] && grep -q from-replica at-replica && ! grep -q from-replica at-primary && [[ $write == READONLY* ]]
[ "$fullPublish" = 0 ] && [ "$fullScript" = 1 ] && [[ $fullSet == OOM* ]]
[ "$(tail -1 answers)" = OK ] && [[ $new == NOAUTH* ]]
