import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { WebhookReceiver } from '../testkit/webhook-receiver.ts'
import { webhookEnv, webhookSecret } from '../testkit/webhook-settings.ts'

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  status: { code?: number }
  /** Of the process. */
  service: string
}

interface Body {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: { spans: Span[] }[]
  }[]
}

/** A collector that speaks OTLP by HTTP in JSON. */
const spans: Span[] = []
const authorizations = new Set<string | undefined>()
const collector = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk: Buffer) => (text += chunk.toString()))
  request.on('end', () => {
    expect(request.url).toBe('/v1/traces')
    authorizations.add(request.headers.authorization)
    for (const { resource, scopeSpans } of (JSON.parse(text) as Body).resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))))
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
})
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
atEnd(async () => {
  collector.closeAllConnections()
  collector.close()
})
const endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`
const env = (name: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20for-the-collector',
  OTEL_SERVICE_NAME: name,
})
const database = await createTestDatabase()
const [writes, reads] = await Promise.all([
  startServer({ databaseUrl: database.url, env: env('writes') }),
  startServer({ databaseUrl: database.url, env: env('reads') }),
])
const [ann, bob] = [await signUp(writes.url), await signUp(writes.url)]
const direct = await ann.startDirect(bob)
const reader = await bob.at(reads.url).conversationEvents(direct)

const inTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId)
const send = `mutation Say($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`
const input = (text: string) => ({ input: { conversationId: direct, clientMessageId: newKey(), text } })
/** Each span as the names on the way to it, with the process that it is of. */
function waysIn(traceId: string): string[] {
  const found = inTrace(traceId)
  const wayTo = ({ name, service, parentSpanId }: Span): string => {
    const parent = found.find(({ spanId }) => spanId === parentSpanId)
    return `${parent ? `${wayTo(parent)} > ` : ''}${service}: ${name}`
  }
  return found.map(wayTo).sort()
}

test('one trace has the request, its statement, the event on the bus and its way to a reader of another process', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const parent = 'b7ad6b7169203331'
  const answer = await ask(ann, send, input('A text that is in no trace'), {
    headers: { traceparent: `00-${traceId}-${parent}-01` },
  })
  expect(answer.headers.get('x-trace-id')).toBe(traceId)
  await reader.waitForCount(1)
  const way = 'writes: mutation'
  const delivered = `${way} > writes: publish MESSAGE_SENT > reads: deliver MESSAGE_SENT`
  await expect
    .poll(() => waysIn(traceId), { timeout: 30_000 })
    .toEqual(
      expect.arrayContaining([
        way,
        expect.stringMatching(`^${way} > writes: postgresql \\w*send\\w*$`) as unknown,
        `${way} > writes: publish MESSAGE_SENT`,
        delivered,
      ]),
    )
  const [root] = inTrace(traceId).filter(({ name }) => name === 'mutation')
  expect(root?.parentSpanId).toBe(parent)
  expect(root?.attributes).toContainEqual({ key: 'graphql.operation.name', value: { stringValue: 'Say' } })
  // What is read to make the event is of the same trace, in the process that made it; all else is there once.
  const others = waysIn(traceId).filter((one) => !one.startsWith(`${delivered} > reads: postgresql`))
  expect(others.filter((one) => one.includes('publish'))).toHaveLength(2)
  expect([...authorizations]).toEqual(['Bearer for-the-collector'])
})

test('sends that share a statement have it in the trace of each', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, number) => ask(ann, send, input(`Text ${String(number)}`))),
  )
  const traceIds = answers.map(({ headers }) => headers.get('x-trace-id') ?? '')
  expect(new Set(traceIds).size).toBe(8)
  for (const traceId of traceIds) {
    await expect
      .poll(() => waysIn(traceId).filter((way) => /^writes: mutation > writes: postgresql \w*send\w*$/.test(way)), {
        timeout: 30_000,
      })
      .toHaveLength(1)
  }
})

test('the trace id of an error is that of its trace, which says that it failed', async () => {
  const { errors } = await ask(writes.url, '{ inbox(first: 1) { nodes { id } } }')
  const traceId = errors?.[0]?.extensions.traceId ?? ''
  expect(traceId).toMatch(/^[\da-f]{32}$/)
  await expect
    .poll(() => inTrace(traceId).map(({ name, status }) => [name, status.code]), { timeout: 30_000 })
    .toContainEqual(['query', 2])
})

test('what somebody wrote is in no trace, and nothing is sent when a trace is not to be sampled', async () => {
  const traceId = '1af7651916cd43dd8448eb211c80319d'
  await ask(ann, send, input('Another text'), { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-00` } })
  const later = await ask(ann, send, input('A last text'))
  const laterId = later.headers.get('x-trace-id') ?? ''
  await expect.poll(() => inTrace(laterId).length, { timeout: 30_000 }).toBeGreaterThan(1)
  expect(inTrace(traceId)).toEqual([])
  expect(JSON.stringify(spans)).not.toMatch(/text|correct horse|Bearer/i)
})

test('a webhook goes on with the trace of its event, and one that nobody began a trace for begins its own', async () => {
  const receiver = await WebhookReceiver.start(webhookSecret)
  const own = await createTestDatabase()
  const server = await startServer({ databaseUrl: own.url, env: { ...env('hooks'), ...webhookEnv(receiver) } })
  const cleo = await signUp(server.url)
  const group = await cleo.createGroup([await signUp(server.url)])
  const traceId = '2af7651916cd43dd8448eb211c80319e'
  const variables = { input: { conversationId: group, clientMessageId: newKey(), text: 'A text that a webhook tells' } }
  await ask(cleo, send, variables, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
  const messages = () => receiver.all.filter(({ payload }) => payload.type === 'MessageSent')
  await receiver.until(() => messages().length === 1)
  const [{ headers } = { headers: {} as Record<string, string> }] = messages()
  const [, ofTrace, spanId] = /^00-([\da-f]{32})-([\da-f]{16})-01$/.exec(headers.traceparent ?? '') ?? []
  expect(ofTrace).toBe(traceId)
  const ways = 'hooks: mutation > hooks: publish MESSAGE_SENT > hooks: webhook MESSAGE_SENT'
  await expect.poll(() => waysIn(traceId), { timeout: 30_000 }).toContain(ways)
  const sent = inTrace(traceId).find(({ name }) => name.startsWith('webhook'))
  expect(sent?.spanId).toBe(spanId)
  expect(sent?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 204 } })

  // What is written past all servers has no trace, and the webhook for it all the same one to be found by.
  await own.query(`SELECT parley_send_message($1, $2, $3, '', 'x', NULL)`, [keyOf(cleo.id), keyOf(group), newKey()])
  await receiver.until(() => messages().length === 2)
  const last = receiver.all.at(-1)?.headers.traceparent?.split('-')[1] ?? ''
  await expect.poll(() => waysIn(last), { timeout: 30_000 }).toEqual(['hooks: webhook MESSAGE_SENT'])
})
