// A server in a process of its own that reports what it holds, and its memory after a garbage collection. Run with
// --expose-gc, tsx and an IPC channel: it sends its address, and its counts in answer to any message.
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
