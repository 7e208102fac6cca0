import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import {
  AddMembersDocument,
  BlockUserDocument,
  LeaveConversationDocument,
  LogoutDocument,
  RemoveMemberDocument,
  RenameConversationDocument,
  SendMessageDocument,
  UpdateInboxEntryDocument,
  UpdateSettingsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { wholeSubscription } from '../testkit/whole-selection.ts'

let pair: Pair

beforeAll(async () => {
  // Everything that can be selected is more than a document may ask for.
  pair = await startPair({ env: { MAX_DOCUMENT_TOKENS: '4000', MAX_DOCUMENT_KB: '64' } })
})

const depth = 2
const waitMs = 15_000

interface Event {
  __typename: string
  cursor: { streamId: string; eventSeq: number }
}

/**
 * One device: reads a conversation and its person's inbox, each with the document that all devices use and with one that
 * no other device of the test uses, so that what comes of that is computed for this one alone.
 */
class Device {
  readonly answers = {
    conversationEvents: { shared: [] as Event[], own: [] as Event[] },
    inboxEvents: { shared: [] as Event[], own: [] as Event[] },
  }
  isInConversation = false
  readonly completed = new Set<string>()
  /** Errors, of which there should be none. */
  readonly refused: unknown[] = []

  private constructor(
    readonly name: string,
    readonly person: Person,
    readonly raw: RawSocket,
  ) {}

  static async open(name: string, person: Person, conversationId: string | null): Promise<Device> {
    const device = new Device(name, person, await RawSocket.connect(person))
    device.raw.onData = (id, data) => {
      const [field, which] = id.split(' ') as ['conversationEvents' | 'inboxEvents', 'shared' | 'own']
      device.answers[field][which].push(withoutTokens(data[field]) as Event)
    }
    device.raw.onComplete = (id) => device.completed.add(id)
    device.raw.socket.on('message', (bytes: Buffer) => {
      const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload?: { errors?: unknown } }
      if (type === 'error' || payload?.errors) device.refused.push(payload)
    })
    const begin = (field: string, variables: object) => {
      device.raw.begin(`${field} shared`, wholeSubscription(field, 'Shared', depth), variables)
      device.raw.begin(`${field} own`, wholeSubscription(field, `Of_${name}`, depth), variables)
    }
    if (conversationId !== null) {
      device.isInConversation = true
      begin('conversationEvents', { conversationId, after: null })
    }
    begin('inboxEvents', { after: null })
    return device
  }

  forget() {
    for (const { shared, own } of Object.values(this.answers)) shared.length = own.length = 0
  }

  get all(): Event[] {
    const { conversationEvents, inboxEvents } = this.answers
    return [conversationEvents, inboxEvents].flatMap(({ shared, own }) => [...shared, ...own])
  }
}

/** A token says where a subscription stands in all its streams: of two that began one after the other it differs. */
const withoutTokens = (event: unknown): unknown =>
  JSON.parse(JSON.stringify(event), (key, value: unknown) =>
    key === 'resume' && typeof value === 'string' && /^r1[\w-]+$/.test(value) ? 'a token' : value,
  )

const byPlace = (events: readonly Event[]) =>
  Object.fromEntries(events.map((event) => [`${event.cursor.streamId} ${event.cursor.eventSeq}`, event]))

/** All values of a field with this name, wherever they stand. */
function valuesOf(name: string, within: unknown): unknown[] {
  if (Array.isArray(within)) return within.flatMap((each) => valuesOf(name, each))
  if (typeof within !== 'object' || within === null) return []
  return Object.entries(within as Record<string, unknown>).flatMap(([key, value]) => [
    ...(key === name ? [value] : []),
    ...valuesOf(name, value),
  ])
}

async function until(condition: () => boolean, what: () => string) {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    if (waitedMs > waitMs) throw new Error(`waited in vain: ${what()}`)
    await delay(10)
  }
}

