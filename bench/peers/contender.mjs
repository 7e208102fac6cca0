// How the harness starts a peer of this folder (bench/README.md has the contract).
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNodeServer } from '../harness/children.mjs'

const require = createRequire(import.meta.url)

function versionOf(name) {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} is not installed`)
}

export const versionsOf = (names) => Object.fromEntries(names.map((name) => [name, versionOf(name)]))

/** @param {{ folder: string, wsPath?: string, settings?: Record<string, string> }} peer */
export function createStart({ folder, wsPath = '/graphql', settings = {} }) {
  const script = fileURLToPath(new URL(`${folder}/server.mjs`, import.meta.url))
  return async ({ databaseUrl, redisUrl, port, secret, nodeFlags = [] }) => {
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, PORT: String(port), JWT_SECRET: secret, ...settings }
    const server = await startNodeServer({ script, env, nodeFlags })
    const address = `127.0.0.1:${String(port)}`
    return { httpUrl: `http://${address}/graphql`, wsUrl: `ws://${address}${wsPath}`, ...server }
  }
}
