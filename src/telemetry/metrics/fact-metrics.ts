import { timeMs } from '../../clock.ts'
import * as facts from '../facts.ts'
import { Listening } from '../listening.ts'
import type { Collected } from './collected.ts'
import { logMetrics } from './log-metrics.ts'
import { secondsOf, statementSeconds } from './units.ts'

/** Of a send and of its way to a reader: what a person takes for at once, and up to what they are promised. */
const latencySeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3]
const peopleWaitSeconds = [60, 300, 900, 3_600, 14_400, 86_400, 259_200, 604_800]
const webhookLagSeconds = [0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400]
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128]

/** One observation a millisecond tells as much as thousands: those of a room are all alike. */
const betweenObservationsMs = 1

/** Makes metrics of what happens. Returns the function that stops it. */
export function factMetrics(metrics: Collected): () => void {
  const listening = new Listening()
  writeMetrics(metrics, listening)
  eventMetrics(metrics, listening)
  answerMetrics(metrics, listening)
  storeMetrics(metrics, listening)
  logMetrics(metrics, listening)
  clientMetrics(metrics, listening)
  webhookMetrics(metrics, listening)
  supportMetrics(metrics, listening)
  return () => {
    listening.stop()
  }
}

/** Of writes, and of errors that were answered. */
function writeMetrics(metrics: Collected, listening: Listening): void {
  const sendSeconds = metrics.histogram(
    'chat_message_send_latency_seconds',
    'From the request of an accepted send to its commit, waiting for a shared statement included.',
    latencySeconds,
  )
  const writes = metrics.counter('parley_writes_total', 'Writes that were answered, by command and outcome.', [
    ...['type', 'outcome'],
  ])
  listening.on(facts.committed, ({ type, outcome, durationMs }) => {
    writes(1, type, outcome)
    if (facts.sendCommands.includes(type) && outcome === 'ACCEPTED') sendSeconds(secondsOf(durationMs))
  })

  const failures = metrics.counter(
    'parley_write_failures_total',
    'Writes that got no answer, by the code of the error.',
    [...['type', 'code']],
  )
  listening.on(facts.writeFailed, ({ type, code }) => {
    failures(1, type, code)
  })
  const errors = metrics.counter(
    'parley_errors_total',
    'Errors that were answered, by code; INTERNAL is a fault of ours.',
    ['code'],
  )
  for (const code of ['INTERNAL', 'UNAVAILABLE']) errors(0, code)
  listening.on(facts.erred, ({ code }) => {
    errors(1, code)
  })
}

/** Of events on their way from the log to readers. */
function eventMetrics(metrics: Collected, listening: Listening): void {
  const events = metrics.counter('parley_events_total', 'Events that came to this process, by type.', ['type'])
  listening.on(facts.offered, ({ type }) => {
    events(1, type)
  })
  const executions = metrics.counter(
    'parley_event_executions_total',
    'Events that were executed; parley_delivered_events_total is more where many take what was executed once.',
    ['type'],
  )
  listening.on(facts.executed.begun, ({ type }) => {
    executions(1, type)
  })

  const deliverySeconds = metrics.histogram(
    'chat_delivery_latency_seconds',
    'From the commit of a live event, by the clock of PostgreSQL, to its writing to a WebSocket, by ours. At most one a millisecond.',
    latencySeconds,
  )
  const deliveredEvents = metrics.counter('parley_delivered_events_total', 'Events written to WebSockets.')
  const deliveredBytes = metrics.counter('parley_delivered_bytes_total', 'Bytes of these events.')
  let observedAtMs = 0
  listening.on(facts.delivered, ({ eventCount, byteSize, committedAtMs }) => {
    deliveredEvents(eventCount)
    deliveredBytes(byteSize)
    const atMs = performance.now()
    if (committedAtMs === undefined || atMs - observedAtMs < betweenObservationsMs) return
    observedAtMs = atMs
    // Clocks of two machines differ by some milliseconds.
    deliverySeconds(secondsOf(Math.max(0, timeMs() - committedAtMs)))
  })
}

/** Of answers, of those that are kept, and of what limits and closed sockets refused. */
function answerMetrics(metrics: Collected, listening: Listening): void {
  const answers = metrics.counter('parley_answers_total', 'Operations and events that were executed, or given up.', [
    'is_given_up',
  ])
  const answerObjects = metrics.counter('parley_answer_objects_total', 'Objects in these answers.')
  const processorSeconds = metrics.counter('parley_answer_processor_seconds_total', 'Processor time for these answers.')
  listening.on(facts.answered, ({ objects, processorMs, isGivenUp }) => {
    answers(1, String(isGivenUp))
    answerObjects(objects)
    processorSeconds(secondsOf(processorMs))
  })

  const keptAsked = metrics.counter(
    'parley_kept_asked_total',
    'Queries whose answer may be kept: whether all of it was there and right, a part of a list, or none.',
    ['found'],
  )
  listening.on(facts.keptAsked, ({ found }) => {
    keptAsked(1, found)
  })
  const keptDropped = metrics.counter('parley_kept_dropped_total', 'Kept answers that were dropped, by reason.', [
    'reason',
  ])
  listening.on(facts.dropped, ({ reason, count }) => {
    keptDropped(count, reason)
  })

  const closed = metrics.counter('parley_sockets_closed_total', 'WebSockets that the server closed, by close code.', [
    'code',
  ])
  listening.on(facts.closed, ({ code }) => {
    closed(1, String(code ?? 'none'))
  })
  const limits = metrics.counter('parley_limits_reached_total', 'What was refused, ended or put off by a limit.', [
    ...['code', 'limit'],
  ])
  listening.on(facts.limited, ({ code, limit }) => {
    limits(1, code, limit)
  })
}

