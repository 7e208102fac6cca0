import { performance } from 'node:perf_hooks'
import { WrongResult } from './audience.mjs'
import { startCpuClock } from './process-figures.mjs'

/** Each connection repeats its request. The first answers are checked, and later ones compared with them byte for byte. */
export async function measureReads({ readers, server, budget }, requests, expectedOf) {
  const answers = await readers.call('openReaders', { httpUrl: server.httpUrl, requests })
  try {
    for (const [place, text] of answers.entries()) {
      const wanted = JSON.stringify(expectedOf(place))
      if (canonical(text) !== wanted) {
        throw new WrongResult(`expected ${wanted.slice(0, 400)}, got ${text.slice(0, 400)}`)
      }
    }
    await readers.call('read', { durationMs: budget.warmUpMs })
    const cpuMs = startCpuClock(server.pid)
    const {
      requests: count,
      different,
      elapsedMs,
      p50,
      p95,
    } = await readers.call('read', { durationMs: budget.readsMs })
    const cpu = cpuMs()
    if (different > 0) throw new WrongResult(`${String(different)} of ${String(count)} answers were different ones`)
    return { perSecond: (count * 1000) / elapsedMs, p50Ms: p50, p95Ms: p95, serverCpuUs: (cpu * 1000) / count }
  } finally {
    await readers.call('closeReaders')
  }
}

/** Only the data, in the order of the document, which GraphQL defines. */
function canonical(text) {
  const { data, errors } = JSON.parse(text)
  return JSON.stringify(errors === undefined ? data : { errors })
}

/**
 * Each connection repeats its request, and before each time something is written to the database, past the server: only what reading costs
 * the server is measured. Every answer must have what was written.
 */
export async function measureMovedReads({ readers, server, budget, query }, requests, move) {
  await readers.call('openReaders', { httpUrl: server.httpUrl, requests })
  try {
    let count = 0
    const readFor = async (durationMs) => {
      const endMs = performance.now() + durationMs
      let reads = 0
      while (performance.now() < endMs) {
        const texts = await move(++count, query)
        const { changed } = await readers.call('readOnce', { texts })
        if (changed < requests.length) {
          throw new WrongResult(
            `${String(requests.length - changed)} of ${String(requests.length)} answers do not have what was written`,
          )
        }
        reads += requests.length
      }
      return reads
    }
    await readFor(budget.warmUpMs)
    const cpuMs = startCpuClock(server.pid)
    const reads = await readFor(budget.readsMs)
    return { serverCpuUs: (cpuMs() * 1000) / reads }
  } finally {
    await readers.call('closeReaders')
  }
}
