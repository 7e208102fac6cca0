import { fileURLToPath } from 'node:url'
import { startNodeServer } from '../harness/children.mjs'
import { freePort } from '../harness/services.mjs'

const script = fileURLToPath(new URL('broadcast-server.mjs', import.meta.url))
const socketCount = 1000
const ways = { framesWs: 'ws', framesOneAWrite: 'one', framesManyAWrite: 'many' }
const timeoutMs = 30_000

export async function measureBroadcast({ watchers, durationMs }) {
  const port = await freePort()
  const server = await startNodeServer({ script, env: { PORT: String(port) } })
  const limits = {}
  try {
    const sockets = Array.from({ length: socketCount }, () => ({ token: '', conversationId: '', room: 0 }))
    await watchers.call('open', { kind: 'bare', url: `ws://127.0.0.1:${String(port)}/`, sockets })
    const burst = async (how, count) => {
      await watchers.call('reset')
      const { startedAtMs, seq } = await (
        await fetch(`http://127.0.0.1:${String(port)}/burst?how=${how}&count=${String(count)}`)
      ).json()
      const { complete, lastEventAtMs } = await watchers.call('waitFor', { seqs: [seq], timeoutMs })
      if (!complete) throw new Error(`the broadcast "${how}" did not arrive`)
      const { events } = await watchers.call('counts')
      return (events * 1000) / (lastEventAtMs - startedAtMs)
    }
    for (const [name, how] of Object.entries(ways)) {
      const rate = await burst(how, 64)
      const count = Math.min(20_000, Math.ceil((rate * durationMs) / 1000 / socketCount / 16) * 16)
      limits[name] = await burst(how, count)
    }
  } finally {
    await watchers.call('close')
    await server.stop()
  }
  return limits
}
