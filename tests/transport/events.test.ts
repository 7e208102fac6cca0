import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const accept = 'text/event-stream'

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

interface Asked {
  query?: string
  variables?: object
  operationName?: string
  headers?: Record<string, string>
  /** Instead of JSON by POST. */
  search?: Record<string, string>
}

/** The whole answer, with the events by name and data. Only of what ends by itself. */
async function ask({ headers, search, ...body }: Asked) {
  const response = search
    ? await fetch(`${toy.url}/graphql?${new URLSearchParams(search).toString()}`, { headers: { accept, ...headers } })
    : await fetch(`${toy.url}/graphql`, {
        method: 'POST',
        headers: { accept, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
  const text = await response.text()
  const events = text
    .split('\n\n')
    .map((block) => block.split('\n'))
    .flatMap((lines) => {
      const name = lines.find((line) => line.startsWith('event: '))?.slice(7)
      const data = lines
        .find((line) => line.startsWith('data:'))
        ?.slice(5)
        .trim()
      return name === undefined ? [] : [[name, data ? (JSON.parse(data) as object) : ''] as const]
    })
  return { status: response.status, headers: response.headers, text, events }
}

const errorOf = ({ events }: Awaited<ReturnType<typeof ask>>) =>
  (events[0]?.[1] as { errors: { message: string; extensions: Record<string, unknown> }[] }).errors[0]!

describe('server-sent events', () => {
  it('answer queries and mutations too, and queries by GET', async () => {
    const query = 'query ($name: String) { hello(name: $name) }'
    const variables = { name: 'Ana\nBen' }
    const expected = [
      ['next', { data: { hello: 'Hello, Ana\nBen!' } }],
      ['complete', ''],
    ]
    expect((await ask({ query, variables })).events).toEqual(expected)
    expect((await ask({ search: { query, variables: JSON.stringify(variables) } })).events).toEqual(expected)
    const mutation = await ask({ query: 'mutation { logIn(token: "x") }' })
    expect(mutation.events[0]).toEqual(['next', { data: { logIn: true } }])
    expect(mutation.headers.get('set-cookie')).toContain('parley_refresh=x')
    const failing = await ask({ query: '{ hello fail(how: "notFound") }' })
    expect([failing.status, failing.events[0]?.[1]]).toMatchObject([
      200,
      { data: { hello: 'Hello, you!', fail: null } },
    ])
  })

  const mistakes: Record<string, Asked> = {
    'a syntax error': { query: 'subscription { events' },
    'an unknown field': { query: 'subscription { nope }' },
    'an operation that there is not': { query: 'subscription A { events }', operationName: 'B' },
    'several operations and no name': { query: 'subscription A { events } subscription B { events }' },
    'no operation at all': { query: 'fragment F on Query { hello }' },
    'an empty document': { query: '' },
    'a wrong variable': { query: 'subscription ($k: Int!) { events(bigKilobytes: $k) }', variables: { k: 'x' } },
    'a refused value': { query: 'subscription { events(failAtStart: "invalid") }' },
    'too much': { query: `subscription { ${'a: events '.repeat(800)} }` },
    'a hash that nobody knows': {
      search: { extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } }) },
    },
  }

  it.each(Object.entries(mistakes))('tell a mistake with 200, which EventSource reads: %s', async (_name, asked) => {
    const search = asked.search ?? {
      query: asked.query ?? '',
      ...(asked.operationName && { operationName: asked.operationName }),
      ...(asked.variables && { variables: JSON.stringify(asked.variables) }),
    }
    for (const one of [asked, ...(search.query === '' ? [] : [{ search }])]) {
      const answer = await ask(one)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      expect(answer.events.map(([name]) => name)).toEqual(['next', 'complete'])
      expect(['VALIDATION_ERROR', 'QUERY_TOO_COMPLEX', 'PERSISTED_QUERY_NOT_FOUND']).toContain(
        errorOf(answer).extensions.code,
      )
    }
    expect(toy.sources).toEqual([])
  })

  it.each([
    ['notFound', 404, 'NOT_FOUND', null],
    ['limited', 429, 'RATE_LIMITED', '3'],
    ['database', 503, 'UNAVAILABLE', '1'],
    ['unexpected', 500, 'INTERNAL', null],
  ])('have a status for what is refused: %s', async (how, status, code, retryAfter) => {
    const query = `subscription { events(failAtStart: "${how}") }`
    for (const asked of [{ query }, { search: { query } }]) {
      const answer = await ask(asked)
      expect([answer.status, errorOf(answer).extensions.code]).toEqual([status, code])
      expect(answer.headers.get('retry-after')).toBe(retryAfter)
      expect(answer.events.at(-1)).toEqual(['complete', ''])
      expect(answer.text).not.toContain('secret')
    }
  })

  it('are refused with 401 for a token that is wrong, and with 503 when it cannot be checked', async () => {
    const query = 'subscription { events }'
    const wrong = await ask({ query, headers: { authorization: 'Bearer expired' } })
    expect([wrong.status, errorOf(wrong).extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer')
    const unknown = await ask({ query, headers: { authorization: 'Bearer broken' } })
    expect([unknown.status, errorOf(unknown).extensions.code]).toEqual([503, 'UNAVAILABLE'])
    expect(toy.sources).toEqual([])
  })

  it('are no answer to a request that is none: it has its status and says why in JSON', async () => {
    const json = { 'content-type': 'application/json', accept }
    const requests: [number, string, RequestInit?][] = [
      [400, '/graphql'],
      [400, '/graphql?query={hello}&variables=nope'],
      [405, '/graphql?query=mutation{logIn}'],
      [400, '/graphql', { method: 'POST', headers: json, body: '{nope' }],
      [400, '/graphql', { method: 'POST', headers: json, body: '[]' }],
      [413, '/graphql', { method: 'POST', headers: json, body: ' '.repeat(1_100_000) }],
      [415, '/graphql', { method: 'POST', headers: { ...json, 'content-type': 'text/plain' }, body: '{}' }],
      [405, '/graphql', { method: 'PUT', headers: json, body: '{}' }],
    ]
    for (const [status, path, init] of requests) {
      const response = await fetch(toy.url + path, { headers: { accept }, ...init })
      const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] }
      expect([path, response.status, errors[0]?.extensions.code]).toEqual([path, status, 'VALIDATION_ERROR'])
    }
  })

  it('go where they are taken: beside JSON for subscriptions alone, and nowhere with q=0', async () => {
    const query = 'subscription { events(failAtStart: "invalid") }'
    const type = async (what: string, headers: Record<string, string>) =>
      (await toy.post(what, { headers })).headers.get('content-type')?.split(';')[0]
    expect(await type(query, { accept: 'application/json, text/event-stream' })).toBe(accept)
    expect(await type('{ hello }', { accept: 'application/json, text/event-stream' })).toBe('application/json')
    expect(await type('{ hello }', { accept: 'text/event-stream;q=0.9, application/json;q=0' })).toBe(accept)
    expect(await type('{ hello }', { accept: '*/*, application/json;q=0' })).toBe('application/graphql-response+json')
    for (const refusing of [
      'text/event-stream;q=0, */*',
      'application/json',
      'application/json, text/event-stream;q=0',
    ]) {
      const response = await toy.post('subscription { events }', { headers: { accept: refusing } })
      expect([refusing, response.status]).toEqual([refusing, 406])
    }
    for (const [what, refusing] of [
      ['{ hello }', 'application/json;q=0'],
      ['{ hello }', '*/*;q=0'],
      ['{ hello }', 'text/event-stream;q=0'],
    ] as const) {
      const byPost = await toy.post(what, { headers: { accept: refusing } })
      const byGet = await fetch(`${toy.url}/graphql?query=${what}`, { headers: { accept: refusing } })
      expect([refusing, byPost.status, byGet.status]).toEqual([refusing, 406, 406])
    }
    expect(toy.sources).toEqual([])
  })

  it('say at once that they are there, are not to be kept, gathered or packed, and speak again before proxies tire', async () => {
    await toy.stop()
    toy = createToy({ heartbeatMs: 200 })
    await toy.start()
    const response = await toy.post('subscription { events }', { headers: { accept, 'accept-encoding': 'gzip' } })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'private, no-store, no-transform',
      'x-accel-buffering': 'no',
    })
    expect(response.headers.get('content-encoding')).toBeNull()
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const first = await reader.read()
    expect(first.value).toMatch(/^:\nretry: \d{4}\nid: open\n\n$/)
    expect(await reader.read()).toEqual({ done: false, value: ':\n\n' })
    expect(await reader.read()).toEqual({ done: false, value: ':\n\n' })
    await reader.cancel()
  })
})

