/**
 * A place where a test makes the process die: `exit-after-commit:3` kills it (-9) between the third commit and its
 * announcement. Refused by config.ts outside NODE_ENV=test.
 */
export function faultPoint(fault: string | null): () => void {
  const [name, count] = fault?.split(':') ?? []
  let left = name === 'exit-after-commit' ? Number(count) : Infinity
  return () => {
    if (--left === 0) process.kill(process.pid, 'SIGKILL')
  }
}

/** `keep-unproven:1`: answers are kept and nobody asks the log whether they are still right, to see what that would be worth. */
export const isUnproven = (fault: string | null): boolean => fault === 'keep-unproven:1'
