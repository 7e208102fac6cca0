import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { beforeAll, expect, test } from 'vitest'
import { createParley, memoryStorage, type Parley, type ParleyOptions } from '../../sdk/src/index.ts'
import { ViewerDocument } from '../../sdk/src/generated/graphql.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { sharedServer } from '../testkit/shared.ts'

const password = 'correct horse battery'
const back = { timeout: 45_000, interval: 50 }
const clients: Parley[] = []

let proxy: Proxy
let friend: Person
beforeAll(async () => {
  const { server } = await sharedServer()
  proxy = await startProxy(Number(new URL(server.url).port))
  friend = await signUp(server.url, 'Friend')
})
atEndOfEachFile(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function start(options: Partial<ParleyOptions> = {}): Parley {
  const parley = createParley({ url: `http://127.0.0.1:${proxy.port}/graphql`, webSocketImpl: WebSocket, ...options })
  clients.push(parley)
  return parley
}

async function signedUp(options: Partial<ParleyOptions> = {}): Promise<Parley> {
  const parley = start(options)
  const handle = `c_${randomUUID().slice(0, 8)}`
  expect(await parley.session.register({ handle, displayName: 'Client', password })).toBeNull()
  await untilLive(parley)
  return parley
}

const untilLive = (parley: Parley) => expect.poll(() => parley.syncState.getSnapshot(), back).toBe('LIVE')
const viewerIdOf = (parley: Parley) => parley.viewer.getSnapshot()?.user.id ?? ''
const shownIn = (parley: Parley, id: string) =>
  parley
    .timeline(id)
    .getSnapshot()
    .items.map((item) => (item.kind === 'message' ? [item.message.text, item.delivery] : ['gap']))

test('what is written offline is shown at once, survives a restart, and arrives in its order', async () => {
  const storage = memoryStorage()
  const parley = await signedUp({ storage })
  const conversationId = await friend.startDirect({ id: viewerIdOf(parley) })
  await expect
    .poll(
      () =>
        parley
          .inbox()
          .getSnapshot()
          .items.map(({ id }) => id),
      back,
    )
    .toEqual([conversationId])

  proxy.cut()
  await expect.poll(() => parley.syncState.getSnapshot(), back).toBe('OFFLINE')
  for (const text of ['one', 'two', 'three']) await parley.send({ conversationId, text })
  expect(shownIn(parley, conversationId)).toEqual([
    ['one', 'PENDING'],
    ['two', 'PENDING'],
    ['three', 'PENDING'],
  ])
  await friend.send(conversationId, 'meanwhile')
  await parley.close()

  const again = start({ storage })
  await expect.poll(() => shownIn(again, conversationId).length, back).toBe(3)
  proxy.heal()
  again.retryNow()
  await untilLive(again)
  await expect
    .poll(() => shownIn(again, conversationId), back)
    .toEqual([
      ['meanwhile', null],
      ['one', 'SENT'],
      ['two', 'SENT'],
      ['three', 'SENT'],
    ])
  // Acknowledged is SENT; it leaves the outbox with its event.
  await expect.poll(() => again.outbox.operations.getSnapshot(), back).toEqual([])
  expect(Object.values(again.diagnostics)).toEqual([0, 0, 0, 0])
})

test('signed out: stores are there and empty, what is done is refused, and the same stores fill when somebody comes', async () => {
  const parley = start()
  const { timeline, inbox } = { timeline: parley.timeline('none'), inbox: parley.inbox() }
  let told = 0
  inbox.subscribe(() => told++)
  expect(inbox.getSnapshot().items).toEqual([])
  expect(timeline.getSnapshot().items).toEqual([])
  expect(inbox.getSnapshot()).toBe(parley.inbox().getSnapshot())
  await expect(parley.send({ conversationId: 'none', text: 'x' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect.poll(() => parley.session.state.getSnapshot().status).toBe('SIGNED_OUT')
  expect(await parley.session.login({ handle: 'nobody', password })).toMatchObject({ code: 'INVALID_CREDENTIALS' })

  const handle = `c_${randomUUID().slice(0, 8)}`
  await parley.session.register({ handle, displayName: 'Client', password })
  await untilLive(parley)
  const id = await friend.startDirect({ id: viewerIdOf(parley) })
  await expect.poll(() => inbox.getSnapshot().items.map((item) => item.id), back).toEqual([id])
  expect(told).toBeGreaterThan(0)

  await parley.session.logout()
  expect(inbox.getSnapshot().items).toEqual([])
  expect(parley.viewer.getSnapshot()).toBeNull()
})

test('with tokens of the embedding product: asked for again when one is refused, and who it is comes from the server', async () => {
  const refused: (string | null)[] = []
  const getToken = (last: string | null) => {
    refused.push(last)
    return refused.length === 1 ? 'wrong' : friend.session.accessToken
  }
  const parley = start({ getToken })
  await untilLive(parley)
  expect(refused).toEqual([null, 'wrong'])
  expect(parley.session.state.getSnapshot()).toMatchObject({ status: 'SIGNED_IN', user: { id: friend.id } })
  const { viewer } = await parley.request(ViewerDocument, {})
  expect(viewer.user.handle).toBe(friend.handle)
})

test('a logout that could not reach the server ends the session there when it can, also after a restart', async () => {
  const storage = memoryStorage()
  const parley = start({ storage })
  const handle = `c_${randomUUID().slice(0, 8)}`
  await parley.session.register({ handle, displayName: 'Client', password })
  await untilLive(parley)
  const other = start()
  await other.session.login({ handle, password })
  await untilLive(other)
  await other.sessions.load()
  expect(other.sessions.getSnapshot().sessions).toHaveLength(2)

  proxy.cut()
  await parley.session.logout()
  expect(parley.session.state.getSnapshot().status).toBe('SIGNED_OUT')
  await parley.close()
  expect((await storage.read('session')).map(([key]) => key).sort()).toEqual(['device', 'ended'])
  proxy.heal()
  const again = start({ storage })
  await expect.poll(async () => (await storage.read('session')).map(([key]) => key), back).toEqual(['device'])
  expect(again.session.state.getSnapshot().status).toBe('SIGNED_OUT')
  await other.sessions.load()
  expect(other.sessions.getSnapshot().sessions).toMatchObject([{ current: true }])
})
