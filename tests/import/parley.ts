import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const script = join(import.meta.dirname, '../../scripts/parley.mjs')

export interface Run {
  code: number | null
  output: string
  errors: string
}

/** Runs the command line, as an operator does. */
export function runParley(args: string[], env: Record<string, string>, flags: string[] = []): Promise<Run> {
  const child = spawn(process.execPath, [...flags, script, ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'test', JWT_SECRET: 'x'.repeat(40), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const run: Run = { code: null, output: '', errors: '' }
  child.stdout.on('data', (part: Buffer) => (run.output += part.toString()))
  child.stderr.on('data', (part: Buffer) => (run.errors += part.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...run, code })))
}

export const newFolder = (name: string) => join(mkdtempSync(join(tmpdir(), `parley-${name}-`)), 'out')

/** The files of an export by their paths: texts of lines, hashes of bytes. Without when it was made. */
export function exported(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'manifest.json' && entry.name !== 'SHA256SUMS')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return Object.fromEntries(
    files.sort().map((path) => {
      const bytes = readFileSync(join(folder, path))
      return [path, path.endsWith('json') ? bytes.toString() : createHash('sha256').update(bytes).digest('hex')]
    }),
  )
}

export const linesOf = <T>(folder: string, file: string): T[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
