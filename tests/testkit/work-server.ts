// A server in a process of its own that tells what it has done so far. Run with tsx and an IPC channel: it reports its
// address, and its counts whenever it is sent a message.
import { workCounts } from './work-counts.ts'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'

const app = await createApp(loadConfig(process.env))
process.on('message', () => process.send?.(workCounts))
process.once('disconnect', () => process.exit(0))
process.send?.({ url: app.url })
