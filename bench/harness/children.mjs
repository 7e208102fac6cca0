import { spawn } from 'node:child_process'
import process from 'node:process'
import { onEnd } from './ending.mjs'

/** What the servers wrote, by pid. @type {Map<number, () => string>} */
const outputs = new Map()

export const outputOf = (pid) => outputs.get(pid)?.() ?? ''

const startTimeoutMs = 30_000
const stopTimeoutMs = 5_000

// Replaces the shell by the server, so that its pid is the child's. The process beside it kills the server when our end of
// the pipe closes, however this process ends. The limit of open files is raised to the machine's maximum: each socket is
// one.
const script =
  'exec 3<&0 </dev/null; ulimit -n $(ulimit -Hn); (read -r _; kill -KILL $$) <&3 >/dev/null 2>&1 & exec 3<&-; exec "$@"'

/**
 * @typedef {object} Running
 * @property {number} pid
 * @property {string} readyLine the line that told that it is ready
 * @property {() => boolean} hasEnded
 * @property {() => string} output the last of what it wrote
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server and waits for the line that tells that it is ready.
 * @param {{ command: string[], env: Record<string, string>, cwd?: string, ready: RegExp }} options
 * @returns {Promise<Running>}
 */
export async function startServer({ command, env, cwd, ready }) {
  const child = spawn('sh', ['-c', script, 'sh', ...command], {
    cwd,
    // A free port for the inspector, which garbage.mjs opens with a signal.
    env: { PATH: process.env.PATH ?? '', NODE_OPTIONS: '--inspect-port=127.0.0.1:0', ...env },
    detached: true,
  })
  let output = ''
  let over = false
  // Undefined only if the process could not be started: then there is no line either.
  const pid = /** @type {number} */ (child.pid)
  outputs.set(pid, () => output)
  const exited = new Promise((resolve) => {
    const settle = () => {
      over = true
      child.stdin.destroy()
      resolve(null)
    }
    child.once('exit', settle)
    child.once('error', settle)
  })
  child.stdin.on('error', () => undefined)
  const readyLine = new Promise((resolve) => {
    const take = (chunk) => {
      output = (output + chunk.toString()).slice(-20_000)
      const found = ready.exec(output)
      if (found) resolve(found[0])
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
  })
  const stop = async () => {
    forget()
    if (over) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await exited
    clearTimeout(timer)
  }
  const forget = onEnd(stop)
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs)
  const line = await Promise.race([readyLine, exited])
  clearTimeout(timer)
  if (line === null) throw new Error(`${command.join(' ')} did not start:\n${output}`)
  return { pid, readyLine: line, hasEnded: () => over, output: () => output, stop }
}

/**
 * Starts a peer: a script that prints `listening <port>` when it answers.
 * @param {{ script: string, env: Record<string, string>, nodeFlags?: string[] }} options
 */
export function startNodeServer({ script: path, env, nodeFlags = [] }) {
  return startServer({
    command: [process.execPath, ...nodeFlags, path],
    env: { NODE_ENV: 'production', HOST: '127.0.0.1', ...env },
    ready: /^listening\b.*$/m,
  })
}
