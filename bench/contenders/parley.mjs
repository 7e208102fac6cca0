// Parley itself, built from the tree that contains bench/, with its default settings.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startServer } from '../harness/children.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

export const name = 'parley'
export const label = 'Parley'
export const kind = 'graphql-ws'
export const resumes = true
export const paths = null

export const versions = () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' })
  return { parley: `${version} (${stdout.trim()})` }
}

/** Once, before anything is measured. */
export function prepare() {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('Parley does not build')
}

export async function start({ databaseUrl, redisUrl, port, secret, nodeFlags = [], env = {} }) {
  const server = await startServer({
    command: [process.execPath, ...nodeFlags, 'dist/main.js'],
    cwd: root,
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      JWT_SECRET: secret,
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'warn',
      ...env,
    },
    ready: /Parley is listening on http:\S+/,
  })
  const httpUrl = `http://127.0.0.1:${String(port)}/graphql`
  return { httpUrl, wsUrl: httpUrl.replace('http:', 'ws:'), ...server }
}
