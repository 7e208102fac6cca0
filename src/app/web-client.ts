import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { demoPassword, demoPeople } from '../transport/graphiql/demo.ts'
import { WebClient } from '../transport/web/client.ts'

/** Null when it is off, or was not built: then / leads to the API, as before. */
export function openWebClient(config: Config, folder: string, logger: Logger): WebClient | null {
  if (!config.webClient) return null
  const demo = config.demoPeople ? { people: demoPeople, password: demoPassword } : null
  const client = WebClient.open(folder, demo)
  if (!client) logger.warn({ folder }, 'The web client was not built, and is not served')
  return client
}
