import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Person } from './person.ts'

/** Trace ids are new in each answer. All other text must be equal in equal answers. */
const withoutTraceId = (answer: string) => answer.replaceAll(/"traceId":"[^"]*"/g, '"traceId":""')

/** The raw answer to a query or mutation: status, and body without its trace ids. */
export async function ask(person: Person, query: string, variables: object): Promise<string> {
  const response = await fetch(person.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Bearer ${person.session.accessToken}`,
    },
    body: JSON.stringify({ query, variables }),
  })
  return `${response.status} ${withoutTraceId(await response.text())}`
}

/** All frames with which the server answers a subscription, until it has ended, without their trace ids. */
export async function askSubscription(
  person: Person,
  query: string,
  variables: Record<string, unknown>,
): Promise<string> {
  const client = createClient({
    url: person.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${person.session.accessToken}` },
    retryAttempts: 0,
  })
  const frames: unknown[] = []
  await new Promise<void>((resolve) => {
    client.subscribe(
      { query, variables },
      {
        next: (frame) => frames.push(frame),
        error: (error) => {
          frames.push({ error })
          resolve()
        },
        complete: resolve,
      },
    )
  })
  await client.dispose()
  return withoutTraceId(JSON.stringify(frames))
}

/** The key in the database, from a global id. */
export const keyOf = (globalId: string): string => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? ''
