import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { startPair } from '../testkit/pair.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { WebhookReceiver } from '../testkit/webhook-receiver.ts'
import { numbered, webhookEnv, webhookSecret } from '../testkit/webhook-settings.ts'

/*
 * One process at a time sends to an endpoint. When it dies or stands still, another one goes on from where it was.
 */

/** Every event has come with one webhook-id, however often it came. */
function expectStableIds(receiver: WebhookReceiver) {
  const idsByEvent = new Map<string, Set<string>>()
  for (const { id, payload } of receiver.all) {
    const key = `${payload.data.conversation.id} ${String(payload.data.eventSeq)}`
    idsByEvent.set(key, (idsByEvent.get(key) ?? new Set()).add(id))
  }
  expect([...idsByEvent.values()].filter(({ size }) => size !== 1)).toEqual([])
  expect(new Set([...idsByEvent.values()].flatMap((ids) => [...ids])).size).toBe(idsByEvent.size)
}

test('processes killed in the middle of deliveries, one after the other: nothing is lost, and what repeats has the same id', async () => {
  const receiver = await WebhookReceiver.start(webhookSecret)
  const env = webhookEnv(receiver)
  const { database, servers } = await startPair({ env })
  const [ann, bob] = await Promise.all([signUp(servers[0].url, 'Ann'), signUp(servers[1].url, 'Bob')])
  const groups = await Promise.all(numbered('Group', 8).map((title) => ann.createGroup([bob], title)))
  receiver.answer = () => ({ status: 200, when: new Promise((resolve) => setTimeout(resolve, 5)) })
  const texts = numbered('Through a crash', 30)
  const before = receiver.all.length
  const sending = (async () => {
    for (const text of texts) await Promise.all(groups.map((id) => bob.send(id, text)))
  })()
  await receiver.until(() => receiver.all.length > before + 40)
  servers[0].kill('SIGKILL')
  await servers[0].exited
  await sending
  await receiver.until(() => groups.every((id) => receiver.textsOf(id).length === 30))
  // Whoever had it, the second one has the lease now.
  const third = await startServer({ databaseUrl: database.url, env })
  const again = ann.at(third.url)
  const more = numbered('After the second', 10)
  const sendingMore = (async () => {
    for (const text of more) await Promise.all(groups.map((id) => again.send(id, text)))
  })()
  await receiver.until(() => receiver.textsOf().length > 8 * 30 + 10)
  servers[1].kill('SIGKILL')
  await servers[1].exited
  await sendingMore
  await receiver.until(() => groups.every((id) => receiver.textsOf(id).length === 40))
  for (const id of groups) expect(receiver.textsOf(id)).toEqual([...texts, ...more])
  expectStableIds(receiver)
  expect(receiver.unsigned).toEqual([])
})

test('a process that stood still for longer than its lease sends nothing more than what was under way', async () => {
  const receiver = await WebhookReceiver.start(webhookSecret)
  const env = webhookEnv(receiver)
  const { database, servers } = await startPair({ env })
  const people = await Promise.all(servers.map(({ url }, index) => signUp(url, `Person ${String(index)}`)))
  const holder = async () => {
    const [row] = await database.query<{ epoch: number; isHeld: boolean }>(
      'SELECT lease_epoch AS epoch, lease_until > now() AS "isHeld" FROM webhook_endpoints',
    )
    return row!
  }
  const groups = await Promise.all(numbered('Group', 4).map((title) => people[0]!.createGroup([people[1]!], title)))
  await people[0]!.send(groups[0]!, 'First')
  await receiver.until(() => receiver.all.length > 0)
  const { epoch } = await holder()
  // One of the two has it: the first one that is stopped and does not lose it was the other.
  const stopped = servers[0]
  stopped.kill('SIGSTOP')
  let hadIt = false
  for (let tries = 0; tries < 40 && !hadIt; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    hadIt = (await holder()).epoch > epoch
  }
  if (!hadIt) {
    stopped.kill('SIGCONT')
    servers[1].kill('SIGSTOP')
  }
  const [frozen, awake] = hadIt ? [servers[0], servers[1]] : [servers[1], servers[0]]
  const sender = people[servers.indexOf(awake)]!
  const texts = numbered('While one stands still', 10)
  for (const text of texts) for (const id of groups) await sender.send(id, text)
  await receiver.until(() => groups.every((id) => receiver.textsOf(id).length === (id === groups[0] ? 11 : 10)))
  const taken = await holder()
  expect(taken.epoch).toBeGreaterThan(epoch)
  const before = receiver.all.length
  frozen.kill('SIGCONT')
  // It answers again, and has sent nothing: what it had not begun is its successor's.
  const more = numbered('When it is back', 5)
  for (const text of more) for (const id of groups) await people[servers.indexOf(frozen)]!.send(id, text)
  const expected = (id: string) => [...(id === groups[0] ? ['First'] : []), ...texts, ...more]
  await receiver.until(() => groups.every((id) => receiver.textsOf(id).length === expected(id).length))
  expect(new Set(receiver.all.slice(before).map(({ payload }) => payload.data.message?.text))).toEqual(new Set(more))
  for (const id of groups) expect(receiver.textsOf(id)).toEqual(expected(id))
  expectStableIds(receiver)
})

