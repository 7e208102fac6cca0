import { createApp } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import { StartError } from './start-error.ts'

/** Under npm one Ctrl-C arrives twice: from the terminal, and once more handed on by npm. */
const sameKeyPressMs = 500
/** Whoever asked us to end gives us 10 s. What was answered by then is committed, so nothing is lost by just ending. */
const stopWithinMs = 9_000

/** What a person has to mend is one line; anything else is a bug of ours and keeps its stack. */
function fail(error: unknown): never {
  const expected = error instanceof ConfigError || error instanceof StartError
  console.error(expected ? `Parley did not start. ${error.message}` : error)
  process.exit(1)
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)

  let stoppingSinceMs: number | null = null
  const started = createApp(config)
  const stop = (): void => {
    if (stoppingSinceMs !== null) {
      // A second Ctrl-C does not wait for connections to drain.
      if (Date.now() - stoppingSinceMs > sameKeyPressMs) process.exit(1)
      return
    }
    stoppingSinceMs = Date.now()
    setTimeout(() => process.exit(0), stopWithinMs).unref()
    started
      .then((app) => app.stop())
      .then(() => process.exit(0))
      .catch(fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)

  const { url, hasWebClient } = await started
  console.log(`Parley is listening on ${url}`)
  const publicUrl = config.publicUrl === null ? null : `${config.publicUrl}/graphql`
  if (publicUrl !== null) console.log(`Clients find it at ${publicUrl}`)
  if (hasWebClient) console.log(`Chat: open ${(publicUrl ?? url).replace(/graphql$/, '')} in two windows`)
  if (config.graphiql) console.log(`GraphiQL: open ${publicUrl ?? url} in a browser`)
  if (config.development) console.log('Demo data: npm run seed, in another terminal')
  console.log('Stop: Ctrl-C')
}

await main().catch(fail)
