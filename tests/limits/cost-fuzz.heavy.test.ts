import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { testSecret } from '../testkit/server.ts'

const seconds = '20'

test('whatever document is asked for, no answer is more than its budget, and each was foreseen', async () => {
  const { url } = await createTestDatabase()
  const seed = String(Date.now() % 1_000_000)
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'cost-fuzz.ts'), seconds, seed], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      DATABASE_URL: url,
      JWT_SECRET: testSecret,
      PASSWORD_HASH_MEMORY_KIB: '64',
    },
  })
  atEnd(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  await once(child, 'close')
  const report = /^\{"seed".*\}$/m.exec(output)?.[0]
  expect(report, output).toBeDefined()
  const { faults, count, codes } = JSON.parse(report ?? '{}') as {
    faults: string[]
    count: number
    codes: Record<string, number>
  }
  expect(faults).toEqual([])
  expect(count).toBeGreaterThan(20)
  // How many depends on what else the machine does; most random documents are refused.
  expect(codes.none).toBeGreaterThan(0)
})
