import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { createGunzip } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startNginx } from '../testkit/nginx.ts'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

let toy: Toy
beforeEach(async () => {
  toy = createToy({ heartbeatMs: 300 })
  await toy.start()
})
afterEach(() => toy.stop())

const subscription = '/graphql?query=subscription{events}'

async function open(url: string, headers: Record<string, string> = {}) {
  const sent = httpRequest(url, { headers: { accept: 'text/event-stream', ...headers } }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const stream = { response, text: '', ended: false }
  const body = response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response
  body.on('data', (chunk: Buffer) => (stream.text += chunk.toString()))
  body.on('error', () => undefined)
  response.once('close', () => (stream.ended = true))
  return stream
}

/** The ways in which it is set up out there; the first is what one gets by writing nothing more. */
const setups: Record<string, { location?: string; http?: string }> = {
  'proxy_pass alone: HTTP/1.0, with buffers': {},
  'HTTP/1.1': { location: 'proxy_http_version 1.1; proxy_set_header Connection "";' },
  'compression of everything': { http: 'gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0;' },
  'a cache that keeps everything': {
    location: 'proxy_cache here; proxy_cache_valid any 1m; add_header x-cache $upstream_cache_status;',
    http: 'proxy_cache_path cache keys_zone=here:1m;',
  },
}

describe.each(Object.entries(setups))('behind nginx with %s', (_name, { location = '', http = '' }) => {
  async function start() {
    const [port = 0] = await startNginx(
      1,
      (own) => `${http} server { listen 127.0.0.1:${own}; location / { proxy_pass ${toy.url}; ${location} } }`,
    )
    return { url: `http://127.0.0.1:${port}` }
  }

  it('server-sent events begin at once, come as they happen, and end when they do', async () => {
    const nginx = await start()
    const stream = await open(nginx.url + subscription, { 'accept-encoding': 'gzip' })
    // Nothing has happened yet, and the head is here.
    expect(stream.response.headers['content-type']).toBe('text/event-stream')
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    for (const name of ['one', 'two']) {
      toy.sources[0]!.push(name)
      await vi.waitFor(() => expect(stream.text).toContain(`data: {"data":{"events":"${name}"}}\n\n`), 5_000)
      expect(stream.text).not.toContain('complete')
    }
    // Silence, but for the comments that keep the proxies from ending it.
    const before = stream.text
    await vi.waitFor(() => expect(stream.text.slice(before.length)).toMatch(/^:\n\n:\n\n/), 5_000)
    expect(stream.ended).toBe(false)
    await toy.sources[0]!.return()
    await vi.waitFor(() => expect(stream.text).toContain('event: complete\nid: end\ndata: \n\n'), 5_000)
    await vi.waitFor(() => expect(stream.ended).toBe(true), 5_000)
  })

  it('a stream that is given up ends at the server, and one that is cut there ends at the client', async () => {
    const nginx = await start()
    const left = await open(nginx.url + subscription)
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    left.response.destroy()
    await vi.waitFor(() => expect(toy.sources[0]!.returned).toBe(true), 5_000)
    const cut = await open(nginx.url + subscription, { authorization: 'Bearer ana.s1' })
    await vi.waitFor(() => expect(toy.listenersOf('s1')).toBe(1))
    toy.endSession('s1')
    await vi.waitFor(() => expect(cut.ended).toBe(true), 5_000)
    expect(cut.text).not.toContain('complete')
  })

  it('nobody gets what somebody else asked for, nor an error that was theirs', async () => {
    const nginx = await start()
    const who = async (authorization?: string) => {
      const response = await fetch(`${nginx.url}/graphql?query={who}`, {
        headers: authorization ? { authorization } : {},
      })
      const { data, errors } = (await response.json()) as { data?: { who: string | null } | null; errors?: object[] }
      return { who: data?.who, failed: errors !== undefined, cache: response.headers.get('x-cache') ?? 'MISS' }
    }
    for (const user of ['ana', 'ben', 'ana']) {
      expect(await who(`Bearer ${user}.s1`)).toEqual({ who: user, failed: false, cache: 'MISS' })
    }
    expect(await who('Bearer expired')).toMatchObject({ failed: true, cache: 'MISS' })
    expect(await who()).toEqual({ who: null, failed: false, cache: 'MISS' })
    expect(await who('Bearer ben.s2')).toEqual({ who: 'ben', failed: false, cache: 'MISS' })
    for (const path of ['/nowhere', '/health/ready']) {
      await fetch(nginx.url + path)
      expect((await fetch(nginx.url + path)).headers.get('x-cache') ?? 'MISS').toBe('MISS')
    }
  })
})
