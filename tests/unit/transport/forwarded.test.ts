import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { addressIn } from '../../../src/transport/forwarded.ts'
import { createClientView, type ClientViewOptions } from '../../../src/transport/client-view.ts'

const ours = ['10.0.0.0/8', 'fd00::/8', '::1']
const client = '203.0.113.7'
const proxy = '10.0.0.1'

interface Asked {
  peer?: string
  url?: string
  headers?: Record<string, string>
}

function viewOf({ peer = proxy, url = '/graphql', headers = {} }: Asked, options: Partial<ClientViewOptions> = {}) {
  const warnings: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) })
  const view = createClientView({ trustProxy: ours, secure: false, logger, ...options })
  const request = { socket: { remoteAddress: peer }, url, headers: { host: 'parley:4000', ...headers } }
  return { ...view(request as unknown as IncomingMessage), warnings: warnings.length }
}

const addressOf = (headers: Record<string, string>, peer = proxy) => viewOf({ peer, headers }).address

describe('the address of the client', () => {
  test.each([
    ['by one proxy', client, client],
    ['after what the client itself wrote', `1.1.1.1, 10.9.9.9, ${client}`, client],
    ['through two of our proxies', `1.1.1.1, ${client}, 10.0.0.2`, client],
    ['with a port', `${client}:4711`, client],
    ['of IPv6', '2001:db8::1', '2001:db8::1'],
    ['of IPv6 with a port', '[2001:db8::1]:443', '2001:db8::1'],
    ['of IPv6 in brackets', '[2001:db8::1]', '2001:db8::1'],
    ['of IPv6 at full length', '2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['of IPv4 mapped into IPv6', `::ffff:${client}`, client],
    ['of our own network', '10.1.2.3', '10.1.2.3'],
    ['without spaces', `1.1.1.1,${client}`, client],
    // Where a proxy wrote no address its own stands for all whom it tells nothing of.
    ['unknown to our proxy', 'unknown', proxy],
    ['unknown to our outer proxy', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['that is empty', '', proxy],
    ['with an empty place at the end', `${client},`, proxy],
    ['that is none', `${client}'; DROP TABLE users`, proxy],
    ['in another notation', '0x7f.1, 3405803783', proxy],
    ['of which a part is missing', '203.0.113', proxy],
    ['with a leading zero', '203.0.113.007', proxy],
  ])('in X-Forwarded-For: %s', (_, header, address) => {
    expect(addressOf({ 'x-forwarded-for': header })).toBe(address)
  })

  test.each([
    ['by one proxy', `for=${client};proto=https`, client],
    ['of IPv6 with a port', 'for="[2001:db8::1]:443";proto=https', '2001:db8::1'],
    ['in capital letters', `For="${client}:80"; PROTO=https`, client],
    ['after what the client itself wrote', `for=1.1.1.1;proto=https, for=${client}`, client],
    ['through two of our proxies', `for=1.1.1.1, for=${client};by=10.0.0.2, for=10.0.0.2`, client],
    ['hidden', 'for=_mystery', proxy],
    ['unknown', 'for=unknown', proxy],
    ['left out', 'proto=https;by=10.0.0.1', proxy],
    ['broken by the client', `for="1.1.1.1, for=${client}`, proxy],
    ['broken by the client in another way', `;;, for=${client}`, proxy],
    ['empty', '', proxy],
  ])('in Forwarded: %s', (_, header, address) => {
    expect(addressOf({ forwarded: header })).toBe(address)
  })

  test.each([
    ['::ffff:10.0.0.1', client],
    ['fd00::5', client],
    ['::1', client],
    ['11.0.0.1', '11.0.0.1'],
    ['fe80::1', 'fe80::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
  ])('is told by a peer at %s', (peer, address) => {
    expect(addressOf({ 'x-forwarded-for': client }, peer)).toBe(address)
  })

  test.each([
    ['loopback', '127.9.9.9', true],
    ['loopback', '::1', true],
    ['linklocal', '169.254.1.1', true],
    ['linklocal', 'fe80::7', true],
    ['uniquelocal', '192.168.7.7', true],
    ['uniquelocal', '172.16.0.1', true],
    ['uniquelocal', 'fd12::1', true],
    ['uniquelocal', '127.0.0.1', false],
    ['loopback', '192.168.7.7', false],
  ])('is told by %s when the peer is at %s: %s', (name, peer, isTold) => {
    const view = viewOf({ peer, headers: { 'x-forwarded-for': client } }, { trustProxy: [name] })
    expect(view.address).toBe(isTold ? client : peer)
  })
})

describe('scheme, host and path', () => {
  const toldBy = (headers: Record<string, string>) => {
    const { secure, baseUrl } = viewOf({ headers })
    return { secure, baseUrl }
  }

  test.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'http://parley:4000'],
    [
      'X-Forwarded-*',
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'Chat.Example.com', 'x-forwarded-prefix': '/chat' },
      'https://chat.example.com/chat',
    ],
    ['a port', { 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'chat:8443' }, 'https://chat:8443'],
    ['the scheme of a WebSocket', { 'x-forwarded-proto': 'wss', 'x-forwarded-host': 'chat' }, 'https://chat'],
    [
      'Forwarded',
      { forwarded: 'for="[2001:db8::1]:443";proto=https;host="[2001:db8::2]:8443"', 'x-forwarded-prefix': '/a/b/' },
      'https://[2001:db8::2]:8443/a/b',
    ],
    // The first of each is the client's, the last one the proxy's.
    [
      'more than the proxy wrote',
      {
        'x-forwarded-for': `1.1.1.1, ${client}`,
        'x-forwarded-proto': 'http, https',
        'x-forwarded-host': 'evil.example, chat',
        'x-forwarded-prefix': '/evil, /chat',
      },
      'https://chat/chat',
    ],
    [
      'more than the proxy wrote',
      { forwarded: `for=1.1.1.1;proto=http;host=evil, for=${client};proto=https;host=chat` },
      'https://chat',
    ],
    // The inner proxy is reached without TLS.
    [
      'two proxies',
      {
        'x-forwarded-for': `1.1.1.1, ${client}, 10.0.0.2`,
        'x-forwarded-proto': 'http, https, http',
        'x-forwarded-host': 'evil, chat, inner',
        'x-forwarded-prefix': '/evil, /outer, /inner',
      },
      'https://chat/outer/inner',
    ],
    [
      'two proxies of which the outer one writes less',
      { 'x-forwarded-for': `${client}, 10.0.0.2`, 'x-forwarded-proto': 'https' },
      'https://parley:4000',
    ],
    [
      'two proxies',
      { forwarded: `for=1.1.1.1;host=evil, for=${client};proto=https, for=10.0.0.2;proto=http;host=inner` },
      'https://inner',
    ],
    ['another scheme', { 'x-forwarded-proto': 'javascript' }, 'http://parley:4000'],
    ['a host that is none', { 'x-forwarded-host': 'evil.example/x' }, 'http://parley:4000'],
    ['a host with a name', { 'x-forwarded-host': 'me@evil' }, 'http://parley:4000'],
    ['another host', { 'x-forwarded-prefix': '//evil.example' }, 'http://parley:4000'],
    ['a path that is none', { 'x-forwarded-prefix': 'https://evil.example' }, 'http://parley:4000'],
    ['a path upwards', { 'x-forwarded-prefix': '/a/../..' }, 'http://parley:4000'],
    ['a path with an attribute', { 'x-forwarded-prefix': '/a; Domain=example.com' }, 'http://parley:4000'],
    ['a path with a backslash', { 'x-forwarded-prefix': '/\\evil' }, 'http://parley:4000'],
    ['a path without an end', { 'x-forwarded-prefix': '/a'.repeat(1_000) }, 'http://parley:4000'],
    ['the root', { 'x-forwarded-prefix': '/' }, 'http://parley:4000'],
  ])('are taken from %s', (_, headers, baseUrl) => {
    expect(toldBy(headers)).toEqual({ secure: baseUrl.startsWith('https:'), baseUrl })
  })

  test('are those of PUBLIC_URL when there is one, whatever the headers say', () => {
    const headers = { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil', 'x-forwarded-prefix': '/evil' }
    const publicUrl = 'https://example.com/chat'
    for (const peer of [proxy, client]) {
      const view = viewOf({ peer, headers }, { publicUrl, trustProxy: ours })
      expect(view).toMatchObject({ secure: true, basePath: '/chat', baseUrl: publicUrl, target: '/graphql' })
    }
    expect(viewOf({}, { publicUrl: 'http://example.com', secure: true })).toMatchObject({ secure: false, basePath: '' })
  })

  test('leave cookies as safe as they are by default where nobody tells', () => {
    for (const secure of [true, false]) {
      expect(viewOf({}, { secure }).secure).toBe(secure)
      expect(viewOf({ headers: { 'x-forwarded-proto': 'gopher' } }, { secure }).secure).toBe(secure)
      expect(viewOf({ headers: { 'x-forwarded-proto': 'https' } }, { secure }).secure).toBe(true)
      expect(viewOf({ headers: { 'x-forwarded-proto': 'http' } }, { secure }).secure).toBe(false)
    }
  })

  test.each([
    ['/chat/graphql?query={x}', '/graphql?query={x}'],
    ['/graphql?query={x}', '/graphql?query={x}'],
    ['/chat', '/'],
    ['/chat/', '/'],
    ['/chat?x=1', '/?x=1'],
    ['/chatter/graphql', '/chatter/graphql'],
    ['/', '/'],
  ])('%s asks for %s below /chat', (url, target) => {
    expect(viewOf({ url, headers: { 'x-forwarded-prefix': '/chat' } }).target).toBe(target)
    expect(viewOf({ url, peer: client, headers: { 'x-forwarded-prefix': '/chat' } }).target).toBe(url)
  })
})

