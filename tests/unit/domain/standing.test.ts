import { expect, test } from 'vitest'
import { upToAllOthers } from '../../../src/domain/receipts/standing.ts'

const asked: string[] = []
const as = (viewer: string) => (userId: string) => {
  asked.push(userId)
  return userId === viewer
}
const standings = (...seqs: number[]) => seqs.map((seq, index) => ({ userId: 'abc'[index]!, seq }))

test('everybody but the viewer is at least as far as the one who is furthest behind', () => {
  expect(upToAllOthers(standings(3, 5), as('a'))).toBe(5)
  expect(upToAllOthers(standings(3, 5), as('b'))).toBe(3)
  expect(upToAllOthers(standings(3, 5), as('z'))).toBe(3)
})

test('nobody else has got anywhere', () => {
  expect(upToAllOthers([], as('a'))).toBe(0)
  expect(upToAllOthers(standings(3), as('a'))).toBe(0)
})

test('somebody who is not in it counts the only one who is', () => {
  expect(upToAllOthers(standings(3), as('z'))).toBe(3)
})

test('the viewer is not asked for where two are equally far behind, as it makes no difference', () => {
  asked.length = 0
  expect(upToAllOthers(standings(3, 3), as('a'))).toBe(3)
  expect(asked).toEqual([])
})
