import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'
import { createTestDatabase } from './database.ts'
import { testSecret } from './server.ts'

const folder = join(import.meta.dirname, '../limits')

/** Runs a program of tests/limits on a database of its own. Answers its last line, which is a report, also as it stands. Rejects when there is none. */
export async function fuzz(
  program: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<{ report: unknown; line: string }> {
  const { url } = await createTestDatabase()
  const env = { PATH: process.env.PATH, NODE_ENV: 'test', PASSWORD_HASH_MEMORY_KIB: '64' }
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', join(folder, program), ...args], {
    env: { ...env, DATABASE_URL: url, JWT_SECRET: testSecret },
  })
  atEnd(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  await once(child, 'close')
  const line = /^\{"seed".*\}$/m.exec(output)?.[0]
  if (line === undefined) throw new Error(`${program} has no report:\n${output}`)
  return { report: JSON.parse(line) as unknown, line }
}