describe('a proxy that writes one family of headers and hands on the other', () => {
  test.each<[string, Record<string, string>]>([
    ['writes X-Forwarded-*', { 'x-forwarded-for': client, forwarded: 'for=1.1.1.1;proto=https;host=evil' }],
    ['writes Forwarded', { forwarded: `for=${client}`, 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'https' }],
    ['writes Forwarded, which the client broke', { forwarded: `for=", for=${client}`, 'x-forwarded-for': '1.1.1.1' }],
  ])('and %s: the client cannot choose its address', (_, headers) => {
    const { address, warnings } = viewOf({ headers })
    expect([client, proxy]).toContain(address)
    expect(warnings).toBe(1)
  })

  test('is believed where both say the same', () => {
    const headers = {
      forwarded: `for=${client};proto=https;host=chat`,
      'x-forwarded-for': client,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'chat',
    }
    expect(viewOf({ headers })).toMatchObject({ address: client, secure: true, baseUrl: 'https://chat', warnings: 0 })
  })

  test('is warned of once', () => {
    const warnings: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) })
    const view = createClientView({ trustProxy: ours, secure: false, logger })
    const headers = { 'x-forwarded-for': client, forwarded: 'for=1.1.1.1' }
    const request = { socket: { remoteAddress: proxy }, url: '/', headers } as unknown as IncomingMessage
    for (let at = 0; at < 5; at++) view(request)
    expect(warnings).toHaveLength(1)
  })
})

