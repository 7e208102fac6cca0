// @vitest-environment happy-dom
import { act, createElement as element, StrictMode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, test, vi } from 'vitest'
import { Model, viewerId } from '../../../tests/testkit/conversation-model.ts'
import { applyConversation } from '../replica/apply-answer.ts'
import { Replica } from '../replica/replica.ts'
import { Sync } from '../replica/sync.ts'
import { NetworkError } from '../requests/errors.ts'
import type { Requests } from '../requests/requests.ts'
import { memoryStorage } from '../storage/memory.ts'
import { Chat } from '../stores/chat.ts'
import { Value } from '../stores/store.ts'
import * as hooks from './index.ts'

const conversationId = 'conversation'
const roots: Root[] = []
;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
afterEach(() => act(() => roots.splice(0).forEach((root) => root.unmount())))

async function client() {
  const model = new Model()
  const requests: Requests = { request: () => Promise.reject(new NetworkError('offline')) }
  const storage = memoryStorage()
  const replica = await Replica.open({ storage }, viewerId)
  const sync = new Sync({ replica, requests })
  let subscriptionCount = 0
  const connection = {
    subscribe() {
      subscriptionCount++
      return () => subscriptionCount--
    },
  }
  const chat = new Chat({ replica, sync, requests, storage, connection })
  const syncState = new Value<'LIVE' | 'CATCHING_UP' | 'OFFLINE'>('LIVE')
  const parley = Object.assign(Object.create(chat) as Chat, { syncState })
  return { model, replica, parley, syncState, subscriptions: () => subscriptionCount }
}

/** All hooks at once. */
function Page({ onRender = () => undefined }: { onRender?: () => void }) {
  onRender()
  const { items: conversations } = hooks.useInbox()
  const { items } = hooks.useTimeline(conversationId)
  const send = hooks.useSend(conversationId)
  const { users } = hooks.useTyping(conversationId)
  hooks.usePresence(['other'])
  const { conversationCount } = hooks.useUnread()
  const { members } = hooks.useMembers(conversationId)
  const { readByAllSeq } = hooks.useReceipts(conversationId)
  const queue = hooks.useSupportQueue()
  const state = hooks.useSyncState()
  const waiting = hooks.useOutbox()
  hooks.useViewer()
  hooks.useBlocked()
  hooks.useSessions()
  const texts = items.map((item) => (item.kind === 'message' ? `${item.message.text} ${item.delivery ?? ''}` : 'gap'))
  const counts = [conversations, users, members, queue.conversations, waiting].map(({ length }) => length)
  return element(
    'main',
    { onClick: () => void send('written') },
    `${state} ${counts.join()} ${conversationCount} ${readByAllSeq}: ${texts.join(', ')}`,
  )
}

const app = (parley: hooks.ParleyForReact, onRender?: () => void) =>
  element(StrictMode, null, element(hooks.ParleyProvider, { client: parley }, element(Page, { onRender })))

test('every hook shows what is there, in StrictMode, and renders again only for a change', async () => {
  const { model, replica, parley, syncState, subscriptions } = await client()
  model.act({ kind: 'send', who: 1, which: 1 })
  await replica.change([], (state) => ({ ...applyConversation(state, model.answer(0, 10)), inboxAfter: null }))
  const place = document.body.appendChild(document.createElement('div'))
  const root = createRoot(place)
  roots.push(root)
  let renderCount = 0
  await act(async () => root.render(app(parley, () => renderCount++)))
  expect(place.textContent).toBe('LIVE 1,0,3,0,0 1 0: text 1 ')
  expect(subscriptions()).toBe(3)
  await act(async () => place.querySelector('main')?.click())
  expect(place.textContent).toBe('LIVE 1,0,3,0,1 1 0: text 1 , written PENDING')
  model.act({ kind: 'send', who: 1, which: 1 })
  await act(() => replica.commit(model.events.slice(-1), 'next'))
  expect(place.textContent).toBe('LIVE 1,0,3,0,1 1 0: text 1 , text 2 , written PENDING')
  const before = renderCount
  await act(() => replica.commit(model.events, 'again'))
  expect(renderCount).toBe(before)
  await act(async () => syncState.set('OFFLINE'))
  expect(place.textContent).toContain('OFFLINE')
  await act(async () => root.unmount())
  roots.length = 0
  expect(subscriptions()).toBe(0)
})

test('a server renders the empty state, and the browser takes it over without a warning', async () => {
  const { model, replica, parley } = await client()
  model.act({ kind: 'send', who: 1, which: 1 })
  await replica.change([], (state) => ({ ...applyConversation(state, model.answer(0, 10)), inboxAfter: null }))
  const html = renderToString(app(parley))
  expect(html).toContain('OFFLINE 0,0,0,0,0 0 0: ')
  const place = document.body.appendChild(document.createElement('div'))
  place.innerHTML = html
  const complaints = vi.spyOn(console, 'error')
  await act(async () => void roots.push(hydrateRoot(place, app(parley))))
  expect(complaints).not.toHaveBeenCalled()
  expect(place.textContent).toContain('text 1')
})

test('without a provider a hook says what is missing', () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect(() => renderToString(element(Page))).toThrow('<ParleyProvider client={…}>')
  complaints.mockRestore()
})
