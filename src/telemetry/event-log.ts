import { AsyncLocalStorage } from 'node:async_hooks'
import * as facts from './facts.ts'
import { Listening } from './listening.ts'
import type { Logger } from './logger.ts'

type Level = 'debug' | 'info' | 'warn'

const secondMs = 1_000
/** Commands that move read or delivered positions. */
const receipts = ['advanceCursor', 'markReadIn', 'readSupport']

/** Outcomes that are no refusals. */
const done = ['ACCEPTED', 'DUPLICATE', 'ADVANCED', 'UNCHANGED']

/** MESSAGE_SENT is message.sent. */
const nameOf = (type: string) =>
  type === 'RECEIPT_ADVANCED' ? 'receipt.updated' : type.toLowerCase().replace('_', '.')

const withoutTrace = { traceId: undefined }

/**
 * A line for each thing that happens, made of the facts. `data` has ids, numbers and codes: never a text, a name or a token.
 * Of each event at most `maxPerSecond` lines are written in a second, and then one that says how many were left out: a busy
 * room must not fill the disk. Returns the function that stops it.
 */
export function logEvents(logger: Logger, maxPerSecond: number): () => void {
  if (maxPerSecond === 0) return () => undefined
  const listening = new Listening()
  const counts = new Map<string, { untilMs: number; count: number }>()
  const traces = new AsyncLocalStorage<{ traceId?: string }>()

  /** The number of lines of this event that were left out, once its second is over. */
  const tellLater = (event: string, level: Level, untilMs: number) => {
    const timer = setTimeout(() => {
      const left = (counts.get(event)?.count ?? 0) - maxPerSecond
      counts.delete(event)
      if (left > 0) logger[level]({ event: 'log.suppressed', of: event, count: left }, 'Lines were left out')
    }, untilMs - performance.now())
    timer.unref()
  }
  const write = (level: Level, event: string, message: string, data: object, traceId?: string) => {
    let counted = counts.get(event)
    if (!counted) {
      counts.set(event, (counted = { untilMs: performance.now() + secondMs, count: 0 }))
      tellLater(event, level, counted.untilMs)
    }
    if (++counted.count > maxPerSecond) return
    const of = traceId ?? (traces.getStore() ?? withoutTrace).traceId
    logger[level]({ event, ...(of !== undefined && of !== '' && { traceId: of }), ...data }, message)
  }
  /** Nobody listens where it would not be written, so that a fact costs nothing then. */
  const on = <Payload extends object>(level: Level, kind: facts.Fact<Payload>, note: (told: Payload) => void) => {
    if (logger.isLevelEnabled(level)) listening.on(kind, note)
  }

  on('info', facts.connected, (told) => {
    write('info', 'websocket.connected', 'A WebSocket was opened', told)
  })
  on('info', facts.disconnected, ({ durationMs, ...told }) => {
    write('info', 'websocket.disconnected', 'A WebSocket was closed', { ...told, durationMs: Math.round(durationMs) })
  })
  on('debug', facts.committed, ({ type, outcome, events, durationMs, actorId: userId }) => {
    const who = { ...(userId !== undefined && { userId }), durationMs: Math.round(durationMs) }
    if (receipts.includes(type) && (outcome === 'ACCEPTED' || outcome === 'ADVANCED')) {
      write('debug', 'receipt.updated', 'Somebody has read or received messages', { command: type, ...who })
    }
    for (const event of events) {
      // The command says it already; gathered ones are published by none.
      if (event.type === 'RECEIPT_ADVANCED' && receipts.includes(type)) continue
      const data = { streamId: event.streamId, eventSeq: event.seq, ...who }
      write('debug', nameOf(event.type), 'An event was committed', data)
    }
  })
  on('info', facts.committed, ({ type, outcome, actorId: userId }) => {
    if (done.includes(outcome)) return
    if (facts.sendCommands.includes(type))
      write('info', 'message.failed', 'A message was refused', { userId, reason: outcome })
    else if (logger.isLevelEnabled('debug')) {
      write('debug', 'write.refused', 'A write was refused', { command: type, userId, reason: outcome })
    }
  })
  on('warn', facts.writeFailed, ({ type, actorId: userId, code, durationMs }) => {
    const event = facts.sendCommands.includes(type) ? 'message.failed' : 'write.failed'
    const data = { command: type, userId, reason: code, durationMs: Math.round(durationMs) }
    write('warn', event, 'A write got no answer of the database', data)
  })
  on('debug', facts.handedOver, ({ event: { streamId, seq, type }, viewerId: userId }) => {
    const event = type === 'MESSAGE_SENT' ? 'message.delivered' : 'event.delivered'
    write('debug', event, 'An event goes to a reader', { type, streamId, eventSeq: seq, userId })
  })
  on('debug', facts.presenceChanged, (told) => {
    write('debug', 'presence.changed', 'Somebody is there, away or gone', told)
  })
  on('debug', facts.erred, ({ code, traceId, isUnexpected }) => {
    // What is unexpected has a line of its own, with the error.
    if (!isUnexpected) write('debug', 'request.refused', 'An error was answered', { code }, traceId)
  })
  on('warn', facts.diagnosed, ({ userId, eventCount, ...anomalies }) => {
    if (Object.values(anomalies).every((count) => count === 0)) return
    write('warn', 'protocol.broken', 'A client saw what must never happen', { userId, eventCount, ...anomalies })
  })
  on('debug', facts.uploaded, ({ byteSize, isTaken }) => {
    write('debug', isTaken ? 'file.uploaded' : 'file.refused', 'A file was sent', { byteSize })
  })
  on('debug', facts.webhookAttempted, ({ endpointId, type, state, status, durationMs }) => {
    const data = { endpointId, type, state, status, durationMs: Math.round(durationMs) }
    write('debug', state === 'DELIVERED' ? 'webhook.delivered' : 'webhook.failed', 'A webhook was attempted', data)
  })
  // Following what an operation waits for has its price, so it is not done for the few lines of other levels.
  if (logger.isLevelEnabled('debug')) listening.bind(facts.operated.begun, traces, ({ traceId }) => ({ traceId }))
  return () => {
    listening.stop()
  }
}
