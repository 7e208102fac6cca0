import { expect, test } from 'vitest'
import { eventTypes, infoOf, typesWhere, type EventType } from '../../../src/log/event-types.ts'
import { fromPayload, toPayload } from '../../../src/log/payload.ts'
import { toLogEvent } from '../../../src/store/log-event.ts'
import { outcomes } from '../../../src/store/writing/outcomes.ts'
import { cannedItems, logEvent } from '../../testkit/canned.ts'
import { messageRow, streamId } from '../../testkit/log.ts'

const raw = { streamId, seq: 7, actorId: null, occurredAt: new Date(0), mark: 'mark7', markBefore: 'mark6' }

test('events of every type pass the bus as they are', () => {
  const events = cannedItems().flatMap(({ event }) => (event ? [event] : []))
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(Object.keys(eventTypes)))
  for (const event of events) expect(fromPayload(toPayload(event))).toEqual(event)
})

test('an event that does not have what its type says is refused, whichever way it comes', () => {
  const message = messageRow(3)
  expect(() => toLogEvent({ ...raw, type: 'MESSAGE_EDITED' })).toThrow(`event 7 of ${streamId} has lost its message`)
  expect(() => toLogEvent({ ...raw, type: 'MEMBER_LEFT', data: {} })).toThrow(/userId/)
  expect(() => toLogEvent({ ...raw, type: 'RECEIPT_ADVANCED', data: { receipts: [{}] } })).toThrow(/lastReadSeq/)
  const payload = JSON.parse(toPayload(logEvent('MESSAGE_SENT', { message }))) as Record<string, unknown>
  const bad: object[] = [
    { seq: 0 },
    { seq: 1.5 },
    { seq: '7' },
    { streamId: null },
    { mark: null },
    { message: null },
    { type: 7 },
  ]
  for (const change of bad) {
    expect(() => fromPayload(JSON.stringify({ ...payload, ...change })), JSON.stringify(change)).toThrow()
  }
  expect(fromPayload(JSON.stringify(payload)).message).toEqual(message)
})

test('of a type that only a newer version knows the number is known, and that nothing kept may be trusted', () => {
  const event = toLogEvent({ ...raw, type: 'OF_A_NEWER_VERSION', data: { newId: 'x' }, message: messageRow(3) })
  expect(event).toEqual({ ...raw, type: 'UNKNOWN', data: null, messageSeq: null, message: null })
  expect(infoOf('UNKNOWN')).toMatchObject({ resetsEpoch: true, subscriptions: [] })
  expect(infoOf('UNKNOWN').erasesTexts(null)).toBe(true)
  // Nor is a property of all objects taken for a type.
  expect(toLogEvent({ ...raw, type: 'constructor' }).type).toBe('UNKNOWN')
})

test('an answer that a write cannot have is none', () => {
  expect(() => outcomes.sendMessage.parse({ outcome: 'MESSAGE_LOCKED' })).toThrow()
  expect(() => outcomes.editMessage.parse({ outcome: 'MESSAGE_LOCKED' })).toThrow(/policy/)
  expect(() =>
    outcomes.deleteMessage.parse({ outcome: 'ACCEPTED', streamId, eventSeq: 1, mark: 'mark1', events: [] }),
  ).toThrow(/message/)
  expect(outcomes.renameConversation.parse({ outcome: 'NOT_FOUND' })).toEqual({ outcome: 'NOT_FOUND', events: [] })
})

test('what each type is told by, ends and moves', () => {
  const names = (types: EventType[]) => types.join(' ')
  expect(names(typesWhere(({ subscriptions }) => subscriptions.includes('messageEvents')))).toBe(
    'MESSAGE_SENT MESSAGE_EDITED MESSAGE_DELETED REACTION_TOGGLED USER_ERASED',
  )
  expect(names(typesWhere(({ subscriptions }) => subscriptions.includes('receiptEvents')))).toBe('RECEIPT_ADVANCED')
  expect(names(typesWhere(({ subscriptions }) => !subscriptions.includes('conversationEvents')))).toBe(
    'INBOX_ENTRY_CHANGED BLOCK_CHANGED DESK_MOVED',
  )
  expect(names(typesWhere(({ endsTypingOf }) => endsTypingOf !== null))).toBe('MESSAGE_SENT MEMBER_LEFT USER_ERASED')
  // What others were answered before a new message or a receipt holds after it.
  expect(names(typesWhere(({ resetsEpoch }) => !resetsEpoch))).toBe('MESSAGE_SENT RECEIPT_ADVANCED DESK_MOVED')
})
