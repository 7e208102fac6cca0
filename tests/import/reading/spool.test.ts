import { afterAll, expect, test } from 'vitest'
import { hashOf, KeyTable } from '../../../src/import/spool/key-table.ts'
import { compareOrder, type Order } from '../../../src/import/spool/order.ts'
import { SpoolFolder } from '../../../src/import/spool/part.ts'
import { Spool } from '../../../src/import/spool/spool.ts'

const folder = new SpoolFolder()
afterAll(folder.remove)

interface Added {
  order: Order
  value: { number: number; text: string }
}

/** Orders of a reader are of one kind: numbers, negative ones and fractions too; texts; or whole numbers beyond 2^53. */
const kinds: ((some: number) => number | string | bigint)[] = [
  (some) => some / 8 - 300,
  (some) => `text ${String(some)}`,
  (some) => BigInt(some - 400) * 2n ** 60n,
]

/** In no order, and many of them of the same place. */
const records = (count: number): Added[] =>
  Array.from({ length: count }, (_, number) => {
    const some = (number * 7_919) % 5_003
    const text = `a tab \t, a line \n and ünïcode 🌊 ${'x'.repeat(some % 90)}`
    return { order: [`group ${String(some % 3)}`, kinds[some % 3]?.(some) ?? 0, some % 2], value: { number, text } }
  })

const sorted = (added: readonly Added[]) =>
  [...added].sort((a, b) => compareOrder(a.order, b.order)).map(({ value }) => value)

// In memory; in several parts, one record of which is longer than what is written at once.
test.each([1_000, 125_000])('%i records come in their order, and those of one place as they came', (count) => {
  const added = records(count)
  added.splice(count / 2, 0, { order: ['group 1', 'text 5', 0], value: { number: -1, text: 'ü'.repeat(1_500_000) } })
  const spool = new Spool<Added['value']>(folder, true)
  for (const { order, value } of added) spool.add(order, value)
  for (const group of ['group 0', 'group 1', 'group 2', 'no such group']) {
    const expected = JSON.stringify(sorted(added.filter(({ order }) => order[0] === group)))
    expect(JSON.stringify([...spool.group(group)]) === expected).toBe(true)
    // Read once more it is the same.
    expect(JSON.stringify([...spool.group(group)]) === expected).toBe(true)
  }
  expect(JSON.stringify([...spool]) === JSON.stringify(sorted(added))).toBe(true)
})

test('keys that differ in little have hashes of their own', () => {
  const table = new KeyTable()
  const all = Array.from({ length: 50_000 }, (_, n): [string, string][] => [
    [`town/square:${String(1_700_000_000_000 + n)}:ana`, 'town/square'],
    [`town/square:${String(1_700_100_000_000 + n * 1_000)}:ana`, 'town/square'],
    [String(n), 'C1'],
    [String(n), 'C11'],
  ]).flat()
  for (const [number, [key, within]] of all.entries()) table.set(hashOf(key, within), number)
  expect(table.count).toBe(all.length)
  expect(all.filter(([key, within], number) => table.get(hashOf(key, within)) !== number)).toEqual([])
})
