import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { tokenOf } from './ids.mjs'
import { freePort } from './services.mjs'

const folder = join(dirname(fileURLToPath(import.meta.url)), '../contenders')

/** @typedef {import('./children.mjs').Running & { httpUrl: string, wsUrl: string }} Server */

/**
 * Parley first; then the peers by name.
 * @param {string[] | null} [names] all when there are none
 * @returns {Promise<any[]>} modules of ../contenders
 */
export async function loadContenders(names) {
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -4))
    .sort((a, b) => (a === 'parley' ? -1 : b === 'parley' ? 1 : a < b ? -1 : 1))
  const unknown = (names ?? []).filter((name) => !existsSync(join(folder, `${name}.mjs`)))
  if (unknown.length > 0) throw new Error(`There is no contender ${unknown.join(', ')}. There are: ${all.join(', ')}.`)
  return Promise.all((names ?? all).map((name) => import(join(folder, `${name}.mjs`))))
}

/** A contender with its own copy of the world, and its server, which is started when it is first needed. */
export async function createContender({ contender, postgres, template, redisUrl, secret }) {
  const databaseName = `bench_${contender.name.replaceAll(/\W/g, '_')}`
  const databaseUrl = await postgres.copyDatabase(template, databaseName)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  pool.on('error', () => undefined)
  /** @type {Server | null} */
  let server = null
  const tokens = new Map()
  return {
    contender,
    databaseUrl,
    query: async (sql, params) => (await pool.query(sql, params)).rows,
    /** Signing 1,000 tokens takes a while, so each is made once. */
    tokenOf(person) {
      if (!tokens.has(person)) tokens.set(person, tokenOf(secret, person))
      return tokens.get(person)
    },
    /** @returns {Promise<Server>} */
    async running() {
      if (server?.hasEnded() ?? false) server = null
      return (server ??= await contender.start({ databaseUrl, redisUrl, port: await freePort(), secret }))
    },
    async stop() {
      const old = server
      server = null
      await old?.stop()
    },
    async close() {
      await this.stop()
      await pool.end()
    },
  }
}
