import { aheadMs } from '../../clock.ts'
import * as facts from '../facts.ts'
import type { Listening } from '../listening.ts'
import type { Collected } from './collected.ts'
import { secondsOf, statementSeconds } from './units.ts'

const behindCounts = [1, 10, 100, 1_000, 10_000, 100_000]

/** Of the relay, and of how readers come to what is in the log. */
export function logMetrics(metrics: Collected, listening: Listening): void {
  const lookSeconds = metrics.histogram(
    'parley_relay_look_seconds',
    'How long the relay asked the log for what moved.',
    statementSeconds,
  )
  const moved = metrics.counter('parley_relay_moved_total', 'Streams that the relay found moved.')
  const lookFailures = metrics.counter('parley_relay_failures_total', 'Looks of the relay without an answer.')
  let lookedAtMs = performance.now()
  metrics.gauge(
    'parley_relay_lag_seconds',
    'Since the last look of the relay that was answered: so old can be what nobody announced.',
    (set) => {
      set(secondsOf(performance.now() - lookedAtMs))
    },
  )
  listening.on(facts.looked, ({ durationMs, movedCount }) => {
    lookSeconds(secondsOf(durationMs))
    if (movedCount === null) lookFailures()
    else {
      lookedAtMs = performance.now()
      moved(movedCount)
    }
  })
  const stretches = metrics.counter(
    'parley_log_reads_total',
    'Stretches of streams that were read from the log, as they were not in memory: a gap, or for a reader that is behind.',
    ['for'],
  )
  const stretchEvents = metrics.counter('parley_log_read_events_total', 'Events of these stretches.', ['for'])
  listening.on(facts.stretchRead, ({ eventCount, isGap }) => {
    const reader = isGap ? 'gap' : 'reader'
    stretches(1, reader)
    stretchEvents(eventCount, reader)
  })

  const taken = metrics.counter(
    'parley_ring_total',
    "Readers' next events: whether they were in memory, or had to be read from the log.",
    ['is_hit'],
  )
  for (const isHit of ['true', 'false']) taken(0, isHit)
  const behind = metrics.histogram(
    'parley_reader_lag_events',
    'How many events a reader was behind what is known here, when its next one was no longer in memory.',
    behindCounts,
  )
  listening.on(facts.readerTook, (told) => {
    taken(1, String(told.isInMemory))
    if (!told.isInMemory) behind(told.behindCount)
  })

  metrics.gauge(
    'parley_clock_ahead_seconds',
    "By which this machine's clock is ahead of PostgreSQL's, by which Parley goes; negative: behind.",
    (set) => {
      const differenceMs = aheadMs()
      if (differenceMs !== null) set(secondsOf(differenceMs))
    },
  )
}
