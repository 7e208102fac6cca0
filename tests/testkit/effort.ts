/** Set by the project `full` in vitest.config.ts, and read only here. */
const isFull = process.env.TEST_EFFORT === 'full'

/**
 * An amount or a choice: the full one in `npm run test:full`, and in `npm test` and `npm run test:heavy` enough to
 * show each guarantee once.
 */
export const effort = <Amount>(full: Amount, essential: Amount): Amount => (isFull ? full : essential)

/** Cases of a table that are run once each: the essential ones by `npm test` or the heavy run, the others by `npm run test:full`. */
export const casesOf = <Case>(all: readonly Case[], isEssential: (one: Case, index: number) => boolean): Case[] =>
  all.filter((one, index) => isEssential(one, index) !== isFull)

/** Registers tests only for `npm run test:full`, in a file whose other tests are in both. */
export function inFullRun(register: () => void): void {
  if (isFull) register()
}
