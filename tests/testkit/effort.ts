/** Set by the projects `heavy` and `full` in vitest.config.ts, and read only here. */
const isFull = process.env.TEST_EFFORT === 'full'

/**
 * An amount or a choice: the full one in `npm run test:full`, and in `npm test` enough to show each guarantee once. Both
 * run a file that uses this.
 */
export const effort = <Amount>(full: Amount, essential: Amount): Amount => (isFull ? full : essential)

/** Cases of a table that are run once each: the essential ones by `npm test`, the others by `npm run test:full`. */
export const casesOf = <Case>(all: readonly Case[], isEssential: (one: Case, index: number) => boolean): Case[] =>
  all.filter((one, index) => isEssential(one, index) !== isFull)

/** Registers tests only for `npm run test:full`, in a file whose other tests are in both. */
export function inFullRun(register: () => void): void {
  if (isFull) register()
}
