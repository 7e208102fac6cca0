import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ReadOptions } from '../../src/import/model.ts'

/** In the repository names are encoded as in addresses: spaces and brackets are not what all tools expect. */
function unpacked(): string {
  const kept = join(import.meta.dirname, 'corpus')
  const target = mkdtempSync(join(tmpdir(), 'parley-corpus-'))
  process.once('exit', () => rmSync(target, { recursive: true, force: true }))
  for (const entry of readdirSync(kept, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const place = join(
      target,
      ...path
        .slice(kept.length + 1)
        .split('/')
        .map(decodeURIComponent),
    )
    mkdirSync(dirname(place), { recursive: true })
    cpSync(path, place)
  }
  return target
}

const root = unpacked()

export interface CorpusCase {
  name: string
  format: string
  path: string
  options: ReadOptions
  isCsv: boolean | undefined
  expected: {
    users: unknown[]
    conversations: { key: string; messages: { key: string }[] }[]
    skipped: unknown[]
    warnings: unknown[]
  }
}

const foldersOf = (folder: string) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

/** Small exports of each system, and what a right import makes of them: corpus/README.md. */
export const corpus: CorpusCase[] = foldersOf(root)
  .sort()
  .flatMap((format) =>
    foldersOf(join(root, format))
      .sort()
      .map((name) => {
        const path = join(root, format, name)
        const expected = JSON.parse(readFileSync(join(path, 'expected.json'), 'utf8')) as CorpusCase['expected'] & {
          options: ReadOptions & { zip?: string; csv?: boolean }
        }
        const { zip, csv, ...options } = expected.options
        return { name: `${format}/${name}`, format, path: zip ? join(path, zip) : path, options, expected, isCsv: csv }
      }),
  )
