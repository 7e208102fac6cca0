// A process of clients. The harness calls its methods over IPC; it ends with the harness.
import process from 'node:process'
import { readerMethods } from './readers.mjs'
import { senderMethods } from './senders.mjs'
import { subscriberMethods } from './subscribers.mjs'
import { webhookMethods } from './webhook-receiver.mjs'

/** @type {Record<string, (argument: any) => unknown>} */
const methods = { ...subscriberMethods, ...senderMethods, ...readerMethods, ...webhookMethods }

process.once('disconnect', () => process.exit(0))
// Ctrl-C in a terminal reaches all processes; the harness decides when they end.
process.on('SIGINT', () => undefined)

const answer = (/** @type {object} */ message) => process.send?.(message)

process.on(
  'message',
  async (/** @type {{ id: number, method: string, argument?: object }} */ { id, method, argument }) => {
    try {
      answer({ id, result: await methods[method](argument ?? {}) })
    } catch (error) {
      answer({ id, error: (error instanceof Error ? error.stack : undefined) ?? String(error) })
    }
  },
)
