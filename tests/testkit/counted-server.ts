// A server in a process of its own that tells what it holds, and how much memory is in use after collecting garbage.
// Run with --expose-gc, tsx and an IPC channel: it reports its address, and its counts whenever it is sent a message.
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'

const app = await createApp(loadConfig(process.env))
process.on('message', () => {
  globalThis.gc?.()
  process.send?.({
    ...app.counts(),
    heapBytes: process.memoryUsage().heapUsed,
    residentBytes: process.memoryUsage().rss,
  })
})
process.once('disconnect', () => process.exit(0))
process.send?.({ url: app.url })
