import { collectDefaultMetrics, Registry } from 'prom-client'
import { Collected } from './collected.ts'
import { factMetrics } from './fact-metrics.ts'

interface Health {
  ready: boolean
  checks: Record<string, string>
}

/** What is asked of the process when somebody looks, and not counted on the way. */
export interface Readings {
  /** What readers hold: each becomes a gauge `parley_open_<name>`. */
  counts: () => Record<string, number>
  /** Connections to PostgreSQL by lane and state. */
  connections: () => { lane: string; open: number; idle: number; waiting: number }[]
  /** Answers of queries in memory; null where none are kept. */
  kept?: () => { answerCount: number; byteSize: number } | null
  /** Whether this process can serve, as /health/ready says, and what works of what it uses. */
  health: () => Promise<Health>
}

export interface Metrics {
  /** The text that Prometheus reads. */
  text(): Promise<string>
  contentType: string
  stop(): void
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Listens to the facts from now on. The core knows nothing of it: docs/decisions/0091. */
export function createMetrics({ counts, connections, health, kept }: Readings): Metrics {
  const registry = new Registry()
  let asked: Promise<Health> | null = null
  // Two gauges ask in one scrape.
  const healthNow = () => (asked ??= health().finally(() => (asked = null)))
  collectDefaultMetrics({ register: registry })
  const stopListening = factMetrics(new Collected(registry))
  const collected = new Collected(registry)
  for (const name of Object.keys(counts())) {
    collected.gauge(`parley_open_${snakeCase(name)}`, `Open in this process now: ${name}.`, (set) => {
      set(counts()[name] ?? 0)
    })
  }
  collected.gauge(
    'parley_sql_connections',
    'Connections to PostgreSQL by lane: open, idle, and statements that wait for one.',
    (set) => {
      for (const { lane, ...states } of connections()) {
        for (const [state, count] of Object.entries(states)) set(count, { lane, state })
      }
    },
    ['lane', 'state'],
  )
  collected.gauge('parley_kept_answers', 'Answers of queries in memory.', (set) => {
    set(kept?.()?.answerCount ?? 0)
  })
  collected.gauge('parley_kept_bytes', 'Bytes of these answers and of what they rest on, by estimate.', (set) => {
    set(kept?.()?.byteSize ?? 0)
  })
  collected.gauge('parley_ready', '1 when this process can serve, as /health/ready says.', async (set) => {
    set((await healthNow()).ready ? 1 : 0)
  })
  collected.gauge(
    'parley_works',
    '1 for each part that works: the database, the bus, presence.',
    async (set) => {
      for (const [part, state] of Object.entries((await healthNow()).checks)) set(state === 'ok' ? 1 : 0, { part })
    },
    ['part'],
  )
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    stop() {
      stopListening()
      registry.clear()
    },
  }
}
