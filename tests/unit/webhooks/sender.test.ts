import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createWebhookSender, type SenderOptions, type WebhookSender } from '../../../src/webhooks/sender.ts'

const open: (Server | WebhookSender)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) {
    if (!('listen' in one)) one.close()
    else {
      await new Promise((resolve) => {
        one.close(resolve)
        one.closeAllConnections()
      })
    }
  }
})

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function senderOf(options: Partial<SenderOptions> = {}): WebhookSender {
  const sender = createWebhookSender({ allowedPrivate: ['127.0.0.1/32'], timeoutMs: 20_000, ...options })
  open.push(sender)
  return sender
}

/** Names resolve to what a test says, one answer after the other. */
const resolving = (...answers: string[][]): LookupFunction => {
  let count = 0
  return (_, options, callback) => {
    const addresses = answers[Math.min(count++, answers.length - 1)]!.map((address) => ({ address, family: 4 }))
    if (options.all === true) callback(null, addresses)
    else callback(null, addresses[0]!.address, 4)
  }
}

const post = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{"é":1}' })

test('sends the body as it is, and answers status and Retry-After; a redirect is an answer', async () => {
  const seen: string[] = []
  const port = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => seen.push(text))
    request.on('end', () => {
      const headers = request.url === '/moved' ? { location: '/elsewhere' } : { 'retry-after': '7' }
      response.writeHead(request.url === '/moved' ? 308 : 429, headers).end()
    })
  })
  const sender = senderOf()
  const base = `http://127.0.0.1:${String(port)}`
  expect(await sender.send(post(`${base}/hook`))).toEqual({ status: 429, retryAfter: '7' })
  expect(await sender.send(post(`${base}/moved`))).toEqual({ status: 308, retryAfter: null })
  expect(seen).toEqual(['{"é":1}', '{"é":1}'])
})

test('nothing is sent to an address that is not public: by number, by any notation of it, by a name, or by one of its addresses', async () => {
  let count = 0
  const port = String(
    await serve((_, response) => {
      count++
      response.end()
    }),
  )
  const byNumber = senderOf({ allowedPrivate: [] })
  for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost', '0']) {
    const answer = await byNumber.send(post(`http://${host}:${port}/`))
    expect(answer, host).toMatchObject({
      status: null,
      error: expect.stringContaining('WEBHOOK_ALLOW_PRIVATE') as string,
    })
  }
  expect(byNumber.isRefused('http://2130706433/')).toBe(true)
  const byName = senderOf({ allowedPrivate: [], lookup: resolving(['8.8.8.8', '127.0.0.1']) })
  expect(await byName.send(post(`http://harmless.example:${port}/`))).toMatchObject({ status: null })
  expect(count).toBe(0)
})

test('a name that resolves to something else a moment later is connected to what was checked', async () => {
  let count = 0
  const port = String(
    await serve((_, response) => {
      count++
      response.end()
    }),
  )
  const names: string[] = []
  const rebinding = resolving(['127.0.0.1'], ['10.0.0.1'])
  const lookup: LookupFunction = (name, options, callback) => {
    names.push(name)
    rebinding(name, options, callback)
  }
  const sender = senderOf({ lookup })
  expect(await sender.send(post(`http://rebinding.example:${port}/`))).toMatchObject({ status: 200 })
  // Asked once: there is no second answer that could be another.
  expect(names).toEqual(['rebinding.example'])
  expect(count).toBe(1)
})

test('an answer that does not come is a failure; one without end is cut', async () => {
  const silent = await serve(() => undefined)
  expect(await senderOf({ timeoutMs: 100 }).send(post(`http://127.0.0.1:${String(silent)}/`))).toEqual({
    status: null,
    error: 'TIMEOUT',
  })
  let closed: () => void = () => undefined
  const cut = new Promise<void>((resolve) => (closed = resolve))
  const endless = await serve((_, response) => {
    response.on('close', closed)
    response.writeHead(200)
    const write = () => {
      if (response.destroyed) return
      response.write('x'.repeat(32_768), () => setImmediate(write))
    }
    write()
  })
  expect(await senderOf().send(post(`http://127.0.0.1:${String(endless)}/`))).toMatchObject({ status: 200 })
  await cut
})

test('a connection that the receiver closed while it was idle costs no attempt, and one that is refused says why', async () => {
  let sockets = 0
  const server = createServer((_, response) => response.end())
  server.keepAliveTimeout = 1
  server.on('connection', () => sockets++)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sender = senderOf()
  for (let count = 0; count < 20; count++) {
    expect(await sender.send(post(`http://127.0.0.1:${String(port)}/`))).toMatchObject({ status: 200 })
    await new Promise((resolve) => setTimeout(resolve, count))
  }
  expect(sockets).toBeGreaterThan(0)
  server.close()
  server.closeAllConnections()
  expect(await sender.send(post(`http://127.0.0.1:${String(port)}/`))).toMatchObject({
    status: null,
    error: 'ECONNREFUSED',
  })
})
