import { randomInt } from 'node:crypto'

/** Random choices that repeat with the same seed. */
export interface Random {
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number
  pick<T>(from: readonly T[]): T
  shuffled<T>(from: readonly T[]): T[]
}

/** mulberry32: small, and good enough for choices. */
export function createRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    below,
    pick(from) {
      if (from.length === 0) throw new Error('nothing to pick from')
      return from[below(from.length)]!
    },
    shuffled(from) {
      const left = [...from]
      return from.map(() => left.splice(below(left.length), 1)[0]!)
    },
  }
}

/** Runs a test with its own random choices. If it fails, the message gives the TEST_SEED that repeats them. */
export async function withRandom(test: (random: Random) => Promise<void>): Promise<void> {
  const seed = Number(process.env.TEST_SEED ?? randomInt(1_000_000))
  try {
    await test(createRandom(seed))
  } catch (error) {
    if (error instanceof Error) error.message = `TEST_SEED=${seed}: ${error.message}`
    throw error
  }
}
