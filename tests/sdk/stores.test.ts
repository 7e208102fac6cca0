import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { beforeAll, expect, test } from 'vitest'
import { OpenSupportDocument } from '../../sdk/src/generated/graphql.ts'
import { createParley, type Parley, type ParleyOptions, type Store } from '../../sdk/src/index.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { sharedServer } from '../testkit/shared.ts'

const password = 'correct horse battery'
const back = { timeout: 45_000, interval: 50 }
const clients: Parley[] = []
const stops: (() => void)[] = []

let proxy: Proxy
let database: TestDatabase
let friend: Person
beforeAll(async () => {
  const shared = await sharedServer()
  database = shared.database
  proxy = await startProxy(Number(new URL(shared.server.url).port))
  friend = await signUp(shared.server.url, 'Friend')
})
atEndOfEachFile(async () => {
  for (const stop of stops.splice(0)) stop()
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

async function start(options: Partial<ParleyOptions> = {}, handle?: string): Promise<Parley & { handle: string }> {
  const parley = createParley({ url: `http://127.0.0.1:${proxy.port}/graphql`, webSocketImpl: WebSocket, ...options })
  clients.push(parley)
  const own = handle ?? `s_${randomUUID().slice(0, 8)}`
  const { session } = parley
  const refusal = handle
    ? await session.login({ handle, password })
    : await session.register({ handle: own, displayName: 'Client', password })
  expect(refusal).toBeNull()
  await expect.poll(() => parley.syncState.getSnapshot(), back).toBe('LIVE')
  return Object.assign(parley, { handle: own })
}

const idOf = (parley: Parley) => parley.viewer.getSnapshot()?.user.id ?? ''

/** Looks at a store for as long as the file runs. */
function look<T>(store: Store<T>): () => T {
  stops.push(store.subscribe(() => undefined))
  return store.getSnapshot
}

test('who is blocked, on all devices: the list, and the messages of the blocked', async () => {
  const parley = await start()
  const phone = await start({}, parley.handle)
  const groupId = await friend.createGroup([{ id: idOf(parley) }])
  await friend.send(groupId, 'before')
  const timelines = [parley, phone].map((one) => look(one.timeline(groupId)))
  const lists = [parley, phone].map((one) => look(one.blocked))
  const shown = () =>
    timelines.map((timeline) =>
      timeline().items.map((item) => item.kind === 'message' && [item.message.text, item.isBlocked]),
    )
  await expect.poll(shown, back).toEqual([[['before', false]], [['before', false]]])
  expect(lists.map((list) => list())).toEqual([
    { users: [], isComplete: true },
    { users: [], isComplete: true },
  ])

  expect(await parley.block(friend.id)).toBeNull()
  expect(lists[0]?.().users).toMatchObject([{ id: friend.id, displayName: 'Friend' }])
  await friend.send(groupId, 'after')
  const both = [
    ['before', true],
    ['after', true],
  ]
  await expect.poll(shown, back).toEqual([both, both])
  // A device that comes later reads whom the person has blocked.
  const later = await start({}, parley.handle)
  expect(later.blocked.getSnapshot()).toMatchObject({ users: [{ id: friend.id }], isComplete: true })

  expect(await phone.unblock(friend.id)).toBeNull()
  for (const one of [parley, phone, later]) {
    await expect.poll(() => one.blocked.getSnapshot(), back).toEqual({ users: [], isComplete: true })
  }
  await expect
    .poll(
      () =>
        shown()
          .flat()
          .map((item) => item && item[1]),
      back,
    )
    .toEqual([false, false, false, false])
  expect(await parley.block(idOf(parley))).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect(await parley.block(randomUUID())).toMatchObject({ code: 'NOT_FOUND' })
})

test('where a person is signed in, and signing another device out', async () => {
  const parley = await start()
  const phone = await start({}, parley.handle)
  const sessions = look(parley.sessions)
  await expect.poll(() => sessions().sessions.length, back).toBe(2)
  const other = sessions().sessions.find(({ current }) => !current)
  expect(await parley.sessions.revoke(other?.id ?? '')).toBeNull()
  expect(sessions().sessions).toMatchObject([{ current: true }])
  await expect.poll(() => phone.session.state.getSnapshot().status, back).toBe('ENDED')
  await parley.sessions.load()
  expect(sessions().sessions).toMatchObject([{ current: true }])
})

test('the support queue: who is made staff does not have to sign in again; cases come, are answered and go', async () => {
  const parley = await start()
  const queue = look(parley.supportQueue())
  await expect.poll(() => queue().error, back).toMatchObject({ code: 'FORBIDDEN' })
  await database.query("UPDATE users SET role = 'STAFF' WHERE handle = $1", [parley.handle])
  await expect.poll(() => parley.viewer.getSnapshot()?.user.role, back).toBe('STAFF')
  await expect.poll(() => [queue().error, queue().isLoading], back).toEqual([null, false])

  const input = { opKey: randomUUID() }
  const { openSupport } = await friend.client.request(OpenSupportDocument, { input })
  const { id } = expectType(openSupport, 'OpenSupportSuccess').conversation
  await friend.send(id, 'Help!')
  const own = () => queue().conversations.find((one) => one.id === id)
  await expect.poll(() => own()?.lastMessage?.text, back).toBe('Help!')
  expect(own()?.fields).toMatchObject({ supportStatus: 'OPEN' })
  expect(own()?.fields.unansweredSince).not.toBeNull()
  await parley.send({ conversationId: id, text: 'Here' })
  await expect.poll(() => own()?.fields.unansweredSince, back).toBeNull()
  expect(own()?.lastMessage?.text).toBe('Here')
})

test('who types, who is there, and a file that was attached without a network', async () => {
  const parley = await start()
  const id = await friend.startDirect({ id: idOf(parley) })
  const typing = look(parley.typing(id))
  const presence = look(parley.presence([friend.id]))
  const timeline = look(parley.timeline(id))
  const typed = async () => {
    await friend.setTyping(id, true)
    return typing().map((user) => user.id)
  }
  await expect.poll(typed, back).toEqual([friend.id])
  await friend.setTyping(id, false)
  await expect.poll(() => typing(), back).toEqual([])
  const status = () => presence()[friend.id]?.status
  await expect.poll(status, back).toBe('OFFLINE')
  const device = friend.on('phone', 'MOBILE')
  const events = await device.inboxEvents()
  await expect.poll(status, back).toBe('ONLINE')
  events.cut()

  proxy.cut()
  await expect.poll(() => parley.syncState.getSnapshot(), back).toBe('OFFLINE')
  const file = Object.assign(new Blob(['words in a file'], { type: 'text/plain' }), { name: 'words.txt' })
  await parley.send({ conversationId: id, text: 'with a file', files: [file] })
  proxy.heal()
  parley.retryNow()
  const sent = () =>
    timeline().items.map((item) =>
      item.kind === 'message'
        ? [item.message.text, item.delivery, item.message.attachments.map((one) => one.fileName)]
        : [],
    )
  await expect.poll(sent, back).toEqual([['with a file', 'SENT', ['words.txt']]])
})
