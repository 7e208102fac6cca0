import { beforeAll, expect, test } from 'vitest'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { WebhookReceiver, type Answer } from '../testkit/webhook-receiver.ts'
import { numbered, webhookEnv, webhookSecret } from '../testkit/webhook-settings.ts'

/*
 * What happens is pushed to an endpoint: signed, in the order of each conversation, at least once, whatever dies meanwhile.
 */
let receiver: WebhookReceiver
let pair: Pair
let ann: Person
let bob: Person
beforeAll(async () => {
  receiver = await WebhookReceiver.start(webhookSecret)
  pair = await startPair({ env: webhookEnv(receiver) })
  ;[ann, bob] = await Promise.all([signUp(pair.urls[0], 'Ann'), signUp(pair.urls[1], 'Bob')])
})

test('each event of a conversation comes once in order, signed, with whom to notify', async () => {
  const id = await ann.createGroup([bob], 'A group')
  const texts = numbered('Hello', 5)
  for (const text of texts) await ann.send(id, text)
  const { message } = await bob.send(id, 'Mine')
  await bob.edit(message.id, 'Mine, better')
  await bob.remove(message.id)
  const ofIt = () => receiver.delivered.filter(({ payload }) => payload.data.conversation.id === id)
  await receiver.until(() => ofIt().some(({ payload }) => payload.type === 'MessageDeleted'))
  const payloads = ofIt().map(({ payload }) => payload)
  const seqs = payloads.map(({ data }) => data.eventSeq)
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other))
  expect(new Set(seqs).size).toBe(seqs.length)
  expect(payloads.filter(({ type }) => type === 'MessageSent').map(({ data }) => data.notify)).toEqual([
    ...texts.map(() => [bob.id]),
    // Sent and deleted at once: by the time it goes out there may be nothing to tell of.
    expect.toSatisfy((ids: string[]) => ids.length === 0 || ids[0] === ann.id),
  ])
  expect(receiver.textsOf(id).slice(0, 5)).toEqual(texts)
  expect(payloads[0]).toMatchObject({ version: 1, data: { conversation: { kind: 'GROUP', title: 'A group' } } })
  const last = payloads.at(-1)!
  expect(last).toMatchObject({ type: 'MessageDeleted', data: { actor: { id: bob.id }, message: { text: null } } })
  expect(receiver.unsigned).toEqual([])
})

test('a conversation whose delivery fails waits alone, and goes on in order', async () => {
  const [sick, well] = await Promise.all([ann.createGroup([bob]), ann.createGroup([bob])])
  let isSick = true
  receiver.answer = ({ data }) => ({ status: isSick && data.conversation.id === sick ? 500 : 200 })
  const texts = numbered('To both', 6)
  for (const text of texts) {
    await ann.send(sick, text)
    await ann.send(well, text)
  }
  await receiver.until(() => receiver.textsOf(well).length === 6)
  expect(receiver.textsOf(well)).toEqual(texts)
  expect(receiver.textsOf(sick)).toEqual([])
  const failed = receiver.all.filter(({ status }) => status === 500)
  await receiver.until(() => receiver.all.filter(({ status }) => status === 500).length > failed.length)
  // Always the first one, with the same id.
  expect(new Set(receiver.all.filter(({ status }) => status === 500).map(({ id }) => id)).size).toBe(1)
  isSick = false
  await receiver.until(() => receiver.textsOf(sick).length === 6)
  expect(receiver.textsOf(sick)).toEqual(texts)
})

test('an endpoint that is down gets everything when it is back', async () => {
  const id = await ann.createGroup([bob])
  await receiver.down()
  const texts = numbered('While it was down', 12)
  for (const text of texts) await ann.send(id, text)
  await receiver.listen()
  await receiver.until(() => receiver.textsOf(id).length === 12)
  expect(receiver.textsOf(id)).toEqual(texts)
})

test('429 with Retry-After is waited for; another 4xx and a redirect are final, and nobody follows it', async () => {
  const id = await ann.createGroup([bob])
  const at: Record<string, number[]> = {}
  receiver.answer = ({ data }, _, path): Answer => {
    const text = data.message?.text ?? ''
    const times = (at[`${path} ${text}`] ??= [])
    times.push(Date.now())
    if (text === 'slow down' && times.length === 1) return { status: 429, headers: { 'retry-after': '2' } }
    if (text === 'at a time' && times.length === 1) {
      return { status: 503, headers: { 'retry-after': new Date(Date.now() + 3_000).toUTCString() } }
    }
    if (text === 'wrong') return { status: 422 }
    return text === 'moved' ? { status: 307, headers: { location: `${receiver.url}/elsewhere` } } : { status: 200 }
  }
  for (const text of ['slow down', 'at a time', 'wrong', 'moved', 'fine']) await ann.send(id, text)
  await receiver.until(() => receiver.textsOf(id).includes('fine'))
  expect(receiver.textsOf(id)).toEqual(['slow down', 'at a time', 'fine'])
  const [first = 0, second = 0] = at['/hook slow down']!
  expect(second - first).toBeGreaterThanOrEqual(1_990)
  const [before = 0, after = 0] = at['/hook at a time']!
  // The date has no milliseconds.
  expect(after - before).toBeGreaterThanOrEqual(1_900)
  expect(at['/hook wrong']).toHaveLength(1)
  expect(Object.keys(at).filter((name) => name.startsWith('/hook/elsewhere'))).toEqual([])
})
