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