describe('whatever', () => {
  const words = fc.constantFrom(
    '1.1.1.1',
    '10.0.0.9',
    '::1',
    'for=1.1.1.1',
    '"',
    ';',
    ',',
    ' ',
    'https',
    'evil',
    '/evil',
    '[',
    ']',
  )
  const header = fc.oneof(
    fc.string(),
    fc.array(words).map((parts) => parts.join('')),
  )
  const names = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix']
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, header])), { requiredKeys: [] })

  test('an untrusted peer writes changes nothing', () => {
    fc.assert(
      fc.property(headers, fc.constantFrom(client, '127.0.0.1', '2001:db8::9', ''), (told, peer) => {
        const { forwarding, ...seen } = viewOf({ peer, headers: told as Record<string, string> })
        expect({ ...seen, forwarding: 'none' }).toEqual(viewOf({ peer }))
        // What is written is noted, so that the doctor can tell of a proxy that nobody named.
        expect(['none', 'not trusted']).toContain(forwarding)
      }),
    )
  })

  test('the client writes before what our proxy writes changes nothing', () => {
    const own = {
      'x-forwarded-for': client,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'chat',
      'x-forwarded-prefix': '/chat',
    }
    fc.assert(
      fc.property(headers, ({ forwarded: _, ...told }) => {
        const appended = Object.entries(own).map(([name, value]) => [
          name,
          name in told ? `${told[name] ?? ''}, ${value}` : value,
        ])
        expect(viewOf({ headers: Object.fromEntries(appended) as Record<string, string> })).toEqual(
          viewOf({ headers: own }),
        )
      }),
    )
  })

  test('is an address comes out as one, in one form, and nothing else does', () => {
    const check = <Value>(values: fc.Arbitrary<Value>, property: (value: Value) => void) =>
      fc.assert(
        fc.property(values, (value) => {
          property(value)
        }),
      )
    check(fc.ipV4(), (text) => expect(addressIn(text)).toBe(text))
    check(fc.ipV4(), (text) => expect(addressIn(`::ffff:${text}`)).toBe(text))
    check(fc.ipV6(), (text) => expect(addressIn(`[${text}]:1`)).toBe(addressIn(text)))
    check(fc.oneof(header, fc.ipV6()), (text) => {
      const address = addressIn(text)
      if (address !== null) expect(addressIn(address)).toBe(address)
    })
    check(fc.ipV6(), (text) => expect(addressIn(text)).not.toBeNull())
  })
})
