#!/usr/bin/env bash
# Tool: ioredis 5.11.1, on Debian's redis-server.
# Guess: socketTimeout is about one connection: when a command on it is not answered in time, that connection is ended.
# Truth: its timer is the client's. When a connection with an unanswered command is lost for another reason, the timer stays, and
#   ends the next connection when it fires, although that one is idle and healthy; until then the new connection has no timer
#   of its own.
# Why it matters for chat: each flap of the network is two: a second after a subscriber is back and has subscribed to its
#   thousands of topics it is cut off once more, and what is published in between is lost. A deadline for each command, or a
#   probe that is published and heard, does what was wanted.
set -euo pipefail
dir=$(mktemp -d); trap 'kill -CONT "${redis:-}" 2>/dev/null; kill "${redis:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@5.11.1 >/dev/null
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$dir" >/dev/null & redis=$!
cat >try.mjs <<'JS'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'

const [port, pid] = process.argv.slice(2).map(Number)
const client = new Redis({ host: '127.0.0.1', port, socketTimeout: 2_000, maxRetriesPerRequest: 0, retryStrategy: () => 50 })
let reason = 'none'
client.on('error', (error) => (reason = error.message))
while (client.status !== 'ready') await delay(20)
await client.ping()
// A command that is not answered, on a connection that the network then loses.
process.kill(pid, 'SIGSTOP')
client.ping().catch(() => undefined)
await delay(300)
client.stream.resetAndDestroy()
process.kill(pid, 'SIGCONT')
await once(client, 'ready')
reason = 'none'
console.log('connected again; nothing is asked for from here on')
const closed = await Promise.race([new Promise((resolve) => client.on('close', () => resolve(true))), delay(4_000).then(() => false)])
console.log(`the new connection is closed: ${closed}; reason: ${reason}`)
process.exit(closed && reason.startsWith('Socket timeout') ? 0 : 1)
JS
echo "node $(node --version), $(redis-server --version | cut -d' ' -f3), ioredis $(node -p 'require("ioredis/package.json").version')"
node try.mjs "$port" "$redis"
