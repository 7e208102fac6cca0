import { spawn, spawnSync } from 'node:child_process'
import pg from 'pg'
import { StartError } from '../start-error.ts'
import { clientConfig } from '../store/database/session.ts'

export const clientOf = (url: string) => new pg.Client({ ...clientConfig(url), application_name: 'parley backup' })

/** PostgreSQL's own programs: which there are, and whether they are new enough for this server. */
export function toolFor(program: string, serverMajor: number): string | null {
  // Debian's wrapper takes the newest; its folders have each version.
  for (const path of [program, `/usr/lib/postgresql/${String(serverMajor)}/bin/${program}`]) {
    const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    if (status === 0 && Number(/(\d+)(?:\.|devel|beta|rc|\s|$)/.exec(stdout)?.[1] ?? 0) >= serverMajor) return path
  }
  return null
}

/** As libpq wants it. By environment and not by arguments, which all users of a machine see. */
export function libpqEnvironment(connectionString: string): Record<string, string> {
  const { host, port, user, database, password } = new pg.Client({ connectionString })
  const mode = new URL(connectionString.replace('@/', '@localhost/')).searchParams.get('sslmode')
  return {
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: user ?? '', PGDATABASE: database ?? '' },
    ...(typeof password === 'string' && { PGPASSWORD: password }),
    ...(mode !== null && { PGSSLMODE: mode }),
  }
}

/** Resolves when it has ended well; what it says goes to stderr. */
export async function runTool(program: string, args: string[], env: Record<string, string>, path: string | undefined) {
  const child = spawn(program, args, { env: { PATH: path, ...env }, stdio: ['ignore', 'inherit', 'pipe'] })
  let said = ''
  child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-4_096)))
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => {
      resolve(null)
    })
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new StartError(`${program} failed: ${said.trim().replace(/\s*\n\s*/g, '; ') || 'it gave no reason'}.`)
}
