import { describe, expect, test } from 'vitest'
import { NotFoundError } from '../../../src/domain/errors.ts'
import { isHandle, isUuid, newId } from '../../../src/domain/ids.ts'
import {
  conversationId,
  decodeGlobalId,
  encodeGlobalId,
  entryId,
  memberId,
  messageId,
  requireId,
  requireMessageRef,
  requireStreamId,
  streamId,
  userId,
  viewerId,
} from '../../../src/schema/building/ids.ts'

const id = newId()

describe('new ids', () => {
  test('are uuids that sort by the time they were made', () => {
    const ids = Array.from({ length: 1000 }, newId)
    expect(ids.every(isUuid)).toBe(true)
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(1000)
  })

  test('are told from what looks like one', () => {
    // Each reads as a good one where base64 is taken generously.
    const good = Buffer.from(`Conversation:${id}`)
    const padded = Buffer.from(`User:${id}`)
    for (const text of [good.toString('base64url'), padded.toString('base64url')]) {
      const stray = text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)
      for (const almost of [
        `${text}=`,
        `${text}==`,
        `${text}!`,
        ` ${text}`,
        `${text} `,
        `${text}\n`,
        `${text}%`,
        `${text}A`,
        `${text.slice(0, 4)}.${text.slice(4)}`,
        text.length % 4 === 0 ? `${text}=` : stray,
      ]) {
        // prettier-ignore
        expect(decodeGlobalId(almost), almost).toBeNull()
      }
      expect(decodeGlobalId(text)).not.toBeNull()
    }
    for (const text of ['', 'x', id.toUpperCase(), `${id} `, `${id}\n`, id.replaceAll('-', ''), `{${id}}`]) {
      expect(isUuid(text)).toBe(false)
    }
  })
})

test('handles are told from other texts', () => {
  for (const text of ['abc', 'a.b_9', 'z'.repeat(32)]) expect(isHandle(text)).toBe(true)
  for (const text of ['ab', 'Abc', 'abc\n', 'a\0b', 'z'.repeat(33)]) expect(isHandle(text)).toBe(false)
})

describe('global ids', () => {
  test('come back as the type and key they were made of', () => {
    expect(decodeGlobalId(userId(id))).toEqual({ type: 'User', id })
    expect(decodeGlobalId(conversationId(id))).toEqual({ type: 'Conversation', id })
    expect(decodeGlobalId(messageId({ conversationId: id, seq: 7 }))).toEqual({
      type: 'Message',
      conversationId: id,
      seq: 7,
    })
    const place = { conversationId: id, userId: newId() }
    expect(decodeGlobalId(entryId(place))).toEqual({ type: 'InboxEntry', ...place })
    expect(decodeGlobalId(memberId(place))).toEqual({ type: 'Member', ...place })
    expect(decodeGlobalId(viewerId(id))).toEqual({ type: 'Viewer', id })
  })

  test('need no escaping in an address', () => {
    for (const text of [userId(id), messageId({ conversationId: id, seq: 2_147_483_647 })])
      expect(text).toMatch(/^[\w-]+$/)
  })

  test('of a stream are its conversation’s, and for the viewer’s own one of their own', () => {
    const viewer = newId()
    expect(streamId(id, viewer)).toBe(conversationId(id))
    expect(streamId(id, null)).toBe(conversationId(id))
    expect(decodeGlobalId(streamId(viewer, viewer))).toEqual({ type: 'PersonalStream', id: viewer })
    expect(requireStreamId(streamId(viewer, viewer))).toBe(viewer)
    expect(requireStreamId(conversationId(id))).toBe(id)
  })

  test('that are none of ours are nothing', () => {
    const keys = ['User', 'User:', 'User:1', `User:${id}:1`, `user:${id}`, `Nothing:${id}`, `:${id}`, `Message:${id}`]
    const messages = ['', '0', '-1', '01', '1.5', '1e3', '2147483648', '99999999999', '1/2', 'x', ' 1', '1\n']
    const places = [id, '', `${id}/`, `/${id}`, `${id}/1`, `${id}/${id}/${id}`, `${id}/${id}\n`]
    const texts = [
      ...keys,
      ...messages.map((seq) => `Message:${id}/${seq}`),
      ...places.flatMap((place) => [`InboxEntry:${place}`, `Member:${place}`]),
      `Viewer:${id}/${id}`,
    ].map((text) => Buffer.from(text).toString('base64url'))
    // Each reads as a good one where base64 is taken generously.
    const good = Buffer.from(`Conversation:${id}`)
    const padded = Buffer.from(`User:${id}`)
    for (const text of [good.toString('base64url'), padded.toString('base64url')]) {
      const stray = text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)
      for (const almost of [
        `${text}=`,
        `${text}==`,
        `${text}!`,
        ` ${text}`,
        `${text} `,
        `${text}\n`,
        `${text}%`,
        `${text}A`,
        `${text.slice(0, 4)}.${text.slice(4)}`,
        text.length % 4 === 0 ? `${text}=` : stray,
      ]) {
        // prettier-ignore
        expect(decodeGlobalId(almost), almost).toBeNull()
      }
      expect(decodeGlobalId(text)).not.toBeNull()
    }
    for (const text of ['', 'x', '%%%', '\0', '\ud800', 'x'.repeat(10_000), ...texts])
      expect(decodeGlobalId(text)).toBeNull()
  })

  test('of another type than the one asked for are not found, with the words for what does not exist', () => {
    const unknown = 'nonsense'
    for (const [work, other] of [
      [(text: string) => requireId('User', text), conversationId(id)],
      [(text: string) => requireId('Conversation', text), userId(id)],
      [requireMessageRef, conversationId(id)],
      [requireStreamId, userId(id)],
    ] as const) {
      const messages = [unknown, other].map((text) => {
        try {
          return work(text)
        } catch (error) {
          expect(error).toBeInstanceOf(NotFoundError)
          return (error as Error).message
        }
      })
      expect(messages[0]).toBe(messages[1])
    }
    expect(requireId('User', encodeGlobalId('User', id))).toBe(id)
    expect(requireMessageRef(messageId({ conversationId: id, seq: 3 }))).toEqual({ conversationId: id, seq: 3 })
  })
})
