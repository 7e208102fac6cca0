import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createResumeTokens, nowhere } from '../../../src/domain/inbox/resume-token.ts'
import { byStreamId, type ResumePoint } from '../../../src/log/resume-point.ts'
import type { Watermark } from '../../../src/store/watermark.ts'

const tokens = createResumeTokens('a secret of this deployment, of some length')
const ann = '01890a5d-ac96-774b-bcce-b302099a8057'
const bob = '01890a5d-ac96-774b-bcce-b302099a8058'

const mark = fc.oneof(
  fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.constant('0'),
  fc.stringMatching(/^[\w-]{1,16}$/),
)
const watermark: fc.Arbitrary<Watermark> = fc
  .record({
    xid: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    mark,
    before: fc.array(fc.bigInt({ min: 1n, max: 2n ** 40n }), { maxLength: 50 }),
  })
  .map(({ xid, mark, before }) => {
    const running = [...new Set(before.map((distance) => xid - distance))].filter((id) => id > 0n)
    return { xid, mark, running: running.sort((a, b) => (a < b ? -1 : 1)) }
  })
const uuid = fc.uuid()
const point: fc.Arbitrary<ResumePoint> = fc.record({
  base: fc.option(watermark),
  sweep: fc.option(fc.record({ target: watermark, upTo: uuid })),
  exceptions: fc
    .uniqueArray(fc.record({ streamId: uuid, seq: fc.integer({ min: 0, max: 2 ** 31 - 1 }), mark: fc.option(mark) }), {
      selector: ({ streamId }) => streamId,
      maxLength: 40,
    })
    .map((exceptions) => exceptions.sort(byStreamId)),
})

test('what a token says is what it was made of', () => {
  fc.assert(
    fc.property(point, uuid, (given, viewerId) => {
      const text = tokens.encode(given, viewerId)
      expect(text).toMatch(/^[\w-]+$/)
      expect(tokens.decode(text, viewerId)).toEqual(given)
      expect(tokens.pointText(given) + tokens.viewerText(viewerId)).toBe(text)
    }),
  )
})

test('to another viewer, another deployment, or with anything altered, it says nothing', () => {
  const others = createResumeTokens('the secret of another deployment, as long')
  fc.assert(
    fc.property(point, fc.nat(), fc.stringMatching(/^[\w-]$/), (given, at, letter) => {
      const text = tokens.encode(given, ann)
      expect(tokens.decode(text, bob)).toBe(nowhere)
      expect(others.decode(text, ann)).toBe(nowhere)
      const index = 1 + (at % (text.length - 1))
      if (text[index] === letter || (index === 1 && /[A-Z_-]/.test(letter))) return
      const altered = text.slice(0, index) + letter + text.slice(index + 1)
      expect(tokens.decode(altered, ann)).toBe(nowhere)
    }),
  )
})

test('cut short or with something added it says nothing', () => {
  const text = tokens.encode({ base: { xid: 812n, mark: 'abcdefgh', running: [] }, sweep: null, exceptions: [] }, ann)
  for (let length = 0; length < text.length; length++) {
    const cut = () => tokens.decode(text.slice(0, length), ann)
    if (length < 28) expect(cut).toThrow('as it was given')
    else expect(cut()).toBe(nowhere)
  }
  expect(tokens.decode(`${text}A`, ann)).toBe(nowhere)
  expect(tokens.decode(text + text, ann)).toBe(nowhere)
})

test('what never was a token is refused', () => {
  const long = 'r1'.padEnd(70_000, 'A')
  for (const text of ['', 'x', 'not a token', 'a'.repeat(60), 'r1'.padEnd(60, '='), 'r1'.padEnd(60, 'ä'), long]) {
    expect(() => tokens.decode(text, ann), text.slice(0, 80)).toThrow('as it was given')
  }
})

test('it is at most 256 letters long, with four exceptions, in a sweep, with a dozen transactions running', () => {
  const running = Array.from({ length: 12 }, (_, index) => 900_000_000_000n + BigInt(index * 3))
  const watermark = { xid: 900_000_000_040n, mark: 'abcdefgh', running }
  const exceptions = Array.from({ length: 4 }, () => ({ streamId: randomUUID(), seq: 1_000_000, mark: 'hgfedcba' }))
  const live = { base: watermark, sweep: null, exceptions }
  expect(tokens.encode(live, ann).length).toBeLessThanOrEqual(256)
  const sweep = { target: watermark, upTo: randomUUID() }
  const sweeping = { base: watermark, sweep, exceptions: exceptions.slice(0, 2) }
  expect(tokens.encode(sweeping, ann).length).toBeLessThanOrEqual(256)
})