/** Of PostgreSQL, Redis and files. */
function storeMetrics(metrics: Collected, listening: Listening): void {
  const statements = metrics.histogram(
    'parley_sql_seconds',
    'Statements from their asking to their answer, waiting for a connection included.',
    statementSeconds,
    ['lane'],
  )
  const statementFailures = metrics.counter('parley_sql_failures_total', 'Statements without an answer, or refused.', [
    'lane',
  ])
  for (const lane of ['reads', 'writes']) statementFailures(0, lane)
  listening.on(facts.stated, ({ lane, durationMs, isAnswered }) => {
    statements(secondsOf(durationMs), { lane })
    if (!isAnswered) statementFailures(1, lane)
  })
  const openLanes = new Map([
    ['reads', true],
    ['writes', true],
  ])
  metrics.gauge(
    'parley_sql_lane_open',
    '0 while statements of this lane are refused at once, as PostgreSQL does not answer.',
    (set) => {
      for (const [lane, isOpen] of openLanes) set(isOpen ? 1 : 0, { lane })
    },
    ['lane'],
  )
  listening.on(facts.laneSwitched, ({ lane, isOpen }) => {
    openLanes.set(lane, isOpen)
  })
  const batches = metrics.histogram(
    'parley_gathered_writes',
    'Writes of one kind that went to PostgreSQL in one statement.',
    batchSizes,
  )
  listening.on(facts.gathered.begun, ({ size }) => {
    batches(size)
  })

  const roundTripSeconds = metrics.histogram(
    'parley_redis_round_trip_seconds',
    'A message to Redis and back, once in REDIS_PROBE_INTERVAL_MS.',
    statementSeconds,
  )
  listening.on(facts.roundTripped, ({ durationMs }) => {
    roundTripSeconds(secondsOf(durationMs))
  })

  const uploads = metrics.counter('parley_uploads_total', 'Files that were sent to this process.', ['is_taken'])
  const uploadBytes = metrics.counter('parley_upload_bytes_total', 'Bytes of the files that were taken.')
  listening.on(facts.uploaded, ({ byteSize, isTaken }) => {
    uploads(1, String(isTaken))
    if (isTaken) uploadBytes(byteSize)
  })
}

/** Of what clients report. */
function clientMetrics(metrics: Collected, listening: Listening): void {
  const clientEvents = metrics.counter('parley_client_events_total', 'Events that came to clients, as these report it.')
  const anomalies = metrics.counter('parley_client_anomalies_total', 'What clients saw and must never see, by kind.', [
    'kind',
  ])
  const kinds = ['acks_without_event', 'duplicate_events', 'duplicate_messages', 'reads_went_back']
  for (const kind of kinds) anomalies(0, kind)
  listening.on(facts.diagnosed, (told) => {
    clientEvents(told.eventCount)
    const { acksWithoutEvent, duplicateEvents, duplicateMessages, readsWentBack } = told
    const counts = [acksWithoutEvent, duplicateEvents, duplicateMessages, readsWentBack]
    kinds.forEach((kind, index) => {
      anomalies(counts[index], kind)
    })
  })
}

/** Of webhooks. */
function webhookMetrics(metrics: Collected, listening: Listening): void {
  const webhooks = metrics.counter(
    'parley_webhook_attempts_total',
    'Webhooks that were attempted, by what became of them.',
    ['state'],
  )
  for (const state of ['DELIVERED', 'RETRYING', 'FAILED']) webhooks(0, state)
  const webhookSeconds = metrics.histogram(
    'parley_webhook_seconds',
    'How long an endpoint took to answer, or not to.',
    statementSeconds,
  )
  const webhookLag = metrics.histogram(
    'parley_webhook_lag_seconds',
    'From an event to the end of an attempt to send it.',
    webhookLagSeconds,
  )
  listening.on(facts.webhookAttempted, ({ state, durationMs, lagMs }) => {
    webhooks(1, state)
    webhookSeconds(secondsOf(durationMs))
    if (lagMs !== undefined) webhookLag(secondsOf(lagMs))
  })
}

/** Of how long people wait for the staff. */
function supportMetrics(metrics: Collected, listening: Listening): void {
  const firstAnswerSeconds = metrics.histogram(
    'parley_support_first_answer_seconds',
    'From the opening of a support conversation to the first answer of the staff.',
    peopleWaitSeconds,
  )
  listening.on(facts.supportAnswered, ({ durationMs }) => {
    firstAnswerSeconds(secondsOf(durationMs))
  })
  const resolutionSeconds = metrics.histogram(
    'parley_support_resolution_seconds',
    'From the opening of a support conversation to its first resolution.',
    peopleWaitSeconds,
  )
  listening.on(facts.supportResolved, ({ durationMs }) => {
    resolutionSeconds(secondsOf(durationMs))
  })
}
