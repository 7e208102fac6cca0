import { afterAll, vi } from 'vitest'
import type { Answer } from './api.ts'
import type { Person } from './person.ts'

const open = new Set<AbortController>()

afterAll(() => {
  for (const controller of open) controller.abort()
})

export interface EventStream {
  status: number
  contentType: string
  /** Results in order of arrival. */
  results: Pick<Answer, 'data' | 'errors'>[]
  /** Null while it runs; 'completed' if the server said so, 'cut' if it ended without that. */
  ended: 'completed' | 'cut' | null
  waitForCount(count: number): Promise<Pick<Answer, 'data' | 'errors'>[]>
  waitForEnd(): Promise<'completed' | 'cut' | null>
  cut(): void
}

/** Subscribes by server-sent events, as a person or, with an address, anonymously. */
export async function subscribeBySse(
  who: Person | string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<EventStream> {
  const controller = new AbortController()
  open.add(controller)
  const response = await fetch(typeof who === 'string' ? who : who.url, {
    method: 'POST',
    signal: controller.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(typeof who !== 'string' && { authorization: `Bearer ${who.session.accessToken}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  const stream: EventStream = {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    results: [],
    ended: null,
    waitForCount: (count) =>
      vi.waitFor(() => {
        if (stream.results.length < count) throw new Error(`got ${JSON.stringify(stream.results)}`)
        return stream.results
      }, 10_000),
    waitForEnd: () =>
      vi.waitFor(() => {
        if (stream.ended === null) throw new Error('the stream goes on')
        return stream.ended
      }, 10_000),
    cut: () => {
      controller.abort()
    },
  }
  const takeBlock = (block: string) => {
    const lines = block.split('\n')
    if (lines.includes('event: complete')) stream.ended = 'completed'
    const data = lines.flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : [])).join('\n')
    if (lines.includes('event: next')) stream.results.push(JSON.parse(data) as Pick<Answer, 'data' | 'errors'>)
  }
  const read = async () => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      blocks.forEach(takeBlock)
    }
  }
  void read()
    .catch(() => undefined)
    .finally(() => {
      stream.ended ??= 'cut'
    })
  return stream
}
