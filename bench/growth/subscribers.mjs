import { openAudience } from '../harness/audience.mjs'
import { percentiles } from '../client/clock.mjs'
import { startCpuClock } from '../harness/process-figures.mjs'
import { source } from '../harness/services.mjs'
import { room } from './sizes.mjs'

const ratePerSecond = 10
const senders = 4
const timeoutMs = 60_000

/** Single sends to a room, each after the one before was delivered. */
export async function measureSubscribers(context, sizes, repeats) {
  const { statementsOf } = await source('tests/testkit/statements.ts')
  const { watchers, writers, server, query } = context
  const points = []
  for (const size of sizes) {
    const members = Array.from({ length: size }, (_, place) => place + 1)
    const audience = await openAudience(context, [{ conversation: room, members }], senders)
    try {
      const [head] = await audience.settle()
      const count = Math.max(5, Math.min(repeats, Math.round(200_000 / size)))
      await watchers.call('reset', { baseSeqs: [head + 1], events: count })
      const cpuMs = startCpuClock(server.pid)
      const sent = []
      for (let turn = 0; turn < count; turn++) {
        const outcome = await writers.call('sendAtRate', { ratePerSecond, count: 1, timeoutMs })
        sent.push(...outcome.sent)
        const { complete } = await watchers.call('waitFor', { seqs: [head + turn + 1], timeoutMs })
        if (!complete) throw new Error(`message ${String(turn + 1)} did not reach all ${String(size)} subscribers`)
      }
      const cpu = cpuMs()
      const sentAtMs = sent.map(({ scheduledAtMs }) => scheduledAtMs)
      const delivery = await watchers.call('deliveryTimes', { sentAtMs: [sentAtMs] })
      const { calls } = await statementsOf({ query }, audience.settle)
      const point = {
        size,
        ackMs: percentiles(sent.map(({ ackedAtMs, scheduledAtMs }) => ackedAtMs - scheduledAtMs))?.p50 ?? NaN,
        deliveredMs: delivery.max,
        deliveryP50Ms: delivery.p50,
        cpuUsEach: (cpu * 1000) / (count * size),
        statements: calls,
      }
      points.push(point)
      const { ackMs, deliveryP50Ms, cpuUsEach } = point
      console.log(
        `subscribers ${String(size)}: acknowledged in ${ackMs.toFixed(2)} ms, delivered in ${deliveryP50Ms.toFixed(2)} ms (median), ` +
          `${cpuUsEach.toFixed(1)} µs of the server for each`,
      )
    } finally {
      await audience.close()
    }
  }
  const curve = (label, unit, key) => ({
    label,
    unit,
    points: points.map((point) => ({ size: point.size, medianMs: point[key], statements: point.statements })),
  })
  return [
    curve('acknowledgement of a send', 'ms', 'ackMs'),
    curve('delivery to a subscriber, median', 'ms', 'deliveryP50Ms'),
    curve('server time a delivery', 'µs', 'cpuUsEach'),
  ]
}
