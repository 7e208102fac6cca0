import type { Supervised } from '../../src/embedded/supervised.ts'

/**
 * Milliseconds until a process that does not end by itself is killed: a failed test may have stopped it with SIGSTOP, for
 * example.
 */
const patienceMs = 20_000

/** Resolves when the process has ended, whatever state it is in. */
export async function endedOrKilled(ended: Promise<unknown>, kill: () => void): Promise<void> {
  const timer = setTimeout(kill, patienceMs)
  await ended
  clearTimeout(timer)
}

export async function endSupervised(server: Supervised): Promise<void> {
  server.end()
  await endedOrKilled(server.ended, () => server.kill())
}
