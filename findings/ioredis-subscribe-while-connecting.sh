#!/usr/bin/env bash
# Tool: ioredis 5.11.1 and graphql-redis-subscriptions 2.7.0, on Debian's redis-server.
# Guess: with maxRetriesPerRequest null a SUBSCRIBE waits until it is answered, on whichever connection: ioredis keeps what is
#   under way when a connection is lost and sends it again, and subscribes again to everything.
# Truth: a SUBSCRIBE that is asked for after 'connect' and before 'ready' is written at once, because Redis allows it while
#   loading. When that connection is lost before it is ready, the command is dropped: its promise never settles, and no later
#   connection subscribes to the topic. graphql-redis-subscriptions remembers one pending answer for each topic, so that
#   everybody who subscribes to that topic later waits for the same answer, on a connection that is healthy.
# Why it matters for chat: a reader opened in the second in which Redis restarts or the network flaps is silent for ever, and
#   so is everybody after it: connected, pings answered, nothing in the log. Put a deadline on SUBSCRIBE, and keep a list of
#   what is wanted that is asked for anew on each 'ready'.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${redis:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@5.11.1 graphql-redis-subscriptions@2.7.0 graphql-subscriptions@3.0.0 graphql@16 >/dev/null
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$dir" >/dev/null & redis=$!
cat >try.mjs <<'JS'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { RedisPubSub } from 'graphql-redis-subscriptions'

const port = Number(process.argv[2])
// A network that, while it is bad, takes connections and loses them a moment later.
let isBad = false
const sockets = new Set()
const proxy = createServer((client) => {
  sockets.add(client)
  client.on('error', () => undefined)
  if (isBad) return void setTimeout(() => client.resetAndDestroy(), 300)
  const server = connect(port, '127.0.0.1').on('error', () => client.destroy())
  client.pipe(server).pipe(client)
}).listen(0, '127.0.0.1')
await once(proxy, 'listening')

const options = { port: proxy.address().port, host: '127.0.0.1', retryStrategy: () => 50 }
const subscriber = new Redis({ ...options, enableReadyCheck: false, maxRetriesPerRequest: null }).on('error', () => undefined)
const publisher = new Redis({ ...options, port }).on('error', () => undefined)
const pubSub = new RedisPubSub({ subscriber, publisher })
await pubSub.subscribe('before', () => undefined)

const settled = []
isBad = true
for (const socket of sockets) socket.destroy()
await once(subscriber, 'connect')
console.log(`status when the topic is asked for: ${subscriber.status}`)
pubSub.subscribe('topic', () => undefined).then(() => settled.push('first'), () => settled.push('first failed'))
await delay(100)
isBad = false
while (subscriber.status !== 'ready') await delay(50)
await delay(500)
pubSub.subscribe('topic', () => undefined).then(() => settled.push('second'), () => settled.push('second failed'))
await delay(5_000)
const channels = await publisher.pubsub('CHANNELS')
console.log(`status now: ${subscriber.status}, ping: ${JSON.stringify(await subscriber.ping())}`)
console.log(`subscriptions that settled in 5 s: ${settled.length ? settled.join(', ') : 'none'}`)
console.log(`channels at Redis: ${channels.sort().join(', ')}`)
process.exit(settled.length === 0 && channels.join() === 'before' ? 0 : 1)
JS
echo "node $(node --version), $(redis-server --version | cut -d' ' -f3), ioredis $(node -p 'require("ioredis/package.json").version')"
node try.mjs "$port"
