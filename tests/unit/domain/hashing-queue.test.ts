import { expect, test } from 'vitest'
import { HashingQueue } from '../../../src/domain/sessions/hashing-queue.ts'

/** A piece of work that ends when told to, and the order in which pieces began. */
function pieces() {
  const begun: string[] = []
  const ends: (() => void)[] = []
  const of = (name: string) => () =>
    new Promise<void>((resolve) => {
      begun.push(name)
      ends.push(resolve)
    })
  /** Ends one piece after the other, as they come, until all are done. */
  const endAll = async (all: Promise<unknown>[]) => {
    let isOver = false
    const ending = Promise.allSettled(all).finally(() => (isOver = true))
    while (!isOver as boolean) {
      ends.shift()?.()
      await new Promise(setImmediate)
    }
    return ending
  }
  return { begun, of, endAll }
}

test('addresses take turns, however many attempts come from one of them', async () => {
  const { begun, of, endAll } = pieces()
  const queue = new HashingQueue({ atOnce: 1, maxWaiting: 10 })
  const all = ['a', 'a', 'a', 'a', 'b', 'c', 'b'].map((address, at) => queue.run(address, of(`${address}${at}`)))
  await endAll(all)
  expect(begun).toEqual(['a0', 'b4', 'c5', 'a1', 'b6', 'a2', 'a3'])
})

test('an address from which wrong passwords came waits for all who have none', async () => {
  const { begun, of, endAll } = pieces()
  const queue = new HashingQueue({ atOnce: 1, maxWaiting: 20 })
  for (let time = 0; time < 3; time++) queue.failed('guesser')
  await endAll([queue.run('guesser', of('guess 1'))])
  const guesses = [2, 3].map((nth) => queue.run('guesser', of(`guess ${nth}`)))
  const honest = ['a', 'a', 'b', 'b'].map((address, at) => queue.run(address, of(`${address}${at}`)))
  await endAll([...guesses, ...honest])
  // The first had its turn at once, as nobody waited.
  expect(begun).toEqual(['guess 1', 'guess 2', 'a0', 'b2', 'a1', 'b3', 'guess 3'])
})

test('when too many wait, the last of the address with the most is refused, and not who came last', async () => {
  const { of, endAll } = pieces()
  const queue = new HashingQueue({ atOnce: 1, maxWaiting: 3 })
  const outcomes = await endAll(['a', 'a', 'a', 'a', 'b', 'c'].map((address) => queue.run(address, of(address))))
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  expect(outcomes[3]).toMatchObject({ reason: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } })
})

test('nobody waits for ever', async () => {
  const { of, endAll } = pieces()
  const queue = new HashingQueue({ atOnce: 1, maxWaiting: 3, maxWaitMs: 1 })
  const first = queue.run('a', of('a'))
  await expect(queue.run('b', of('b'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await endAll([first])
})
