// A server in a process of its own that records its facts, as metrics would. Run with tsx and an IPC channel: it sends its
// address, and all facts so far in answer to any message.
import { subscribe } from 'node:diagnostics_channel'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'

const names = ['committed', 'offered', 'event-executed', 'event-shared', 'delivered', 'socket-closed', 'limited']
const facts = names.map((name) => [name, [] as unknown[]] as const)
for (const [name, payloads] of facts) subscribe(`parley:${name}`, (payload) => payloads.push(payload))

const app = await createApp(loadConfig(process.env))
process.on('message', () => process.send?.(Object.fromEntries(facts)))
process.once('disconnect', () => process.exit(0))
process.send?.({ url: app.url })
