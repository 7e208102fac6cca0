/** Set by the project `heavy` in vitest.config.ts, and read here alone. */
export const isHeavy = process.env.TEST_EFFORT === 'full'

/**
 * How often, how many, or which: all of it in `npm run test:heavy`, and in `npm test` as much as shows each guarantee once.
 * A file that asks for it is run by both.
 */
export const effort = <Amount>(full: Amount, essential: Amount): Amount => (isHeavy ? full : essential)

/** Cases of a table of which each is run once: the essential ones by `npm test`, the others by `npm run test:heavy`. */
export const casesOf = <Case>(all: readonly Case[], isEssential: (one: Case, index: number) => boolean): Case[] =>
  all.filter((one, index) => isEssential(one, index) !== isHeavy)

/** Tests that `npm run test:heavy` alone has, in a file whose others are in both. */
export function inHeavyRun(register: () => void): void {
  if (isHeavy) register()
}
