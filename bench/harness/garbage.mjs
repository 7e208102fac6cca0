// Makes a node process collect its garbage, from outside. Memory is compared after a collection, so that the difference is
// what a subscription holds and not when the collector last ran.
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { outputOf } from './children.mjs'

const timeoutMs = 10_000

async function inspectorOf(pid) {
  const deadlineMs = Date.now() + timeoutMs
  process.kill(pid, 'SIGUSR1')
  while (Date.now() < deadlineMs) {
    const url = /Debugger listening on (ws:\S+)/.exec(outputOf(pid))?.[1]
    if (url !== undefined) return url
    await sleep(20)
  }
  throw new Error(`process ${String(pid)} opened no inspector`)
}

/** @param {number} pid of a server that children.mjs started */
export async function openCollector(pid) {
  const socket = new WebSocket(await inspectorOf(pid), { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let count = 0
  return {
    async collect() {
      const id = ++count
      /** @type {Promise<void>} */
      const done = new Promise((resolve) => {
        socket.on('message', function onMessage(data) {
          if (JSON.parse(data.toString()).id !== id) return
          socket.off('message', onMessage)
          resolve()
        })
      })
      socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
      await done
    },
    close: () => socket.terminate(),
  }
}
