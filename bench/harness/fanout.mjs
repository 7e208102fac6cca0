import { WrongResult } from './audience.mjs'
import { startCpuClock } from './process-figures.mjs'

const drainTimeoutMs = 60_000
const firstCount = 20
const minCount = 20
const maxCount = 20_000

/** Sends this many messages in all and waits until everybody has all of them. */
async function burst({ watchers, writers }, audience, count) {
  await watchers.call('reset')
  const sent = await writers.call('sendFast', { count })
  if (sent.errors.length > 0) throw new WrongResult(sent.errors[0])
  const seqs = audience.rooms.map((_, room) => sent.rooms[room]?.last ?? 0)
  const { complete, lastEventAtMs } = await watchers.call('waitFor', { seqs, timeoutMs: drainTimeoutMs })
  const counts = await watchers.call('counts')
  const expected = audience.rooms.reduce(
    (sum, { members }, room) => sum + members.length * (sent.rooms[room]?.count ?? 0),
    0,
  )
  return { complete, counts, expected, elapsedMs: lastEventAtMs - sent.startedAtMs, sent }
}

/** The number of messages is chosen so that this takes about as long for every contender. */
export async function measureFanout(context, audience, check) {
  const { budget, server } = context
  let trial = await burst(context, audience, firstCount)
  // The first messages are slow for many reasons; their time only tells how many to send for a better estimate.
  trial = await burst(context, audience, clamp((budget.calibrateMs * firstCount) / trial.elapsedMs))
  const count = clamp((budget.fanoutMs * trial.sent.acked) / trial.elapsedMs)
  const cpuMs = startCpuClock(server.pid)
  const { counts, expected, elapsedMs, sent } = await burst(context, audience, count)
  const cpu = cpuMs()
  check(counts, expected)
  return {
    framesPerSecond: (expected * 1000) / elapsedMs,
    messages: sent.acked,
    frames: expected,
    reordered: counts.reordered,
    serverCpuUsPerFrame: (cpu * 1000) / expected,
  }
}

const clamp = (count) => Math.round(Math.min(maxCount, Math.max(minCount, count)))
