import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { beforeAll, expect, test } from 'vitest'
import { createParley, memoryStorage, type Parley, type ParleyStorage } from '../../sdk/src/index.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { openBrowser, type Tab } from '../testkit/browser-tabs.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'

const password = 'correct horse battery'
const back = { timeout: 45_000, interval: 50 }
const clients: Parley[] = []
atEndOfEachFile(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

let url: string
let friend: Person
beforeAll(async () => {
  url = (await sharedServer()).server.url
  friend = await signUp(url, 'Friend')
})

interface Open {
  parley: Parley
  tab: Tab
  /** Exchanges of tokens that it asked for. */
  refreshes: number
}

function open(browser: ReturnType<typeof openBrowser>, storage: ParleyStorage, webSocketImpl = WebSocket): Open {
  const tab = browser.openTab()
  const opened: Open = { tab, refreshes: 0, parley: null as never }
  const counting: typeof fetch = (input, init) => {
    if (typeof init?.body === 'string' && init.body.includes('refreshSession')) opened.refreshes++
    return fetch(input, init)
  }
  const options = { url, storage, tabs: tab.platform, fetch: counting, webSocketImpl }
  opened.parley = createParley(options)
  clients.push(opened.parley)
  return opened
}

const syncOf = ({ parley }: Open) => parley.syncState.getSnapshot()
const isConnected = ({ parley }: Open) => parley.connection.getSnapshot().state === 'OPEN'
const textsIn = ({ parley }: Open, id: string) =>
  parley
    .timeline(id)
    .getSnapshot()
    .items.map((item) => (item.kind === 'message' ? item.message.text : null))

test('tabs: one leads, all show the same; when it is closed or frozen another leads; tokens are exchanged once', async () => {
  const browser = openBrowser()
  const storage = { ...memoryStorage(), sharedAs: `chat ${randomUUID()}` }
  const [first, second, third] = [open(browser, storage), open(browser, storage), open(browser, storage)]
  const all = [first, second, third]
  await first.parley.session.register({ handle: `t_${randomUUID().slice(0, 8)}`, displayName: 'Tabs', password })
  for (const one of all) await expect.poll(() => syncOf(one), back).toBe('LIVE')
  expect(all.map(isConnected)).toEqual([true, false, false])

  const id = await friend.startDirect({ id: first.parley.viewer.getSnapshot()?.user.id ?? '' })
  await friend.send(id, 'one')
  for (const one of all) await expect.poll(() => textsIn(one, id), back).toEqual(['one'])
  // Typing comes over the leader's socket.
  const typing = second.parley.typing(id)
  typing.subscribe(() => undefined)
  await expect
    .poll(async () => {
      await friend.setTyping(id, true)
      return typing.getSnapshot().map((user) => user.id)
    }, back)
    .toEqual([friend.id])
  // What a tab does that does not lead is sent by the one that does, and shown in all.
  await third.parley.send({ conversationId: id, text: 'two' })
  for (const one of all) await expect.poll(() => textsIn(one, id), back).toEqual(['one', 'two'])

  await first.parley.close()
  await expect.poll(() => [second, third].filter(isConnected).length, back).toBe(1)
  const [leader, other] = isConnected(second) ? [second, third] : [third, second]
  await friend.send(id, 'three')
  for (const one of [leader, other]) await expect.poll(() => textsIn(one, id), back).toEqual(['one', 'two', 'three'])

  leader.tab.freeze()
  await friend.send(id, 'four')
  await expect.poll(() => isConnected(other), back).toBe(true)
  await expect.poll(() => textsIn(other, id), back).toEqual(['one', 'two', 'three', 'four'])
  await expect.poll(() => syncOf(other), back).toBe('LIVE')
})

test('what a killed tab wanted ends with it: the leader subscribes for it no more', async () => {
  const browser = openBrowser()
  const storage = { ...memoryStorage(), sharedAs: `chat ${randomUUID()}` }
  const sent: string[] = []
  class Watched extends WebSocket {
    override send(data: string, ...rest: unknown[]): void {
      sent.push(data)
      super.send(data, ...(rest as []))
    }
  }
  const [leader, follower, killed] = [open(browser, storage, Watched), open(browser, storage), open(browser, storage)]
  await leader.parley.session.register({ handle: `t_${randomUUID().slice(0, 8)}`, displayName: 'Tabs', password })
  for (const one of [leader, follower, killed]) await expect.poll(() => syncOf(one), back).toBe('LIVE')
  const id = await friend.startDirect({ id: leader.parley.viewer.getSnapshot()?.user.id ?? '' })
  const typing = [follower, killed].map(({ parley }) => parley.typing(id))
  for (const one of typing) one.subscribe(() => undefined)
  const frames = () =>
    sent.map((text) => JSON.parse(text) as { id?: string; type: string; payload?: { query?: string } })
  const begun = () =>
    frames().filter(({ type, payload }) => type === 'subscribe' && payload?.query?.includes('typingEvents'))
  const ended = () => frames().filter((one) => one.type === 'complete' && begun().some((other) => other.id === one.id))
  await expect.poll(() => begun().length, back).toBe(2)
  killed.tab.kill()
  await expect.poll(() => ended().length, back).toBe(1)
  // That of the other goes on.
  await expect
    .poll(async () => {
      await friend.setTyping(id, true)
      return typing[0]?.getSnapshot().map((user) => user.id)
    }, back)
    .toEqual([friend.id])
  expect(ended()).toHaveLength(1)
})

test('a token that is over is exchanged by one tab for all', async () => {
  const browser = openBrowser()
  const storage = { ...memoryStorage(), sharedAs: `chat ${randomUUID()}` }
  const first = open(browser, storage)
  await first.parley.session.register({ handle: `t_${randomUUID().slice(0, 8)}`, displayName: 'Tabs', password })
  await expect.poll(() => syncOf(first), back).toBe('LIVE')
  await first.parley.close()
  const [[, kept]] = (await storage.read('session', 'session')) as [[string, object]]
  await storage.write([{ table: 'session', key: 'session', value: { ...kept, renewAtMs: 0 } }])
  const tabs = [open(browser, storage), open(browser, storage), open(browser, storage)]
  await Promise.all(tabs.map(({ parley }) => parley.request('{ viewer { id } }', {})))
  expect(tabs.map(({ refreshes }) => refreshes).sort()).toEqual([0, 0, 1])
})

test('a browser that refuses a page its locks, as it refuses it all storage, leaves the tab on its own', async () => {
  const request = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'))
  const platform = { locks: { request }, BroadcastChannel }
  const storage = { ...memoryStorage(), sharedAs: `chat ${randomUUID()}` }
  const parley = createParley({ url, storage, tabs: platform, webSocketImpl: WebSocket })
  clients.push(parley)
  await parley.session.register({ handle: `t_${randomUUID().slice(0, 8)}`, displayName: 'Tabs', password })
  await expect.poll(() => parley.syncState.getSnapshot(), back).toBe('LIVE')
})
