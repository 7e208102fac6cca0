import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReadOptions } from '../../src/import/model.ts'

const root = join(import.meta.dirname, 'corpus')

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
export const corpus: CorpusCase[] = foldersOf(root).flatMap((format) =>
  foldersOf(join(root, format)).map((name) => {
    const path = join(root, format, name)
    const expected = JSON.parse(readFileSync(join(path, 'expected.json'), 'utf8')) as CorpusCase['expected'] & {
      options: ReadOptions & { zip?: string; csv?: boolean }
    }
    const { zip, csv, ...options } = expected.options
    return { name: `${format}/${name}`, format, path: zip ? join(path, zip) : path, options, expected, isCsv: csv }
  }),
)
