import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { demoPassword, demoPeople } from '../transport/graphiql/demo.ts'
import { WebClient } from '../transport/web/client.ts'

/** Of a bucket of AWS every address of it is one of HTTPS, however the bucket is named in it. */
function filesOriginOf({ s3 }: Config): string | null {
  if (!s3) return null
  const endpoint = s3.publicEndpoint ?? s3.endpoint
  if (endpoint === null) return 'https:'
  const { protocol, host, origin } = new URL(endpoint)
  return s3.forcePathStyle ? origin : `${protocol}//${s3.bucket}.${host}`
}

/** Null when it is off, or was not built: then / leads to the API, as before. */
export function openWebClient(config: Config, folder: string, logger: Logger): WebClient | null {
  if (!config.webClient) return null
  const demo = config.demoPeople ? { people: demoPeople, password: demoPassword } : null
  const client = WebClient.open(folder, demo, filesOriginOf(config))
  if (!client) logger.warn({ folder }, 'The web client was not built, and is not served')
  return client
}
