import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyBlocked, applyConversation, applyMembers, applyMessage, applyPage } from './apply-answer.ts'
import { applyEvent, applyEvents } from './apply-event.ts'
import { Model, viewerId, type Step } from '../../../tests/testkit/conversation-model.ts'
import { emptyState, timelineOf, type ParleyEvent, type State } from './state.ts'
import { messagesOf } from './timeline.ts'

const id = 'conversation'
const kinds = [
  'send',
  'send',
  'send',
  'reply',
  'edit',
  'delete',
  'react',
  'react',
  'read',
  'read',
  'leave',
  'join',
  'rename',
  'pin',
  'role',
  'archive',
  'unread',
] as const
const step: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom(...kinds), who: fc.nat(5), which: fc.nat(30) })

/** What a client does between the steps of the server. */
const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ move: fc.constant('server' as const), step }) },
  { weight: 3, arbitrary: fc.record({ move: fc.constant('events' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('personal' as const) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('repeat' as const), which: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({ move: fc.constant('page' as const), lag: fc.nat(3), last: fc.nat(8), before: fc.nat(30) }),
  },
  { weight: 1, arbitrary: fc.record({ move: fc.constant('ack' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ move: fc.constant('deliver' as const), which: fc.nat(30) }) },
)
type Move = typeof move extends fc.Arbitrary<infer One> ? One : never

/** What a person can see of it. */
function seen(state: State) {
  const conversation = state.conversations.get(id)
  if (!conversation) return null
  const {
    fields,
    pins,
    headSeq,
    lastActivityAt,
    memberCount,
    readByAllSeq,
    deliveredToAllSeq,
    entry,
    members,
    lastMessage,
  } = conversation
  const present = [...members.entries()].filter(([, { hasLeft }]) => !hasLeft).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    fields,
    pins,
    headSeq,
    lastActivityAt,
    memberCount,
    readByAllSeq,
    deliveredToAllSeq,
    entry: { ...entry, isCounted: true },
    members: present,
    lastMessage,
    ranges: timelineOf(state, id).ranges,
    messages: [...messagesOf(timelineOf(state, id))],
  }
}

/** An answer that was asked for and is under way. */
type Answer = (state: State) => State

test('any interleaving of pages, events and acknowledgements gives the state that a fresh read gives', () => {
  const run = (first: Step[], lag: number, last: number, moves: Move[]) => {
    const model = new Model()
    for (const one of first) model.act(one)
    let state = applyConversation(emptyState(viewerId), model.answer(lag, last))
    let [heard, heardPersonal] = [
      model.eventSeq - lag < 0 ? 0 : model.eventSeq - lag,
      Math.max(0, model.personal.length - lag),
    ]
    const answers: Answer[] = []
    const hear = (count: number) => {
      for (const event of model.events.slice(heard, heard + count)) state = applyEvent(state, event)
      heard = Math.min(model.eventSeq, heard + count)
    }
    const hearPersonal = () => {
      for (const event of model.personal.slice(heardPersonal)) state = applyEvent(state, event)
      heardPersonal = model.personal.length
    }
    for (const one of moves) {
      if (one.move === 'server') model.act(one.step)
      else if (one.move === 'events') hear(one.count)
      else if (one.move === 'personal') hearPersonal()
      else if (one.move === 'repeat') {
        const event: ParleyEvent | undefined = model.events[one.which % Math.max(1, heard)]
        if (event && heard > 0) expect(applyEvent(state, event)).toBe(state)
      } else if (one.move === 'page') {
        const page = structuredClone(model.page(one.lag, one.last, one.before))
        answers.push((now) => applyPage(now, id, page))
      } else if (one.move === 'ack') {
        const message = model.messageOf(one.which)
        if (message) answers.push((now) => applyMessage(now, id, structuredClone(message)))
      } else {
        const [answer] = answers.splice(one.which % Math.max(1, answers.length), 1)
        if (answer) state = answer(state)
      }
    }
    for (const answer of answers) state = answer(state)
    hearPersonal()
    hear(Infinity)
    // What was never read is read now.
    state = applyPage(state, id, model.page(0, 1_000, Infinity))
    const { members } = model.answer(0, 0)
    if (state.conversations.get(id)?.needs.members && members) state = applyMembers(state, id, members, true)
    const fresh = applyConversation(emptyState(viewerId), model.answer(0, 1_000))
    expect(state.conversations.get(id)?.needs.whole).toBe(false)
    expect(seen(state)).toEqual(seen(fresh))
  }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.nat(2), fc.nat(8), fc.array(move, { maxLength: 80 }), run),
    { numRuns: 500 },
  )
})

test('what did not change is the same object', () => {
  const model = new Model()
  const send = { kind: 'send', who: 1, which: 1 } as const
  for (let nth = 0; nth < 200; nth++) model.act(send)
  const before = applyConversation(emptyState(viewerId), model.answer(0, 1_000))
  model.act({ kind: 'edit', who: 1, which: 150 })
  const after = applyEvents(before, model.events.slice(-1))
  const [was, is] = [timelineOf(before, id), timelineOf(after, id)]
  expect(is.chunks.map((chunk, index) => chunk === was.chunks[index])).toEqual([true, true, false, true])
  expect(after.conversations.get(id)?.fields).toBe(before.conversations.get(id)?.fields)
  expect(after.conversations.get(id)?.members).toBe(before.conversations.get(id)?.members)
  expect(after.viewer).toBe(before.viewer)
  expect(applyEvents(after, model.events)).toBe(after)
})

