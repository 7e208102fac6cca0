import { afterAll, vi } from 'vitest'
import { ask, type Answer } from './api.ts'
import type { Person } from './person.ts'

const open = new Set<AbortController>()
afterAll(() => {
  for (const controller of open) controller.abort()
})

export interface Subscribed {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
}

export interface Ticket {
  ticket: string
  search: string
  expiresAt: string
}

const createTicket = `mutation ($input: CreateStreamTicketInput!) {
  createStreamTicket(input: $input) {
    __typename
    ... on CreateStreamTicketSuccess { ticket search expiresAt }
    ... on ValidationError { code reason fields { path reason } }
  }
}`

/** The mutation's answer, also a refusal. */
export const askForTicket = (who: Person | string, input: Record<string, unknown>): Promise<Answer> =>
  ask(who, createTicket, { input })

export async function ticketFor(person: Person, subscribed: Subscribed): Promise<Ticket> {
  const { data, errors } = await askForTicket(person, { ...subscribed })
  const made = data?.createStreamTicket as (Ticket & { __typename: string }) | undefined
  if (made?.__typename !== 'CreateStreamTicketSuccess') throw new Error(JSON.stringify({ data, errors }))
  return made
}

export interface SourceEvent {
  name: string | null
  id: string | null
  data: Pick<Answer, 'data' | 'errors'> | null
}

/** The response to one request of an EventSource, updated as it arrives. */
export interface SourceStream {
  status: number
  headers: Headers
  retryMs: number | null
  /** All blocks except those with only comments; the first block has an id and no data. */
  events: SourceEvent[]
  /** As in EventSource: the newest id that a block has set. */
  lastEventId: string
  ended: boolean
  waitFor(isThere: (stream: SourceStream) => boolean): Promise<SourceStream>
  waitForNext(count: number): Promise<SourceStream>
  waitForEnd(): Promise<SourceStream>
  cut(): void
}

/** One request as an EventSource makes it: GET, with the last event id and no other headers of its own. */
export async function requestEvents(
  address: string,
  lastEventId = '',
  headers: Record<string, string> = {},
): Promise<SourceStream> {
  const controller = new AbortController()
  open.add(controller)
  const response = await fetch(address, {
    signal: controller.signal,
    headers: { accept: 'text/event-stream', ...(lastEventId !== '' && { 'last-event-id': lastEventId }), ...headers },
  })
  const waitFor = (isThere: (stream: SourceStream) => boolean) =>
    vi.waitFor(() => {
      if (!isThere(stream)) throw new Error(`got ${JSON.stringify(stream)}`)
      return stream
    }, 10_000)
  const stream: SourceStream = {
    status: response.status,
    headers: response.headers,
    retryMs: null,
    events: [],
    lastEventId,
    ended: false,
    waitFor,
    waitForNext: (count) => waitFor(({ events }) => events.filter(({ name }) => name === 'next').length >= count),
    waitForEnd: () => waitFor(({ ended }) => ended),
    cut: () => {
      controller.abort()
    },
  }
  const read = async () => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) takeBlock(stream, block)
    }
  }
  void read()
    .catch(() => undefined)
    .finally(() => {
      stream.ended = true
    })
  return stream
}

function takeBlock(stream: SourceStream, block: string): void {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const retry = fields.get('retry')
  if (retry !== undefined) stream.retryMs = Number(retry)
  const id = fields.get('id') ?? null
  if (id !== null) stream.lastEventId = id
  const data = fields.get('data') ?? ''
  const name = fields.get('event') ?? null
  if (name === null && id === null) return
  stream.events.push({ name, id, data: data === '' ? null : (JSON.parse(data) as SourceEvent['data']) })
}

/** The events of a stream's `next` blocks, from the one field of the subscription. */
export const told = <Event>({ events }: SourceStream): Event[] =>
  events.flatMap(({ name, data }) => (name === 'next' ? (Object.values(data?.data ?? {}) as Event[]) : []))

/**
 * Environment for a server for which it is this many milliseconds later: by its own clock, and by what PostgreSQL tells it, which pg
 * reads with parseFloat.
 */
export const clockAhead = (ms: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `const { now } = Date, read = parseFloat; Date.now = () => now() + ${String(ms)};
    globalThis.parseFloat = (text) => { const value = read(text); return Math.abs(value - now()) < 60_000 ? value + ${String(ms)} : value }`,
  )}`,
})
