import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ValidationError } from '../../../src/domain/errors.ts'
import {
  displayName,
  handle,
  idList,
  messageText,
  opKey,
  password,
  positiveSeq,
  searchText,
  seq,
  title,
  validate,
} from '../../../src/schema/building/validate.ts'

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success

describe('texts', () => {
  test('are counted in characters as people see code points, not in UTF-16 units', () => {
    expect(takes(messageText, '😀'.repeat(4000))).toBe(true)
    expect(takes(messageText, '😀'.repeat(4001))).toBe(false)
    expect(takes(messageText, 'x'.repeat(4001))).toBe(false)
    expect(takes(title, 'x'.repeat(120))).toBe(true)
    expect(takes(title, 'x'.repeat(121))).toBe(false)
    expect(takes(displayName, 'x'.repeat(65))).toBe(false)
    expect(takes(searchText, 'x'.repeat(65))).toBe(false)
  })

  test('must be storable: no NUL, no half of a surrogate pair', () => {
    for (const schema of [messageText, title, displayName, opKey, password, searchText]) {
      expect(takes(schema, 'long enough')).toBe(true)
      for (const text of ['long\0enough', 'long\ud800enough', 'long enough\udc00'])
        expect(takes(schema, text)).toBe(false)
    }
  })

  test('must hold more than spaces, of any alphabet', () => {
    for (const schema of [messageText, title, displayName]) {
      for (const text of ['', ' ', '\n\t', '\u00a0\u2003\u3000\ufeff']) expect(takes(schema, text)).toBe(false)
    }
  })

  test('of messages stay as they are; titles and names lose the spaces around them', () => {
    expect(messageText.parse('  a\n')).toBe('  a\n')
    expect(title.parse('  a ')).toBe('a')
    expect(displayName.parse('\ta b\n')).toBe('a b')
  })
})

test('handles are 3 to 32 of a few signs, and come out in lower case', () => {
  expect(handle.parse('Ann_B.9')).toBe('ann_b.9')
  for (const good of ['abc', 'a'.repeat(32), '...', '___', '123']) expect(takes(handle, good)).toBe(true)
  for (const bad of ['', 'ab', 'a'.repeat(33), 'a b', 'a-b', 'añb', 'abc\n', 'a\0b'])
    expect(takes(handle, bad)).toBe(false)
})

test('keys are 8 to 64 characters, passwords 8 to 256', () => {
  for (const [schema, most] of [
    [opKey, 64],
    [password, 256],
  ] as const) {
    for (const length of [8, most]) expect(takes(schema, 'k'.repeat(length))).toBe(true)
    for (const length of [0, 7, most + 1]) expect(takes(schema, 'k'.repeat(length))).toBe(false)
  }
})

test('numbers and lists have bounds', () => {
  expect([-1, 0, 1, 1.5].map((value) => takes(seq, value))).toEqual([false, true, true, false])
  expect([-1, 0, 1, 1.5].map((value) => takes(positiveSeq, value))).toEqual([false, false, true, false])
  expect([0, 2, 3].map((length) => takes(idList(2), Array(length).fill('x')))).toEqual([true, true, false])
})

describe('validate', () => {
  const shape = z.object({ title, opKey })

  test('answers the checked value', () => {
    expect(validate(shape, 'input', { title: ' A ', opKey: '12345678', other: 1 })).toEqual({
      title: 'A',
      opKey: '12345678',
    })
  })

  test('names every wrong field by its place in the arguments, with words for each', () => {
    try {
      validate(shape, 'input', { title: '', opKey: 'short' })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ValidationError)
      const { message, fields } = error as ValidationError
      expect(fields).toEqual([
        { path: ['input', 'title'], reason: 'Must be 1 to 120 characters long.' },
        { path: ['input', 'opKey'], reason: 'Must be 8 to 64 characters long.' },
      ])
      expect(message).toContain('input.title: Must be 1 to 120')
      expect(message).toContain('input.opKey: Must be 8 to 64')
    }
  })

  test('says one thing about a text that cannot be stored, not several', () => {
    expect(() => validate(messageText, 'text', '\0')).toThrow('text: Must not contain the NUL character.')
    expect(() => validate(messageText, 'text', '\ud800')).toThrow(
      /^text: Must be well-formed Unicode \(no lone surrogates\)\.$/,
    )
  })
})
