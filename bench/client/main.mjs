// A process of clients. The harness asks it for things over IPC; it ends with the harness.
import process from 'node:process'
import { readerMethods } from './readers.mjs'
import { senderMethods } from './senders.mjs'
import { subscriberMethods } from './subscribers.mjs'

const methods = { ...subscriberMethods, ...senderMethods, ...readerMethods }

process.once('disconnect', () => process.exit(0))
// Ctrl-C in a terminal reaches all processes; the harness decides.
process.on('SIGINT', () => undefined)

process.on('message', async ({ id, method, argument }) => {
  try {
    process.send({ id, result: await methods[method](argument ?? {}) })
  } catch (error) {
    process.send({ id, error: error.stack ?? String(error) })
  }
})
