// Ends everything that was started, by its pid: at the end, on a failure, and on Ctrl-C.
import process from 'node:process'

/** @type {Set<() => unknown>} */
const endings = new Set()
let isOver = false

/** Whether everything is being ended: later failures are a result of that. */
export const isEnding = () => isOver

/** @param {() => unknown} end @returns {() => void} takes it away again, for what ended before */
export function onEnd(end) {
  endings.add(end)
  return () => endings.delete(end)
}

/** The newest first: servers before the database they use. */
export async function endAll() {
  isOver = true
  for (const end of [...endings].reverse()) {
    endings.delete(end)
    try {
      await end()
    } catch (error) {
      console.error(error)
    }
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait.
    if (isOver) process.exit(1)
    void endAll().then(() => process.exit(130))
  })
}