describe('a client that goes', () => {
  async function begin(): Promise<Socket> {
    const socket = connect(Number(new URL(toy.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const requestFor = (query: string) => {
    const body = JSON.stringify({ query })
    return (
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ana.s1\r\nAccept: ${accept}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    )
  }
  const post = requestFor('subscription { events }')

  it('leaves nothing behind, whenever it goes: while its token is checked, while the source opens, and later', async () => {
    for (const stage of ['checking', 'opening', 'open'] as const) {
      let release: () => void = () => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      let arrived: () => void = () => undefined
      const isThere = new Promise<void>((resolve) => (arrived = resolve))
      const made = createToy({
        createContext: async (init) => {
          arrived()
          if (stage === 'checking') await held
          return { init, viewer: { userId: 'ana', sessionId: 's1', role: 'USER' } }
        },
      })
      await toy.stop()
      toy = made
      await toy.start()
      if (stage === 'opening') toy.openings = held
      const socket = await begin()
      socket.write(post)
      await isThere
      if (stage === 'open') await vi.waitFor(() => expect(toy.listenersOf('s1')).toBe(1))
      if (stage === 'opening') await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
      socket.resetAndDestroy()
      await once(socket, 'close')
      await delay(50)
      release()
      await delay(50)
      await vi.waitFor(() => expect(toy.sources.every(({ returned }) => returned)).toBe(true))
      expect([stage, toy.sources.length]).toEqual([stage, stage === 'checking' ? 0 : 1])
      expect([stage, toy.listenersOf('s1')]).toEqual([stage, 0])
      expect(toy.logLines).toEqual([])
    }
  })

  it('leaves nothing behind when its stream stands in line behind another answer', async () => {
    const socket = await begin()
    socket.write(post + post + post)
    await vi.waitFor(() => expect(toy.sources).toHaveLength(3))
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(toy.sources.every(({ returned }) => returned)).toBe(true))
    await vi.waitFor(() => expect(toy.listenersOf('s1')).toBe(0))
  })

  it('is given up when its network takes nothing for two heartbeats', async () => {
    await toy.stop()
    toy = createToy({ heartbeatMs: 300 })
    await toy.start()
    const socket = await begin()
    socket.pause()
    socket.write(requestFor('subscription { events(bigKilobytes: 400) }'))
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    const asked = vi.spyOn(toy.sources[0]!, 'next')
    await vi.waitFor(() => expect(toy.sources[0]!.returned).toBe(true), 10_000)
    // Some megabytes for the buffers of the system, and no more.
    expect(asked.mock.calls.length).toBeLessThan(40)
    socket.destroy()
  })
})
