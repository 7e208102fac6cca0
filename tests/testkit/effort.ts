/** Set by the project `heavy` in vitest.config.ts, and read only here. */
export const isHeavy = process.env.TEST_EFFORT === 'full'

/**
 * An amount or a choice: the full one in `npm run test:heavy`, and in `npm test` enough to show each guarantee once. Both
 * run a file that uses this.
 */
export const effort = <Amount>(full: Amount, essential: Amount): Amount => (isHeavy ? full : essential)

/** Cases of a table that are run once each: the essential ones by `npm test`, the others by `npm run test:heavy`. */
export const casesOf = <Case>(all: readonly Case[], isEssential: (one: Case, index: number) => boolean): Case[] =>
  all.filter((one, index) => isEssential(one, index) !== isHeavy)

/** Registers tests only for `npm run test:heavy`, in a file whose other tests are in both. */
export function inHeavyRun(register: () => void): void {
  if (isHeavy) register()
}
