import { createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { Person } from './person.ts'

export interface TopLevelError {
  message: string
  path?: (string | number)[]
  extensions: {
    code: string
    retryable: boolean
    traceId: string
    retryAfterMs?: number
    fields?: { path: string[]; reason: string }[]
  }
}

export interface Answer<Data = Record<string, unknown>> {
  status: number
  headers: Headers
  /** The body as it was received. */
  text: string
  data?: Data | null
  errors?: TopLevelError[]
}

/** The contract's codes of top-level errors, without INTERNAL, which no request may get. */
const codes = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'VALIDATION_ERROR',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'QUERY_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_FOUND',
]

type Who = Person | string

const urlOf = (who: Who) => (typeof who === 'string' ? who : who.url)
const authorizationOf = (who: Who): Record<string, string> =>
  typeof who === 'string' ? {} : { authorization: `Bearer ${who.session.accessToken}` }

/** Sends this request unchanged. */
export async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  let body: object = {}
  try {
    body = JSON.parse(text) as object
  } catch {
    // Not JSON: `text` has the body.
  }
  return { status: response.status, headers: response.headers, text, ...body }
}

/** Sends an operation by HTTP: as a person, or anonymously if only an address is given. The text may also be invalid. */
export async function ask<Data = Record<string, unknown>>(
  who: Who,
  query: string,
  variables?: unknown,
  { headers = {}, operationName }: { headers?: Record<string, string>; operationName?: string } = {},
): Promise<Answer<Data>> {
  const answer = await send(urlOf(who), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...authorizationOf(who),
      ...headers,
    },
    body: JSON.stringify({ query, variables, operationName }),
  })
  return answer as Answer<Data>
}

/** The same over a WebSocket. Errors that refuse the operation are returned like those of an answer. */
export async function askSocket(
  who: Who,
  query: string,
  variables?: Record<string, unknown>,
  operationName?: string,
): Promise<Pick<Answer, 'data' | 'errors'>> {
  const client = createClient({
    url: urlOf(who).replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: authorizationOf(who),
    retryAttempts: 0,
  })
  try {
    const results = client.iterate({ query, variables, operationName })
    const { value } = (await results.next()) as { value: Pick<Answer, 'data' | 'errors'> }
    return value
  } catch (error) {
    if (Array.isArray(error)) return { errors: error as TopLevelError[] }
    throw error
  } finally {
    await client.dispose()
  }
}

/** Checks that a person can act on the message, and that it shows no internals. */
export function expectSubstance(message: string): void {
  expect(message.length, message).toBeGreaterThan(12)
  expect(message).not.toMatch(/\n\s+at |node_modules|\.[tj]s:\d|prisma|syntax error at or near|invalid input syntax/i)
}

/** Checks top-level errors against the contract: a known code, a useful message, a trace id, no stack. */
export function expectErrors(answer: Pick<Answer, 'errors'>, code?: string): TopLevelError[] {
  const { errors = [] } = answer
  expect(errors.length, JSON.stringify(answer)).toBeGreaterThan(0)
  for (const error of errors) {
    expect(codes, JSON.stringify(error)).toContain(error.extensions.code)
    if (code !== undefined) expect(error.extensions.code, error.message).toBe(code)
    expectSubstance(error.message)
    expect(error.extensions.traceId).toMatch(/^[\w.:-]{8,128}$/)
    expect(error.extensions.retryable).toBe(code === 'UNAVAILABLE' || code === 'RATE_LIMITED')
    if (error.extensions.code === 'VALIDATION_ERROR') expect(Array.isArray(error.extensions.fields)).toBe(true)
  }
  expect(JSON.stringify(answer)).not.toMatch(/stacktrace|"stack"|originalError|\\n\s+at /)
  return errors
}

interface Cursor {
  streamId: string
  eventSeq: number
}

/**
 * All events of a conversation from now on. Starts at its cursor, because nothing tells a client when a subscription
 * without a cursor has begun.
 */
export async function follow(person: Person, id: string) {
  const query = 'query ($id: ID!) { conversation(id: $id) { cursor { eventSeq } } }'
  const { data } = await ask<{ conversation: { cursor: Cursor } }>(person, query, { id })
  return person.conversationEvents(id, data?.conversation.cursor.eventSeq)
}

/** The present cursors of all streams of a person. */
export async function cursorsOf(person: Person): Promise<Cursor[]> {
  const query = `{ viewer { cursor { streamId eventSeq } }
    inbox(first: 100, filter: ALL) { nodes { conversation { cursor { streamId eventSeq } } } } }`
  interface Data {
    viewer: { cursor: Cursor }
    inbox: { nodes: { conversation: { cursor: Cursor } }[] }
  }
  const { data } = await ask<Data>(person, query)
  if (!data) throw new Error('no cursors')
  return [data.viewer.cursor, ...data.inbox.nodes.map((entry) => entry.conversation.cursor)]
}

/** All events of a person's inbox from now on. */
export async function followInbox(person: Person) {
  return person.inboxEvents(await cursorsOf(person))
}
