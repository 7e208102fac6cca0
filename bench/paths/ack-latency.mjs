import { checkDelivered } from '../harness/audience.mjs'

const seqMargin = 4

async function atRate({ watchers, writers, budget }, audience, ratePerSecond) {
  const head = (await audience.settle())[0]
  const count = Math.round((ratePerSecond * budget.latencyMs) / 1000)
  await watchers.call('reset', { baseSeqs: [head + 1], events: count + seqMargin })
  const outcome = await writers.call('sendAtRate', { ratePerSecond, count, timeoutMs: budget.latencyDrainMs })
  const newest = Math.max(head, ...outcome.sent.map(({ seq }) => seq))
  const { complete } = await watchers.call('waitFor', { seqs: [newest], timeoutMs: budget.latencyDrainMs })
  const counts = await watchers.call('counts')
  const sentAtMs = []
  for (const { seq, scheduledAtMs } of outcome.sent) sentAtMs[seq - head - 1] = scheduledAtMs
  const delivery = await watchers.call('deliveryTimes', { sentAtMs: [sentAtMs] })
  const isDone = outcome.acked === count && complete
  if (isDone) checkDelivered(counts, count * audience.size)
  return { outcome, delivery, isDone, counts }
}

const plotted = ['ack p95 20', 'ack p50 200', 'ack p95 200']

const metric = (rate, what, of, label) => ({
  key: `${what}${of}At${String(rate)}`,
  label: `${label} ${of}, ms, ${String(rate)} msg/s to 1,000`,
  better: 'less',
  ...(plotted.includes(`${what} ${of} ${String(rate)}`) && { plot: `${what} ${of}, ${String(rate)} msg/s to 1,000` }),
})

const rates = [20, 200]

/** Acknowledgements and deliveries while messages are sent to 1,000 subscribers on a schedule that does not wait. */
export const ackLatency = {
  name: 'ack-latency',
  group: 'room',
  metrics: rates.flatMap((rate) => [
    ...['p50', 'p95', 'p99'].map((of) => metric(rate, 'ack', of, 'Ack')),
    ...['p50', 'p95'].map((of) => metric(rate, 'delivery', of, 'Delivery')),
  ]),
  async run(context, audience) {
    /** @type {{ reordered: number, notes: string[], [figure: string]: any }} */
    const result = { reordered: 0, notes: [] }
    for (const rate of rates) {
      const { outcome, delivery, isDone, counts } = await atRate(context, audience, rate)
      for (const of of ['p50', 'p95', 'p99']) {
        result[`ack${of}At${String(rate)}`] = outcome[of]
        result[`delivery${of}At${String(rate)}`] = delivery[of]
      }
      result.reordered += counts.reordered
      if (!isDone) {
        result.notes.push(
          `${String(rate)} msg/s: ${String(outcome.acked)} of ${String(outcome.scheduled)} acknowledged and ` +
            `${String(counts.events)} events delivered when the time was over`,
        )
        // It is still busy with the messages it got: nothing more can be measured on it.
        result.isBehind = true
        break
      }
    }
    return result
  },
}
