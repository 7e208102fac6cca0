import { spawn, type SpawnOptions } from 'node:child_process'

/**
 * Runs "$@" until it ends by itself or our end of stdin closes: the kernel closes that however we die. SIGINT is the fast
 * and clean way to end PostgreSQL (connections are cut, everything is written) and Redis. A stopped (SIGSTOP) server
 * handles it only when it continues.
 */
const script = `
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( read -r _ <&3; kill -INT $server; kill -CONT $server ) &
watcher=$!
wait $server
status=$?
kill $watcher 2>/dev/null
exit $status
`

export interface Supervised {
  /** Resolves with the exit code (null after a signal) when the server has ended. */
  ended: Promise<number | null>
  hasEnded(): boolean
  /** Asks the server to end. Idempotent. */
  end(): void
  /** Ends the server and its supervisor with SIGKILL, for a server that does not end when asked. */
  kill(): void
}

/** Starts a server that must not outlive this process, not even when it is killed with SIGKILL. */
export function spawnSupervised(
  command: string[],
  outputFd: number,
  options: SpawnOptions,
  prefix: string[] = [],
): Supervised {
  const [file = '', ...args] = [...prefix, 'sh', '-c', script, 'supervisor', ...command]
  // In a process group of its own: Ctrl-C in a terminal must not reach the server before we have drained.
  const child = spawn(file, args, { ...options, detached: true, stdio: ['pipe', outputFd, outputFd] })
  let over = false
  const ended = new Promise<number | null>((resolve) => {
    const settle = (code: number | null): void => {
      over = true
      resolve(code)
    }
    child.once('exit', settle)
    child.once('error', () => settle(null))
  })
  // `ended` reports the end; a broken pipe says nothing more.
  child.stdin?.on('error', () => undefined)
  child.unref()
  const end = (): void => {
    child.ref()
    child.stdin?.end()
  }
  const kill = (): void => {
    try {
      if (!over && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended at this moment.
    }
  }
  return { ended, hasEnded: () => over, end, kill }
}
