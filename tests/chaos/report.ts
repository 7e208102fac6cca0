import type { Attackers } from './attackers.ts'
import type { Faults } from './faults.ts'
import type { ChaosReader } from './reader.ts'
import { isClean, type Verdict } from './verdict.ts'
import type { Writer } from './writer.ts'

export interface ReportOptions {
  verdict: Verdict
  writers: Writer[]
  readers: Pick<ChaosReader, 'eventCount' | 'connectCount' | 'snapshotCount'>[]
  faults: Faults
  attackers: Attackers
  seed: number
  seconds: number
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

function added(maps: ReadonlyMap<string, number>[]): Record<string, number> {
  const total = new Map<string, number>()
  for (const [key, count] of maps.flatMap((map) => [...map])) total.set(key, (total.get(key) ?? 0) + count)
  return Object.fromEntries([...total].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Prints a table for people, and one line of JSON for programs. */
export function report({ verdict, writers, readers, faults, attackers, seed, seconds }: ReportOptions): void {
  const { lost, repeated, reordered, mismatches } = verdict
  const result = {
    clean: isClean(verdict),
    seed,
    seconds,
    writesAcknowledged: sum(writers.map((writer) => writer.ackedCount)),
    writesByKind: added(writers.map((writer) => writer.countsByKind)),
    writesRefused: sum(writers.map((writer) => writer.refusedCount)),
    writesRetried: sum(writers.map((writer) => writer.retriedCount)),
    eventsDelivered: sum(readers.map((reader) => reader.eventCount)),
    reconnects: sum(readers.map((reader) => Math.max(0, reader.connectCount - 1))),
    snapshotsRequired: sum(readers.map((reader) => reader.snapshotCount)),
    faults: sum([...faults.counts.values()]),
    faultsByKind: added([faults.counts]),
    attacks: sum([...attackers.counts.values()]),
    attacksByKind: added([attackers.counts]),
    lost,
    repeated,
    reordered,
    mismatches,
  }
  console.log()
  for (const [name, value] of Object.entries(result)) {
    if (typeof value !== 'object') console.log(`${name.padEnd(24)}${String(value)}`)
    else for (const [kind, count] of Object.entries(value)) console.log(`  ${kind.padEnd(22)}${count}`)
  }
  console.log(`\n${JSON.stringify(result)}`)
}
