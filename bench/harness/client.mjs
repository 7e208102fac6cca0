import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onEnd } from './ending.mjs'

const script = fileURLToPath(new URL('../client/main.mjs', import.meta.url))

/** Starts a process of clients; its methods are those of client/main.mjs. */
export function startClient() {
  const child = fork(script, { serialization: 'advanced' })
  const waiting = new Map()
  let count = 0
  child.on('message', (/** @type {any} */ { id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(error))
  })
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the client process ended with ${String(code)}`))
  })
  const stop = () => void child.kill('SIGKILL')
  onEnd(stop)
  return {
    pid: child.pid,
    /**
     * @param {string} method
     * @param {object} [argument]
     * @returns {Promise<any>}
     */
    call(method, argument) {
      return new Promise((resolve, reject) => {
        if (!child.connected) throw new Error('the client process has ended')
        const id = ++count
        waiting.set(id, { resolve, reject })
        child.send({ id, method, argument })
      })
    },
    stop,
  }
}
