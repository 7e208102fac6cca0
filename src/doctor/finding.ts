/** What the doctor says of one thing that it looked at. */
export interface Finding {
  /** What was looked at, as `postgres.fsync`: the same in every version. */
  check: string
  /** error: Parley does not work, or guarantees do not hold. warning: it works, until something happens. unknown: could not be seen. */
  level: 'ok' | 'warning' | 'error' | 'unknown'
  /** What is the case. */
  message: string
  /** What to do about it. */
  remedy?: string
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message })
export const warning = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, level: 'warning', message, remedy },
})
export const error = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, level: 'error', message, remedy },
})
export const unknown = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, level: 'unknown', message, remedy },
})

/** Milliseconds by which two clocks may differ: what is asked on the way takes time too. */
const noticedMs = 2_000
/** Tokens live for minutes, and a device for half a minute after its last sign. */
const harmfulMs = 10_000

/** Compares a server's clock with ours, as it was between the asking and the answer. */
export function judgeClock(
  check: string,
  whose: string,
  theirMs: number,
  asked: { atMs: number; answeredAtMs: number },
): Finding {
  // However long the answer took, the difference is at least this.
  const ahead = theirMs - asked.answeredAtMs
  const behind = asked.atMs - theirMs
  const differenceMs = Math.max(ahead, behind, 0)
  const words = `${whose} clock is ${String(Math.round(differenceMs / 100) / 10)} s ${ahead > behind ? 'ahead of' : 'behind'} this machine's`
  const remedy =
    'Run a time service (chrony, systemd-timesyncd) on all machines: times of messages are of PostgreSQL, tokens and presence of the processes'
  if (differenceMs >= harmfulMs) return error(check, words, remedy)
  if (differenceMs >= noticedMs) return warning(check, words, remedy)
  return ok(check, `${whose} clock agrees with this machine's`)
}

/** 0: all is well. 1: something should be changed. 2: something does not work, or what Parley promises does not hold. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 | 2 =>
  findings.some(({ level }) => level === 'error') ? 2 : findings.some(({ level }) => level === 'warning') ? 1 : 0
