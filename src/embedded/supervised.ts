import { spawn, type SpawnOptions } from 'node:child_process'

/**
 * Runs "$@" until it ends by itself or our end of stdin closes, which the kernel sees to however we die. SIGINT is the
 * fast and clean way out for PostgreSQL (connections are cut, everything is written) and for Redis. A server that was halted
 * takes it only when it continues.
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
  /** Ends the server and whoever watches it with SIGKILL: for one that takes no notice of being asked. */
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
  // Its end is seen above; a broken pipe is no news.
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
