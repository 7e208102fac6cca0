// A server in a process of its own that reports its work so far. Run with tsx and an IPC channel: it sends its address, and
// its counts in answer to any message.
import { workCounts } from './work-counts.ts'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'

const app = await createApp(loadConfig(process.env))
process.on('message', () => process.send?.(workCounts))
process.once('disconnect', () => process.exit(0))
process.send?.({ url: app.url })
