import type { Supervised } from '../../src/embedded/supervised.ts'

/** What does not end by itself in this time, because a failed test left it halted, say, is killed. */
const patienceMs = 20_000

/** Resolves when it has ended, which it does whatever state it is in. */
export async function endedOrKilled(ended: Promise<unknown>, kill: () => void): Promise<void> {
  const timer = setTimeout(kill, patienceMs)
  await ended
  clearTimeout(timer)
}

export async function endSupervised(server: Supervised): Promise<void> {
  server.end()
  await endedOrKilled(server.ended, () => server.kill())
}