const sickCount = 1_000

test(`${String(sickCount)} conversations that fail at one endpoint hold up no other, and each comes in order when it is taken again`, async () => {
  const receiver = await WebhookReceiver.start(webhookSecret)
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, env: webhookEnv(receiver) })
  const [ann, bob] = await Promise.all([signUp(server.url, 'Ann'), signUp(server.url, 'Bob')])
  const well = await Promise.all(numbered('Well', 3).map((title) => ann.createGroup([bob], title)))
  const sick: string[] = []
  const inTurn = async (ids: readonly string[], work: (id: string) => Promise<unknown>) => {
    const left = [...ids]
    const worker = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) await work(id)
    }
    await Promise.all(Array.from({ length: 25 }, worker))
  }
  await inTurn(numbered('Sick', sickCount), async (title) => sick.push(await ann.createGroup([bob], title)))
  const isOfSick = new Set(sick)
  let isSick = true
  receiver.answer = ({ data }) => ({ status: isSick && isOfSick.has(data.conversation.id) ? 500 : 200 })

  const failed = () => receiver.all.filter(({ status }) => status === 500)
  const memoryMb = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  await inTurn(sick, (id) => ann.send(id, 'First'))
  await receiver.until(
    () => new Set(failed().map(({ payload }) => payload.data.conversation.id)).size === sickCount,
    240_000,
  )
  const beforeMb = memoryMb()
  // What comes to those that wait costs no request and no row.
  await inTurn(sick, async (id) => {
    for (const text of numbered('More', 4)) await ann.send(id, text)
  })
  for (const text of numbered('Meanwhile', 5)) {
    for (const id of well) {
      const before = failed().length
      await bob.send(id, text)
      await receiver.until(() => receiver.textsOf(id).at(-1) === text)
      // It did not wait until each of the others had had its turn.
      expect(failed().length - before).toBeLessThan(sickCount / 2)
    }
  }
  const [kept] = await database.query<{ holds: number; deliveries: number; attempted: number }>(
    `SELECT (SELECT count(*)::int FROM webhook_holds) AS holds, count(*)::int AS deliveries, count(DISTINCT event_seq)::int AS attempted
       FROM webhook_deliveries WHERE state <> 'DELIVERED'`,
  )
  expect(kept).toEqual({ holds: sickCount, deliveries: sickCount, attempted: 1 })
  expect(memoryMb() - beforeMb).toBeLessThan(100)
  for (const id of well) expect(receiver.textsOf(id)).toEqual(numbered('Meanwhile', 5))
  expect(receiver.textsOf().length).toBe(well.length * 5)

  isSick = false
  await receiver.until(() => receiver.textsOf().length === well.length * 5 + sickCount * 5, 240_000)
  for (const id of sick) expect(receiver.textsOf(id)).toEqual(['First', ...numbered('More', 4)])
  expectStableIds(receiver)
  const holds = async () => (await database.query('SELECT FROM webhook_holds')).length
  while ((await holds()) > 0) await new Promise((resolve) => setTimeout(resolve, 100))
}, 900_000)
