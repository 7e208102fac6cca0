import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

type Labels = Record<string, string | number>
type Set = (value: number, labels?: Labels) => void

/** Metrics of one registry. A count on a path that is busy is a plain number, which is handed over when somebody looks. */
export class Collected {
  constructor(private readonly registry: Registry) {}

  /** Seconds, or another unit that the name says; the returned function takes one observation. */
  histogram(name: string, help: string, buckets: readonly number[], labelNames: string[] = []) {
    const histogram = new Histogram({ name, help, buckets: [...buckets], labelNames, registers: [this.registry] })
    return (value: number, labels: Labels = {}) => {
      histogram.observe(labels, value)
    }
  }

  /** The returned function adds to the count of these labels, whose values must be of a known, small set. */
  counter(name: string, help: string, labelNames: string[] = []) {
    const totals = new Map<string, { labels: Labels; total: number }>()
    if (labelNames.length === 0) totals.set('', { labels: {}, total: 0 })
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset()
        for (const { labels, total } of totals.values()) this.inc(labels, total)
      },
    })
    return (value = 1, ...labelValues: string[]) => {
      const key = labelValues.join('\n')
      const known = totals.get(key)
      if (known) known.total += value
      else {
        const labels = Object.fromEntries(labelNames.map((label, index) => [label, labelValues[index] ?? '']))
        totals.set(key, { labels, total: value })
      }
    }
  }

  /** Read when somebody looks. */
  gauge(name: string, help: string, read: (set: Set) => void | Promise<void>, labelNames: string[] = []): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        this.reset()
        await read((value, labels = {}) => {
          this.set(labels, value)
        })
      },
    })
  }
}
