import { cpus, loadavg, release, totalmem } from 'node:os'
import process from 'node:process'

export const machine = () => ({
  cpus: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
  node: process.version,
  /** The load of the machine when the run began. */
  loadBefore: Number(loadavg()[0].toFixed(2)),
})
