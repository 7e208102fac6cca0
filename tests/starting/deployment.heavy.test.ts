import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { requestEvents, ticketFor, told } from '../testkit/event-source.ts'
import { startDeployedNginx } from '../testkit/nginx.ts'
import { startTraffic } from '../testkit/persistent-traffic.ts'
import { signUp } from '../testkit/person.ts'
import { freePort } from '../testkit/redis.ts'
import { startServer, testSecret } from '../testkit/server.ts'

/* What docker-compose.yml puts together, without containers: its nginx with its very configuration, two replicas, PostgreSQL, Redis. */

const folder = mkdtempSync(join(tmpdir(), 'parley-deployment-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function fileWith(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, `${text}\n`)
  return file
}

const isServed = async (url: string) => (await fetch(`${url}/health/ready`)).ok

test('two replicas behind nginx: one is killed, one is drained, both are away for a while, and nobody misses anything or gets it twice', async () => {
  const database = await createTestDatabase()
  const ports = [await freePort(), await freePort()]
  const secrets = {
    DATABASE_URL_FILE: fileWith('database_url', database.url),
    REDIS_URL_FILE: fileWith('redis_url', inject('redisUrl')),
    JWT_SECRET_FILE: fileWith('jwt_secret', testSecret),
  }
  const start = (port = 0) =>
    startServer({ redisUrl: null, env: { ...secrets, JWT_SECRET: '', PORT: String(port), TRUST_PROXY: 'loopback' } })
  const [first, second] = await Promise.all(ports.map(start))
  const nginx = await startDeployedNginx(ports.map((port) => `127.0.0.1:${port}`))
  const url = `${nginx.url}/graphql`

  // Who the client is comes from nginx alone.
  const live = await fetch(`${nginx.url}/health/live`, { headers: { forwarded: 'for=1.2.3.4' } })
  expect(await live.json()).toEqual({ live: true, forwarding: 'trusted' })

  // An EventSource is told at once, through nginx.
  const [ann, bob] = [await signUp(url), await signUp(url)]
  const conversation = await ann.startDirect(bob)
  const query = `subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename } }`
  const { search } = await ticketFor(bob, { query, variables: { id: conversation } })
  const stream = await requestEvents(url + search)
  await stream.waitFor(({ lastEventId }) => lastEventId !== '')
  await ann.send(conversation, 'Unbuffered')
  expect(told<{ __typename: string }>(await stream.waitForNext(1))).toEqual([{ __typename: 'MessageSent' }])

  const traffic = await startTraffic([url])
  await traffic.more(24)
  // Without sticky sessions both serve everybody.
  for (const port of ports)
    expect(nginx.accessLog()).toMatch(new RegExp(`POST /graphql [\\d.]+ s by 127\\.0\\.0\\.1:${port}$`, 'm'))

  first?.kill('SIGKILL')
  await first?.exited
  await traffic.more(24)
  const third = await start(ports[0])
  second?.kill('SIGTERM')
  expect(await second?.exited).toEqual({ code: 0, signal: null })
  await traffic.more(24)

  third.kill('SIGKILL')
  await third.exited
  await expect.poll(() => isServed(nginx.url)).toBe(false)
  // In words that clients understand: repeat it, with its key; an EventSource comes back by itself.
  const away = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  expect(away.status).toBe(503)
  expect(await away.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE', retryable: true } }] })
  expect(await requestEvents(url + search)).toMatchObject({ status: 200 })
  await Promise.all(ports.map(start))
  await traffic.more(24)

  expect(await traffic.expectNothingLostOrRepeated()).toBeGreaterThanOrEqual(96)
  const codes = traffic.readers.flatMap(({ closeCodes }) => closeCodes)
  // Those who were drained were told so; nginx ends the others without a word.
  expect(new Set(codes)).toEqual(new Set([1006, 1012]))
})
