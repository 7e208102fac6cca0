import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Basis } from '../../../src/domain/basis.ts'
import { KeptAnswers } from '../../../src/execution/reads/kept-answers.ts'
import { shownMove } from '../../../src/log/moves.ts'

const basisOf = (streams: string[], people: string[] = [], inboxOf: string | null = null) => {
  const basis = new Basis()
  for (const id of streams) basis.stream(id)
  for (const id of people) basis.person(id)
  if (inboxOf !== null) basis.inbox(inboxOf)
  return basis
}
const body = (text = 'answer') => Buffer.from(text)
const textOf = (kept: KeptAnswers, key: string) => kept.get(key)?.toString() ?? null

test('an answer goes with the first move of anything that it rests on, and no other', () => {
  const kept = new KeptAnswers(1_000_000)
  const moves = ['a', 'b', shownMove('p')]
  for (const move of moves) {
    kept.put('one', body(), basisOf(['a', 'b'], ['p']), null)
    kept.put('two', body('other'), basisOf(['c'], ['q']), null)
    kept.moved(['d', shownMove('a'), 'p'])
    expect(textOf(kept, 'one')).toBe('answer')
    kept.moved([move])
    expect(textOf(kept, 'one')).toBeNull()
    expect(textOf(kept, 'two')).toBe('other')
  }
  kept.lost()
  expect(kept).toMatchObject({ isEmpty: true, byteSize: 0, answerCount: 0 })
})

test('an inbox goes with any conversation of its owner; which those are stays known until their own stream moves', () => {
  const kept = new KeptAnswers(1_000_000)
  const conversationIds = new Set(['a', 'b'])
  const put = () => kept.put('inbox', body(), basisOf(['a'], [], 'ann'), conversationIds)
  put()
  kept.moved(['c'])
  expect(textOf(kept, 'inbox')).toBe('answer')
  kept.moved(['b'])
  expect(textOf(kept, 'inbox')).toBeNull()
  expect(kept.inboxOf('ann')).toBe(conversationIds)
  put()
  kept.moved(['b'])
  expect(textOf(kept, 'inbox')).toBeNull()
  put()
  kept.moved(['ann'])
  expect(textOf(kept, 'inbox')).toBeNull()
  expect(kept.inboxOf('ann')).toBeNull()
  expect(kept.byteSize).toBe(0)
})

test('beyond the bytes the one not used for longest goes first; one that is too large is not kept', () => {
  const kept = new KeptAnswers(64_000)
  const large = body('x'.repeat(3_000))
  for (let index = 0; index < 40; index++) {
    kept.put(`key ${String(index)}`, large, basisOf([String(index)]), null)
    kept.get('key 0')
    expect(kept.byteSize).toBeLessThanOrEqual(64_000)
  }
  expect(kept.get('key 0')).not.toBeNull()
  expect(kept.get('key 1')).toBeNull()
  expect(kept.get('key 39')).not.toBeNull()
  kept.put('huge', body('x'.repeat(5_000)), basisOf(['a']), null)
  expect(kept.get('huge')).toBeNull()
  kept.put(
    'of many',
    body(),
    basisOf([], [], 'ann'),
    new Set(Array.from({ length: 1_000 }, (_, index) => String(index))),
  )
  expect(kept.get('of many')).toBeNull()
})

test('whatever happens, what is kept is what a plain model of it would keep, and its bytes add up', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'ann', 'bob')
  const step = fc.oneof(
    fc.record({
      put: fc.constantFrom('1', '2', '3', '4'),
      streams: fc.array(id, { maxLength: 3 }),
      people: fc.array(id, { maxLength: 2 }),
      owner: fc.constantFrom(null, 'ann', 'bob'),
    }),
    fc.record({ moved: fc.array(fc.oneof(id, id.map(shownMove)), { minLength: 1, maxLength: 3 }) }),
    fc.record({ lost: fc.constant(true) }),
  )
  // Who is in what changes only with a move of the own stream, which the model does not need.
  const conversationsOf: Record<string, Set<string>> = { ann: new Set(['a', 'b']), bob: new Set(['b', 'c']) }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const kept = new KeptAnswers(10_000_000)
      const model = new Map<string, Set<string>>()
      for (const one of steps) {
        if ('put' in one) {
          const basis = basisOf(one.streams, one.people, one.owner)
          const owned = one.owner === null ? null : conversationsOf[one.owner]!
          kept.put(one.put, body(), basis, owned)
          model.set(one.put, new Set([...basis.moves, ...(owned ?? [])]))
        } else if ('moved' in one) {
          kept.moved(one.moved)
          for (const [key, on] of model) if (one.moved.some((move) => on.has(move))) model.delete(key)
        } else {
          kept.lost()
          model.clear()
        }
        for (const key of ['1', '2', '3', '4']) expect(kept.get(key) !== null).toBe(model.has(key))
        expect(kept.answerCount).toBe(model.size)
      }
      kept.moved(['a', 'b', 'c', 'ann', 'bob', ...['a', 'b', 'c', 'ann', 'bob'].map(shownMove)])
      kept.put('last', body(), basisOf(['x']), null)
      kept.moved(['x'])
      expect(kept.answerCount).toBe([...model.values()].filter((on) => on.size === 0).length)
    }),
    { numRuns: 300 },
  )
})
