import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ask } from '../testkit/api.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-socket-'))
let postgres: EmbeddedPostgres | undefined

afterAll(async () => {
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a database is reached by its Unix socket, and a start that fails names it without the password', async () => {
  // PostgreSQL may run as another account.
  chmodSync(folder, 0o755)
  const socket = join(folder, 's')
  mkdirSync(socket)
  chmodSync(socket, 0o777)
  postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    log: createLogger('warn'),
    postgresFlags: ['-c', `unix_socket_directories=${socket}`, '-c', 'fsync=off'],
  })
  const { username, password, port } = new URL(postgres.url)
  const address = `postgresql://${username}:${password}@/postgres?host=${socket}&port=${port}`
  const server = await startServer({ databaseUrl: address, redisUrl: null })
  const person = await signUp(server.url)
  expect((await ask(person, '{ viewer { user { handle } } }')).data).toEqual({
    viewer: { user: { handle: person.handle } },
  })
  await server.stop()

  const wrong = `postgresql://${username}:${password}@/postgres?host=${socket}/nowhere&port=${port}`
  const failure = String(await startServer({ databaseUrl: wrong, redisUrl: null }).catch((error: unknown) => error))
  expect(failure).toContain(
    `Parley did not start. DATABASE_URL: PostgreSQL at ${socket}/nowhere (port ${port})/postgres cannot be used: there is no socket of this name.`,
  )
  expect(failure).not.toContain(password)
}, 120_000)
