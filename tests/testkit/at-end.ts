import { afterAll } from 'vitest'

/** Cleans up when the test file ends. In a program of its own, like the chaos run, whoever starts things ends them. */
export function atEnd(cleanUp: () => Promise<void> | void): void {
  if (process.env.VITEST !== undefined) afterAll(cleanUp)
}