test('of everything that can be selected each viewer gets what they would get alone, and nothing of another', async () => {
  const [a, b] = pair.urls
  const [ann, bob, carl, dora, erin, fay, gus] = (await Promise.all(
    ['ann', 'bob', 'carl', 'dora', 'erin', 'fay', 'gus'].map((name, index) => signUp(index % 2 ? a : b, name)),
  )) as [Person, Person, Person, Person, Person, Person, Person]
  await carl.client.request(UpdateSettingsDocument, { input: { readReceiptsEnabled: false } })
  const group = await ann.createGroup([bob, carl, erin, fay], 'The group')
  const others = await dora.createGroup([gus], 'Another group')
  const direct = await ann.startDirect(bob)

  const devices: Device[] = []
  for (const [name, person, url, id] of [
    ['ann_1', ann, a, group],
    ['ann_2', ann, a, group],
    ['ann_3', ann, b, group],
    ['bob_1', bob, a, group],
    ['bob_2', bob, b, group],
    ['carl_1', carl, a, group],
    ['carl_2', carl, b, group],
    ['erin', erin, a, group],
    ['fay', fay, a, group],
    ['dora', dora, a, null],
  ] as const) {
    devices.push(await Device.open(name, person.at(url), id))
  }
  const of = (name: string) => devices.filter((device) => device.name.startsWith(name))
  const erins = of('erin')[0]!
  const fays = of('fay')[0]!
  const fellows = [...of('ann'), ...of('bob'), ...of('carl')]

  /** Does one thing, and waits until it has come to everybody it is for, both ways. */
  async function step(what: string, act: () => Promise<unknown>, place: { group?: number; inbox?: string[] }) {
    const counts = (device: Device) =>
      [device.answers.conversationEvents, device.answers.inboxEvents].flatMap(({ shared, own }) => [
        shared.length,
        own.length,
      ]) as [number, number, number, number]
    const before = new Map(devices.map((device) => [device, counts(device)]))
    const inGroup = place.group ?? 0
    const expected = (device: Device) => {
      const [conversation, , inbox] = before.get(device)!
      const live = device.isInConversation ? inGroup : 0
      const personal = (place.inbox ?? []).filter((name) => device.name.startsWith(name)).length
      return [conversation + live, conversation + live, inbox + live + personal, inbox + live + personal]
    }
    await act()
    await until(
      () => devices.every((device) => counts(device).every((count, index) => count >= expected(device)[index]!)),
      () =>
        `${what}: ${devices.map((device) => `${device.name} ${String(counts(device))} of ${String(expected(device))}`).join('; ')}`,
    )
    // What would be too much has had the time of the next one, and is seen there.
    for (const device of devices) expect(counts(device), `${what}, ${device.name}`).toEqual(expected(device))
    for (const device of devices) {
      for (const { shared, own } of Object.values(device.answers)) {
        expect(byPlace(shared), `${what}, ${device.name}`).toEqual(byPlace(own))
      }
    }
  }

  let keys = 0
  const sendAs = (person: Person, name: string, conversationId: string, replyToId: string | null = null) =>
    person.client.request(SendMessageDocument, {
      input: { conversationId, text: `By ${name}`, clientMessageId: `key of ${name} ${++keys}`, replyToId },
    })
  const idOf = async (sent: ReturnType<typeof sendAs>) => {
    const { sendMessage } = await sent
    if (sendMessage.__typename !== 'SendMessageSuccess') throw new Error(JSON.stringify(sendMessage))
    return sendMessage.message.id
  }

  let firstId = ''
  // Nobody says when a live stream has begun: what is sent until all have something does not count.
  const isListening = ({ answers, isInConversation }: Device) =>
    [answers.inboxEvents, ...(isInConversation ? [answers.conversationEvents] : [])].every(
      ({ shared, own }) => shared.length > 0 && own.length > 0,
    )
  do {
    await Promise.all([sendAs(ann, 'ann', group), sendAs(gus, 'gus elsewhere', others)])
    await delay(1_000)
    for (const device of devices) expect(device.refused, device.name).toEqual([])
  } while (!devices.every(isListening))
  for (const device of devices) device.forget()
  await step('send', async () => (firstId = await idOf(sendAs(ann, 'ann', group))), { group: 1 })
  await step('reply', () => sendAs(bob, 'bob', group, firstId), { group: 1 })
  await step('edit', () => ann.edit(firstId, 'By ann, edited'), { group: 1 })
  await step('send', () => sendAs(ann, 'ann', group), { group: 1 })
  await step('read', () => bob.markRead(group, 1_000), { group: 1 })
  await step('read in secret', () => carl.markRead(group, 1_000), { group: 1 })
  const block = { userId: bob.id, blocked: true }
  await step('block', () => carl.client.request(BlockUserDocument, { input: block }), { inbox: ['carl'] })
  await step('send by who is blocked', () => sendAs(bob, 'bob', group), { group: 1 })
  for (const device of fellows) {
    const [sent] = device.answers.conversationEvents.shared.slice(-1)
    expect(valuesOf('senderBlocked', sent)).toContain(device.person.id === carl.id)
    expect(valuesOf('senderBlocked', sent)).not.toContain(device.person.id !== carl.id)
  }
  await step('send after reading', () => sendAs(bob, 'bob', group), { group: 1 })
  await step(
    'rename',
    () => ann.client.request(RenameConversationDocument, { input: { conversationId: group, title: 'New' } }),
    {
      group: 1,
    },
  )
  await step(
    'join',
    () => ann.client.request(AddMembersDocument, { input: { conversationId: group, userIds: [gus.id] } }),
    {
      group: 1,
    },
  )
  await step('send by who joined', () => sendAs(gus, 'gus', group), { group: 1 })
  await step('leave', () => gus.client.request(LeaveConversationDocument, { input: { conversationId: group } }), {
    group: 1,
  })
  const removal = { conversationId: group, userId: erin.id }
  await step('remove', () => ann.client.request(RemoveMemberDocument, { input: removal }), {
    group: 1,
    inbox: ['erin'],
  })
  erins.isInConversation = false
  expect(erins.answers.conversationEvents.shared.at(-1)?.__typename).toBe('MemberLeft')
  const erinHas = erins.all.length
  await step('send after a removal', () => sendAs(ann, 'ann', group), { group: 1 })
  await until(
    () => erins.completed.has('conversationEvents shared') && erins.completed.has('conversationEvents own'),
    () => 'the end of a subscription',
  )
  await fay.client.request(LogoutDocument, {})
  expect(await fays.raw.closed).toBe(closeCodes.SESSION_ENDED)
  fays.isInConversation = false
  const fayHas = fays.all.length
  await step('send after a logout', () => sendAs(bob, 'bob', group), { group: 1 })
  const entry = { conversationId: group, pinned: true }
  await step('pin', () => bob.client.request(UpdateInboxEntryDocument, { input: entry }), { inbox: ['bob'] })
  await step('send to one', () => sendAs(ann, 'ann', direct), { inbox: ['ann', 'bob'] })
  await step('answer', () => sendAs(bob, 'bob', direct), { inbox: ['ann', 'bob'] })
  await step('send elsewhere', () => sendAs(gus, 'gus elsewhere', others), { inbox: ['dora'] })
  await step('delete', () => ann.remove(firstId), { group: 1 })
  await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../../dist/admin.js'), 'erase-user', gus.handle],
    { env: { PATH: process.env.PATH, DATABASE_URL: pair.database.url, JWT_SECRET: 'x'.repeat(40) } },
  )
  const isTold = ({ shared, own }: Device['answers']['inboxEvents'], type = 'UserErased') =>
    [shared, own].every((events) => events.some(({ __typename }) => __typename === type))
  await until(
    // Dora was with the erased one elsewhere, where he is no longer a member after that, and reads her inbox alone.
    () =>
      fellows.every(({ answers }) => Object.values(answers).every((each) => isTold(each))) &&
      of('dora').every(({ answers }) => isTold(answers.inboxEvents, 'MemberLeft')),
    () => 'an erasure',
  )
  await step('send after an erasure', () => sendAs(ann, 'ann', group), { group: 1 })

  expect(erins.all).toHaveLength(erinHas)
  expect(fays.all).toHaveLength(fayHas)
  const told = new Set(fellows.flatMap((device) => device.all.map(({ __typename }) => __typename)))
  const inThisTest = 'MessageSent MessageEdited MessageDeleted ReceiptAdvanced MemberJoined MemberLeft UserErased'
  for (const type of [...inThisTest.split(' '), 'ConversationUpdated', 'InboxEntryChanged'])
    expect(told).toContain(type)
  for (const device of devices) {
    const name = device.name.split('_')[0]!
    const seenKeys = valuesOf('clientMessageId', device.all).filter((key) => key !== null)
    for (const key of seenKeys) expect(key, device.name).toMatch(`key of ${name} `)
    if (name === 'ann' || name === 'bob') expect(seenKeys.length, device.name).toBeGreaterThan(0)
    for (const peer of valuesOf('peer', device.all)) {
      if (peer !== null) expect((peer as { id: string }).id, device.name).not.toBe(device.person.id)
    }
    if (name !== 'dora') expect(JSON.stringify(device.all)).not.toContain('By gus elsewhere')
  }
  // Own read positions, which only carl himself sees.
  const readOf = (device: Device, person: Person) => {
    const receipts = valuesOf('receipts', device.all).flat() as { user: { id: string }; lastReadSeq: number }[]
    return Math.max(...receipts.filter(({ user }) => user.id === person.id).map(({ lastReadSeq }) => lastReadSeq))
  }
  for (const device of of('carl')) expect(readOf(device, carl)).toBeGreaterThan(0)
  for (const device of [...of('ann'), ...of('bob')]) expect(readOf(device, carl)).toBe(0)
}, 240_000)
