import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { createTestDatabase } from '../testkit/database.ts'
import { ensureCommand, run } from '../testkit/commands.ts'
import { startPrometheus } from '../testkit/prometheus.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

vi.setConfig({ testTimeout: 120_000 })
ensureCommand('promtool', 'prometheus')

const deploy = join(import.meta.dirname, '../../deploy')
const rulesFile = join(deploy, 'prometheus/parley.rules.yml')

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
}
interface Dashboard {
  panels: { title: string; type: string; targets?: { expr: string }[] }[]
}

const rules = (parse(readFileSync(rulesFile, 'utf8')) as Rules).groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana/parley.json'), 'utf8')) as Dashboard
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

/** Of these nothing happens in a run in which all goes well. */
const quiet = [
  'Read from the log, as it was not in memory',
  'Sockets that the server closed',
  'Limits reached',
  'Uploads',
]

test('each alert fires when it has to, and not when it must not', async () => {
  expect(await run('promtool', ['check', 'rules', rulesFile])).toContain(`SUCCESS: ${String(rules.length)} rules`)
  expect(await run('promtool', ['test', 'rules', join(deploy, 'prometheus/parley.rules.test.yml')])).toContain(
    'SUCCESS',
  )
  const tested = readFileSync(join(deploy, 'prometheus/parley.rules.test.yml'), 'utf8')
  for (const { alert } of rules) {
    expect(tested).toContain(`name: ${alert} fires`)
    expect(tested).toContain(`name: ${alert} is quiet`)
  }
})

test('each query of the dashboard and of the alerts finds what a server tells', async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, env: { METRICS_PORT: '0', LOG_LEVEL: 'info' } })
  const line = /^.*metrics are served.*$/m.exec(server.logs())?.[0] ?? '{}'
  const { port } = (JSON.parse(line) as { data: { port: number } }).data
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const direct = await ann.startDirect(bob)
  const reader = await bob.conversationEvents(direct)
  const prometheus = await startPrometheus((folder) => {
    const config = parse(readFileSync(join(deploy, 'prometheus/prometheus.yml'), 'utf8')) as Record<string, unknown>
    config.global = { scrape_interval: '1s', evaluation_interval: '1s' }
    config.rule_files = [rulesFile]
    config.scrape_configs = [{ job_name: 'parley', static_configs: [{ targets: [`127.0.0.1:${String(port)}`] }] }]
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config))
  })
  // Rates are of two scrapes at least, with something in between.
  for (let sent = 1; sent <= 3; sent++) {
    await ann.send(direct, `Message ${String(sent)}`)
    await reader.waitForCount(sent)
    await prometheus.untilScraped()
  }
  // What never happened in this run has no series: its name has to be one that the server knows.
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()
  const known = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name))
  const namesIn = (expr: string) => expr.match(/\b(?:chat|parley|nodejs|process)_\w+/g) ?? []
  for (const { title, expr } of queries) {
    const found = await prometheus.query(expr.replaceAll('$__rate_interval', '1m'))
    if (!quiet.includes(title)) expect(found, `${title}: ${expr}`).not.toEqual([])
    for (const name of namesIn(expr)) expect(known, expr).toContain(name.replace(/_(?:bucket|sum|count)$/, ''))
  }
  for (const { alert, expr } of rules) {
    await prometheus.query(expr)
    for (const name of namesIn(expr)) expect(known, alert).toContain(name.replace(/_(?:bucket|sum|count)$/, ''))
  }
  expect(await prometheus.firing()).toEqual([])
  expect(await prometheus.ruleErrors()).toEqual([])
})