test('blocks: any order of pages and events gives who is blocked, the newest block first', () => {
  const people = ['a', 'b', 'c', 'd', 'e', 'f']
  const user = (one: string) => ({ id: one, handle: one, displayName: one, avatarUrl: null })
  const step = fc.record({ who: fc.constantFrom(...people), blocked: fc.boolean() })
  const run = (steps: { who: string; blocked: boolean }[], reads: number[]) => {
    const events: ParleyEvent[] = []
    let now: string[] = []
    let state: State = emptyState(viewerId)
    let heard = 0
    const readAt = new Set(reads)
    const page = (first: number) => {
      const { after } = state.blocks
      if (after === null) return
      const from = after === undefined ? 0 : now.indexOf(after) + 1
      const some = now.slice(from, from + first)
      const pageInfo = { hasNextPage: from + first < now.length, endCursor: some.at(-1) ?? null }
      state = applyBlocked(state, { nodes: some.map(user), pageInfo }, after)
    }
    for (const [nth, { who, blocked }] of steps.entries()) {
      now = [...(blocked ? [who] : []), ...now.filter((one) => one !== who)]
      const cursor = { streamId: 'personal', eventSeq: nth + 1, mark: '' }
      events.push({ __typename: 'BlockChanged', cursor, user: user(who), blocked } as ParleyEvent)
      // A page that is newer than the events, and events that come late.
      if (readAt.has(nth)) page(2)
      if (nth % 3 === 2)
        for (; heard < events.length - 1; heard++) state = applyEvent(state, events[heard] as ParleyEvent)
    }
    for (; heard < events.length; heard++) state = applyEvent(state, events[heard] as ParleyEvent)
    // Whoever was blocked anew meanwhile has moved to the front, past a page that was read by then.
    for (let nth = 0; nth < 10 && state.blocks.after !== null; nth++) page(2)
    expect(new Set(state.blocks.users.map(({ id: one }) => one))).toEqual(new Set(now))
    expect(state.blocks.released).toEqual([])
    expect(state.personalSeq).toBe(steps.length)
    const last = events.at(-1)
    if (last) expect(applyEvent(state, last)).toBe(state)
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.nat(20)), run), { numRuns: 300 })
})

test('pins of what the viewer has cleared away are not theirs, also when an event for all members has them', () => {
  const model = new Model()
  for (let nth = 0; nth < 3; nth++) model.act({ kind: 'send', who: 1, which: 1 })
  model.act({ kind: 'pin', who: 1, which: 0 })
  const answer = model.answer(0, 10)
  const before = applyConversation(emptyState(viewerId), answer)
  const pinsOf = (state: State) => state.conversations.get(id)?.pins.map(({ seq }) => seq)
  expect(pinsOf(before)).toEqual([1])
  const cursor = { streamId: 'personal', eventSeq: 100, mark: '' }
  const entry = { ...answer.entry, historyFromSeq: 2, conversation: { id, cursor: answer.conversation.cursor } }
  const cleared = applyEvent(before, {
    __typename: 'InboxEntryChanged',
    cursor,
    conversationId: id,
    entry,
  } as ParleyEvent)
  expect(pinsOf(cleared)).toEqual([])
  model.act({ kind: 'pin', who: 1, which: 2 })
  expect(pinsOf(applyEvents(cleared, model.events.slice(-1)))).toEqual([3])
})

test('a message whose group is known to be deleted before its last edit came has the revision of that edit', () => {
  const model = new Model()
  model.act({ kind: 'send', who: 1, which: 0 })
  const state = applyConversation(emptyState(viewerId), model.answer(1, 10))
  model.act({ kind: 'rename', who: 1, which: 0 })
  model.act({ kind: 'edit', who: 1, which: 0 })
  const [renamed, edited] = model.events.slice(1)
  if (renamed?.__typename !== 'ConversationUpdated' || edited?.__typename !== 'MessageEdited')
    throw new Error('other events')
  const deletedAt = '2026-01-01T00:00:00.000Z'
  const late = [
    { ...renamed, conversation: { ...renamed.conversation, deletedAt } },
    { ...edited, message: { ...edited.message, text: null, deletedAt } },
  ]
  const [message] = messagesOf(timelineOf(applyEvents(state, late as ParleyEvent[]), id))
  expect(message).toMatchObject({ text: null, deletedAt, revision: 2 })
})

test('an event that does not follow makes the conversation one that is read anew', () => {
  const model = new Model()
  for (let nth = 0; nth < 5; nth++) model.act({ kind: 'send', who: 1, which: 1 })
  const state = applyConversation(emptyState(viewerId), model.answer(5, 10))
  const gap = applyEvents(state, model.events.slice(3))
  expect(gap.conversations.get(id)?.needs.whole).toBe(true)
})

test('what is read of a conversation counts only if it has the events that came before', () => {
  const model = new Model()
  model.act({ kind: 'send', who: 1, which: 1 })
  const older = model.answer(0, 10)
  model.act({ kind: 'send', who: 1, which: 1 })
  const state = applyEvents(emptyState(viewerId), model.events.slice(1))
  expect(applyConversation(state, older)).toBe(state)
  expect(applyConversation(state, model.answer(0, 10)).conversations.get(id)?.headSeq).toBe(2)
})
