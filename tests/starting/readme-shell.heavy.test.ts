import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ensureCommand } from '../testkit/commands.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const address = 'http://127.0.0.1:4000/graphql'
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const example = /### The same from a shell\n\n.*?\n\n```sh\n(.*?)```/s.exec(readme)?.[1] ?? ''

let server: ServerProcess
beforeAll(async () => {
  for (const command of ['curl', 'zsh']) ensureCommand(command, command)
  const database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
})

/** All that a shell writes that is given these lines as if they were pasted. */
async function output(shell: string, args: string[], lines: string): Promise<string> {
  const child = spawn(shell, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk.toString()))
  child.stdin.end(lines)
  await once(child, 'close')
  return written
}

describe('the example for a shell in the README', () => {
  const runs: [string, string, string[]][] = [
    ['bash', 'bash', []],
    ['zsh', 'zsh', ['-f']],
    // As it is pasted: a line that begins with # is no comment there.
    ['an interactive zsh', 'zsh', ['-f', '-i']],
  ]
  let isFirst = true
  test.each(runs)('works twice in %s, and shows the message live', async (_, shell, args) => {
    expect(example).toContain(address)
    const lines = example.replace(address, server.url)
    const written = await output(shell, args, `${lines}\n${lines}`)
    const outcomes = [...written.matchAll(/"outcome":"(\w+)"/g)].map((match) => match[1])
    expect(outcomes, written).toEqual([isFirst ? 'ACCEPTED' : 'DUPLICATE', 'DUPLICATE'])
    isFirst = false
    expect(written.match(/"__typename":"MessageSent".*"seq":1,"text":"Hello, Dora!"/g), written).toHaveLength(2)
    expect(written).not.toMatch(/not found|no match|error/i)
  })
})
