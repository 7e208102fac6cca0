import { fileURLToPath } from 'node:url'
import { createApp, migrationsDir } from './app.ts'
import { ConfigError, loadConfig, type Config } from './config.ts'
import { StartError } from './start-error.ts'
import { openLogger } from './app/logger.ts'
import { startWorkers } from './workers/primary.ts'
import { isWorker, joinSiblings, tellPrimary } from './workers/worker.ts'

/** Under npm one Ctrl-C arrives twice: from the terminal, and once more handed on by npm. */
const sameKeyPressMs = 500
/** Whoever asked us to end gives us 10 s. What was answered by then is committed, so nothing is lost by just ending. */
const stopWithinMs = 9_000

interface Running {
  url: string
  hasWebClient: boolean
  stop(): Promise<void>
}

/** What a person has to mend is one line; anything else is a bug of ours and keeps its stack. */
function fail(error: unknown): never {
  const expected = error instanceof ConfigError || error instanceof StartError
  console.error(expected ? `Parley did not start. ${error.message}` : error)
  process.exit(1)
}

/** Stops what is running, or will be, in an orderly way, and ends the process. Idempotent. */
function stopper(started: () => Promise<Running>): () => void {
  let isStopping = false
  return () => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => process.exit(0), stopWithinMs).unref()
    started()
      .then((running) => running.stop())
      .then(() => process.exit(0))
      .catch(fail)
  }
}

async function work(config: Config): Promise<void> {
  const own: { app?: Promise<Running> } = {}
  // Asked to end before it began, it has nothing to stop.
  const stop = stopper(() => own.app ?? process.exit(0))
  // Ctrl-C in a terminal reaches all processes at once; the first of them says what to do.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', stop)
  const siblings = await joinSiblings(stop)
  own.app = createApp(config, siblings)
  const { url, hasWebClient } = await own.app
  tellPrimary({ type: 'listening', url, hasWebClient })
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  if (isWorker) {
    await work(config)
    return
  }
  const program = fileURLToPath(import.meta.url)
  const started: Promise<Running> =
    config.workers > 1
      ? startWorkers({ config, logger: await openLogger(config), program, migrationsDir })
      : createApp(config)
  const stop = stopper(() => started)
  let askedAtMs: number | null = null
  const ask = (): void => {
    // A second Ctrl-C does not wait for connections to drain.
    if (askedAtMs !== null && Date.now() - askedAtMs > sameKeyPressMs) process.exit(1)
    askedAtMs ??= Date.now()
    stop()
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)

  const { url, hasWebClient } = await started
  console.log(`Parley is listening on ${url}`)
  const publicUrl = config.publicUrl === null ? null : `${config.publicUrl}/graphql`
  if (publicUrl !== null) console.log(`Clients find it at ${publicUrl}`)
  if (hasWebClient) console.log(`Chat: open ${(publicUrl ?? url).replace(/graphql$/, '')} in two windows`)
  if (config.graphiql) console.log(`GraphiQL: open ${publicUrl ?? url} in a browser`)
  if (config.development) console.log('Demo data: npm run seed, in another terminal')
  console.log('Stop: Ctrl-C')
}

main().catch(fail)
