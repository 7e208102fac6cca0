import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openExport } from '../../../src/import/recognise.ts'
import { toJson } from '../../../src/import/report.ts'
import { makeZip } from '../../testkit/zip.ts'
import { corpus, type CorpusCase } from '../corpus.ts'

const compared = (json: unknown, { format, options, expected }: CorpusCase) => {
  const { warnings, ...rest } = json as { warnings: unknown[] }
  const { users, conversations, skipped } = expected
  expect({ ...rest, warnings: warnings.length }).toEqual({
    ...{ format, options, users, conversations, skipped, warnings: expected.warnings.length },
  })
}

async function expectRead(path: string, corpusCase: CorpusCase): Promise<void> {
  const { imported, close } = await openExport({ path, format: 'auto', ...corpusCase.options })
  compared(JSON.parse([...toJson(imported)].join('')), corpusCase)
  const messages = imported.conversations.flatMap((conversation) => [...conversation.messages])
  expect(messages.length + imported.skipped.count).toBe(imported.entriesRead)
  await close()
}

describe('each case of the corpus is read as it should be', () => {
  test.each(corpus)('$name', async (corpusCase) => {
    await expectRead(corpusCase.path, corpusCase)
  })

  test('there are as many cases as there should be', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(92)
  })
})

/** The files of a case in a zip, in a folder of its own as people zip them. */
function zipped({ path }: CorpusCase): string {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(path, file)).isFile(),
  )
  const target = join(mkdtempSync(join(tmpdir(), 'parley-zip-')), 'export.zip')
  const entries = files.map((file) => ({
    name: `My export/${relative('.', file)}`,
    content: readFileSync(join(path, file)),
  }))
  writeFileSync(target, makeZip(entries.filter(({ name }) => !name.endsWith('expected.json'))))
  return target
}

// Where keys and places are paths of the export they differ by the folder, and by nothing else.
const ofEachFormat = [...new Map(corpus.map((corpusCase) => [corpusCase.format, corpusCase])).values()]
const withFiles = corpus.filter(({ name }) => /attachments|media|private|full-account|mojibake|channel$/.test(name))
test.each([...new Set([...ofEachFormat, ...withFiles])].filter(({ path }) => !path.endsWith('.zip')))(
  'zipped in a folder it is the same: $name',
  async (corpusCase) => {
    await expectRead(zipped(corpusCase), corpusCase)
  },
)

const run = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const script = join(import.meta.dirname, '../../../scripts/parley.mjs')
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })

const flags: Record<string, string> = {
  ...{ timeZone: '--time-zone', dateOrder: '--date-order', title: '--title', kind: '--kind' },
}

describe('the command', () => {
  test.each(ofEachFormat)('prints $name', async (corpusCase) => {
    const told = Object.entries(corpusCase.options).flatMap(([name, value]) => [flags[name]!, String(value)])
    const { code, stdout } = await run('import', corpusCase.path, '--dry-run', '--json', ...told)
    compared(JSON.parse(stdout), corpusCase)
    expect(code).toBe(corpusCase.expected.skipped.length > 0 ? 2 : 0)
  })

  test.each([
    ['no format that is known', [join(import.meta.dirname, '../../../docs')], 'No format is recognised'],
    ['no such option', [corpus[0]!.path, '--date-order', 'DYM'], 'DYM'],
  ])('ends with 1 and says why: %s', async (_, args, reason) => {
    const { code, stdout, stderr } = await run('import', ...args, '--dry-run', '--json')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(reason)
  })
})
