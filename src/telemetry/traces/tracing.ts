import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context, Span, Tracer } from '@opentelemetry/api'
import { LRUCache } from 'lru-cache'
import * as facts from '../facts.ts'
import { Listening } from '../listening.ts'
import type { OpenTelemetry } from './exporting.ts'

/** What is done is done for these; none when nobody traces it. */
interface Scope {
  contexts: Context[]
  /** The operation has its answer: what a subscription does for hours after it was opened is none of its trace. */
  isOver: boolean
}

/** Events whose way to a reader is under way, and milliseconds until that is given up. */
const maxOnTheirWay = 1_000
const onTheirWayMs = 10_000
/** Events whose trace is remembered for their webhooks, and milliseconds for how long. */
const maxTraced = 10_000
const tracedMs = 60_000
/** Characters of the client's name for an operation. */
const maxNameLength = 64
/** Events of one write that are traced. */
const maxEvents = 16

/**
 * Makes spans of the facts. One trace has the operation, its statements, the events that it published, and in each process
 * with readers the way of these events to the first of them. Returns the function that stops it.
 */
export function traceFacts(
  tracer: Tracer,
  { api, withTraceId }: Pick<OpenTelemetry, 'api' | 'withTraceId'>,
): () => void {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  const listening = new Listening()
  const scopes = new AsyncLocalStorage<Scope | undefined>()
  const contextsNow = (): Context[] => {
    const scope = scopes.getStore()
    return scope && !scope.isOver ? scope.contexts : []
  }

  const operations = new WeakMap<object, { span: Span; scope: Scope }>()
  listening.bind(facts.operated.begun, scopes, (told) => {
    const { kind, name, traceId, traceparent } = told
    const attributes = {
      'graphql.operation.type': kind,
      ...(name !== undefined && { 'graphql.operation.name': name.slice(0, maxNameLength) }),
      // Where the client chose an id of its own that cannot be that of a trace.
      'parley.trace_id': traceId,
    }
    const parent = traceparent === undefined ? ROOT_CONTEXT : contextOf(api, traceparent)
    const span = withTraceId(traceId, () => tracer.startSpan(kind, { kind: SpanKind.SERVER, attributes }, parent))
    const scope = { contexts: [trace.setSpan(ROOT_CONTEXT, span)], isOver: false }
    operations.set(told, { span, scope })
    return scope
  })
  listening.on(facts.operated.ended, (told) => {
    const operation = operations.get(told)
    if (!operation) return
    operation.scope.isOver = true
    if (told.isFailed) operation.span.setStatus({ code: SpanStatusCode.ERROR })
    operation.span.end()
  })

  // A write waits with others for a statement: each of them has it in its trace.
  const waiting = new WeakMap<object, Scope>()
  listening.on(facts.joined, (told) => {
    const scope = scopes.getStore()
    if (scope) waiting.set(told, scope)
  })
  listening.bind(facts.gathered.begun, scopes, ({ members }) => ({
    contexts: members.flatMap((member) => waiting.get(member)?.contexts ?? []),
    isOver: false,
  }))
  listening.on(facts.stated, ({ lane, name, durationMs, isAnswered }) => {
    const endTime = Date.now()
    for (const context of contextsNow()) {
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': name, 'parley.lane': lane }
      const options = { kind: SpanKind.CLIENT, startTime: endTime - durationMs, attributes }
      const span = tracer.startSpan(`postgresql ${name}`, options, context)
      if (!isAnswered) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(endTime)
    }
  })

  // The event carries the span that publishes it, over the bus as well.
  const published = new WeakMap<object, Span>()
  /** Of events that were written here, or came over the bus: for what is sent of them later. */
  const traced = new LRUCache<string, string>({ max: maxTraced, ttl: tracedMs, perf: performance })
  listening.on(facts.committed, ({ events }) => {
    const [context] = contextsNow()
    if (!context) return
    for (const event of events.slice(0, maxEvents)) {
      const attributes = { 'messaging.operation.type': 'send', ...attributesOf(event) }
      const span = tracer.startSpan(`publish ${event.type}`, { kind: SpanKind.PRODUCER, attributes }, context)
      if (!span.isRecording()) continue
      published.set(event, span)
      event.trace = traceparentOf(span)
      traced.set(placeOf(event), event.trace)
    }
  })
  listening.on(facts.announced, ({ event, isAnnounced }) => {
    const span = published.get(event)
    if (!isAnnounced) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
  })

  const onTheirWay = new LRUCache<string, { span: Span; scope: Scope }>({
    max: maxOnTheirWay,
    ttl: onTheirWayMs,
    perf: performance,
    dispose: ({ span, scope }) => {
      scope.isOver = true
      span.end()
    },
  })
  listening.on(facts.offered, (event) => {
    if (event.trace !== undefined) traced.set(placeOf(event), event.trace)
    if (event.trace === undefined || !event.hasReaders || onTheirWay.has(event.trace)) return
    const options = { kind: SpanKind.CONSUMER, attributes: attributesOf(event) }
    const span = tracer.startSpan(`deliver ${event.type}`, options, contextOf(api, event.trace))
    onTheirWay.set(event.trace, { span, scope: { contexts: [trace.setSpan(ROOT_CONTEXT, span)], isOver: false } })
  })
  listening.bind(facts.executed.begun, scopes, (told) => onTheirWay.get(told.trace ?? '')?.scope)
  listening.on(facts.handedOver, ({ event }) => {
    // Ended when it comes to the first reader; the others are a figure of the metrics.
    if (event.trace !== undefined) onTheirWay.delete(event.trace)
  })

  // The receiver goes on with the trace of what happened, where this process knows that, and else with one of its own.
  const sent = new WeakMap<object, Span>()
  listening.on(facts.webhookSent.begun, (told) => {
    const { type, streamId, seq } = told
    const event = streamId === null || seq === null ? null : { streamId, seq }
    const trace = event && traced.get(placeOf(event))
    const options = { kind: SpanKind.CLIENT, attributes: { ...(event && attributesOf(event)) } }
    const span = tracer.startSpan(`webhook ${type}`, options, trace == null ? ROOT_CONTEXT : contextOf(api, trace))
    sent.set(told, span)
    told.traceparent = traceparentOf(span)
  })
  listening.on(facts.webhookSent.ended, (told) => {
    const span = sent.get(told)
    const { status = null } = told
    if (status !== null) span?.setAttribute('http.response.status_code', status)
    if (status === null || status >= 300) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
  })

  return () => {
    listening.stop()
    onTheirWay.clear()
  }
}

const placeOf = ({ streamId, seq }: Pick<facts.Appended, 'streamId' | 'seq'>) => `${streamId} ${String(seq)}`
const attributesOf = ({ streamId, seq }: Pick<facts.Appended, 'streamId' | 'seq'>) => ({
  'parley.stream_id': streamId,
  'parley.event_seq': seq,
})

const traceparentOf = (span: Span): string => {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** Where a W3C traceparent comes from. It was checked, or made by us. */
function contextOf({ ROOT_CONTEXT, trace }: OpenTelemetry['api'], traceparent: string): Context {
  const [, traceId = '', spanId = '', flags = '0'] = traceparent.split('-')
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
  })
}
