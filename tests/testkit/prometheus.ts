import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn } from 'node:child_process'
import { atEndOfEachFile } from './at-end.ts'
import { endsWithUs } from './server.ts'
import { freePort } from './redis.ts'

const ends: (() => Promise<void>)[] = []
atEndOfEachFile(async () => {
  for (const end of ends.splice(0)) await end()
})

export interface Prometheus {
  /** The samples of an instant query; rejects when it is not valid. */
  query(expr: string): Promise<unknown[]>
  /** Resolves when the targets were scraped once more. */
  untilScraped(): Promise<void>
  /** Names of alerts that fire. */
  firing(): Promise<string[]>
  /** What went wrong when the rules were evaluated. */
  ruleErrors(): Promise<string[]>
}

/** Runs Debian's Prometheus with the configuration that `configure` writes into the folder as prometheus.yml. */
export async function startPrometheus(configure: (folder: string) => void): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-prometheus-'))
  configure(folder)
  const url = `127.0.0.1:${String(await freePort())}`
  const child = spawn(
    'sh',
    [
      ...['-c', endsWithUs, 'sh', 'prometheus', `--config.file=${folder}/prometheus.yml`],
      ...[`--storage.tsdb.path=${folder}/data`, `--web.listen-address=${url}`, '--log.level=warn'],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  ends.push(async () => {
    child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true, force: true })
  })

  const get = async (path: string) => {
    const response = await fetch(`http://${url}/api/v1/${path}`)
    const body = (await response.json()) as { status: string; data: never; error?: string }
    if (body.status !== 'success') throw new Error(`${path}: ${String(body.error)}`)
    return body.data
  }
  const scrapes = async () => {
    const { activeTargets } = (await get('targets')) as { activeTargets: { lastScrape: string; health: string }[] }
    return activeTargets.every(({ health }) => health === 'up')
      ? activeTargets.map(({ lastScrape }) => lastScrape).join()
      : ''
  }
  const until = async (holds: () => Promise<boolean>, what: string) => {
    for (let tries = 0; tries < 600; tries++) {
      if (await holds().catch(() => false)) return
      await sleep(100)
    }
    throw new Error(`Prometheus: ${what} did not come in time:\n${errors}`)
  }
  await until(async () => (await scrapes()) !== '', 'a first scrape')
  return {
    query: async (expr) => ((await get(`query?query=${encodeURIComponent(expr)}`)) as { result: unknown[] }).result,
    async untilScraped() {
      const before = await scrapes()
      await until(async () => ![before, ''].includes(await scrapes()), 'another scrape')
    },
    firing: async () =>
      ((await get('alerts')) as { alerts: { state: string; labels: { alertname: string } }[] }).alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => labels.alertname),
    ruleErrors: async () =>
      ((await get('rules')) as { groups: { rules: { lastError?: string }[] }[] }).groups
        .flatMap(({ rules }) => rules)
        .flatMap(({ lastError }) => (lastError ? [lastError] : [])),
  }
}
