import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { testSecret } from '../testkit/server.ts'

const seconds = '20'

test('whatever comes on a socket or as arguments, nothing fails inside, and others are answered', async () => {
  const { url } = await createTestDatabase()
  const command = ['--expose-gc', '--import', 'tsx', join(import.meta.dirname, 'socket-fuzz.ts'), seconds]
  const env = { PATH: process.env.PATH, NODE_ENV: 'test', PASSWORD_HASH_MEMORY_KIB: '64' }
  const child = spawn(process.execPath, command, { env: { ...env, DATABASE_URL: url, JWT_SECRET: testSecret } })
  atEnd(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  await once(child, 'close')
  const report = /^\{"seed".*\}$/m.exec(output)?.[0]
  expect(report, output).toBeDefined()
  const { faults, counts } = JSON.parse(report ?? '{}') as { faults: string[]; counts: Record<string, number> }
  expect(faults, report).toEqual([])
  expect(counts.frames).toBeGreaterThan(20)
  expect(counts.http).toBeGreaterThan(5)
}, 120_000)
