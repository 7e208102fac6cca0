import { randomBytes } from 'node:crypto'
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import proxyAddr from 'proxy-addr'
import type { Config } from '../config.ts'
import { error, ok, unknown, warning, type Finding } from './finding.ts'

const timeoutMs = 5_000

interface Answer {
  status: number
  body: string
}

/** By hand: fetch() cannot ask for an upgrade. Status 101 has no body. */
const get = (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? overHttps : overHttp
    const request = send(url, { headers, timeout: timeoutMs, agent: false }, (response) => {
      let body = ''
      response.on('data', (part: Buffer) => (body = (body + part.toString()).slice(0, 4_096)))
      response.once('error', reject)
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body })
      })
    })
    request.once('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, body: '' })
    })
    request.once('timeout', () => request.destroy(new Error(`no answer within ${String(timeoutMs / 1_000)} s`)))
    request.once('error', reject)
    request.end()
  })

const upgrade = () => ({
  ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
  ...{ 'sec-websocket-key': randomBytes(16).toString('base64'), 'sec-websocket-protocol': 'graphql-transport-ws' },
})

function judgeTrust({ trustProxy, publicUrl }: Config): Finding {
  const check = 'proxy.trust'
  const trusts = proxyAddr.compile([...trustProxy])
  // An address of nobody's network: only a range that has nearly everything has it.
  if (trusts('203.0.113.7', 0) || trusts('2001:db8::7', 0))
    return error(
      check,
      'TRUST_PROXY trusts everybody: any client can name any address as its own, and evade the limits of logins',
      'Name only the addresses of your proxies',
    )
  return trustProxy.length === 0 && publicUrl?.startsWith('https:')
    ? warning(
        check,
        'PUBLIC_URL is https, so a proxy is before the server, and TRUST_PROXY names none: all clients have its address, and ten wrong passwords of one lock out the others',
        'Set TRUST_PROXY to the addresses from which the proxy asks',
      )
    : ok(check, trustProxy.length === 0 ? 'no proxy is trusted' : `trusted are ${trustProxy.join(', ')}`)
}

/** What the server says of how this request came to it. */
function judgeForwarding(body: string): Finding {
  const check = 'proxy.forwarding'
  let seen: unknown
  try {
    seen = (JSON.parse(body) as { forwarding?: unknown }).forwarding
  } catch {
    // Not an answer of ours.
  }
  if (seen === 'trusted') return ok(check, "the proxy's headers arrive and count")
  if (seen === 'not trusted')
    return error(
      check,
      'a proxy that TRUST_PROXY does not name is before the server: all clients have its address, and ten wrong passwords of one lock out the others',
      "Add the proxy's address to TRUST_PROXY",
    )
  return seen === 'none'
    ? warning(
        check,
        'no X-Forwarded-For and no Forwarded arrive by PUBLIC_URL: if a proxy is there, all clients have its address',
        'Have the proxy write X-Forwarded-For and X-Forwarded-Proto: docs/operations.md, Behind a proxy',
      )
    : error(check, 'what answers at PUBLIC_URL is no Parley', 'Check PUBLIC_URL, and where the proxy leads')
}

/** Goes the way that clients go. */
export async function lookAtProxies(config: Config): Promise<Finding[]> {
  const trust = judgeTrust(config)
  const { publicUrl } = config
  if (publicUrl === null) return [trust]
  const check = 'proxy.public_url'
  try {
    const live = await get(`${publicUrl}/health/live`)
    if (live.status !== 200)
      return [
        trust,
        error(
          check,
          `${publicUrl}/health/live is answered with ${String(live.status)}`,
          'Start the server; check PUBLIC_URL, and that the proxy leads there with the path that it has',
        ),
      ]
    const { status } = await get(`${publicUrl}/graphql`, upgrade())
    return [
      trust,
      ok(check, `${publicUrl} leads here`),
      judgeForwarding(live.body),
      status === 101
        ? ok('proxy.websocket', 'WebSockets come through')
        : error(
            'proxy.websocket',
            `a WebSocket at ${publicUrl}/graphql is answered with ${String(status)}`,
            'Have the proxy hand on Upgrade and Connection by HTTP/1.1: docs/operations.md, Behind a proxy',
          ),
    ]
  } catch (problem) {
    return [
      trust,
      unknown(
        check,
        `${publicUrl} cannot be reached from here: ${(problem as Error).message}`,
        'Run the doctor where clients are, or check PUBLIC_URL, its certificate and the proxy',
      ),
    ]
  }
}
