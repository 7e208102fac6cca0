// Measures the contenders in turn. Run: npm run bench -- --help
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))

const help = `npm run bench -- [options]
  --quick              one short round of everything, in under 3 minutes
  --only a,b           only these paths
  --contenders a,b     only these contenders
  --rounds n           other than 3 (1 with --quick)
  --sockets n          idle subscriptions whose memory is measured (10000; 2000 with --quick)
  --minutes n          what has not begun by then is left out (60; 2.4 with --quick)
  --json file          where the results go (bench/results/latest.json)
  --no-limits          without the raw limits
  --growth             the growth curves instead (bench/growth.mjs); goes with --quick and --json
  --receipts           what it costs when 1,000 read one message instead (bench/receipts.mjs); goes with --rounds and --json
  --attacks            what a bystander has of each attack of tests/attacks instead; goes with --only, --rounds, --quick and --json
  --webhooks           what 1,000 events/s to 10 webhook endpoints cost the sends instead (bench/webhooks.mjs); goes with --rounds, --quick and --json
  --web                what the web client costs a slow device instead (bench/web.mjs); goes with --rounds, --quick and --json
  --resume             what resume tokens cost 1,000 inboxes instead (bench/resume.mjs); goes with --rounds, --quick and --json`

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string' },
    sockets: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'string' },
    'no-limits': { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    receipts: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    attacks: { type: 'boolean', default: false },
    web: { type: 'boolean', default: false },
    webhooks: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** The packages of bench/ are separate from the product's, so the product's `npm ci` does not install them. */
function install() {
  const lock = join(here, 'package-lock.json')
  const installed = join(here, 'node_modules/.package-lock.json')
  const packagesOf = (file) => {
    const { packages } = JSON.parse(readFileSync(file, 'utf8'))
    return JSON.stringify(
      Object.entries(packages)
        .filter(([path, { optional }]) => path !== '' && !optional)
        .map(([path, { version }]) => `${path}@${version}`)
        .sort(),
    )
  }
  if (existsSync(installed) && packagesOf(installed) === packagesOf(lock)) return
  console.log('Installing the packages of bench/ …')
  const { status } = spawnSync('npm', ['ci', '--no-progress', '--loglevel=error'], { cwd: here, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (options.help) {
  console.log(help)
} else {
  install()
  // Imported here, because they need the packages installed above.
  const { endAll, isEnding } = await import('./harness/ending.mjs')
  try {
    const other = ['growth', 'receipts', 'resume', 'attacks', 'web', 'webhooks'].find((name) => options[name])
    const { run } = await import(other === undefined ? './harness/run.mjs' : `./${other}.mjs`)
    process.exitCode = await run(options)
  } catch (error) {
    // While everything is being ended, failures are a result of that.
    if (!isEnding()) console.error(error)
    process.exitCode = 1
  } finally {
    await endAll()
  }
}
