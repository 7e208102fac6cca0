import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Config } from '../../../src/config.ts'
import { openExport } from '../../../src/import/recognise.ts'
import { write } from '../../../src/import/writing.ts'
import { createTestDatabase } from '../../testkit/database.ts'
import { effort } from '../../testkit/effort.ts'
import { corpus } from '../corpus.ts'
import { exported, newFolder, runParley } from '../parley.ts'

const ofEachFormat = corpus.filter(
  ({ format }, index) => corpus.findIndex((other) => other.format === format) === index,
)
const cases = effort(corpus, ofEachFormat)

const uploads = {
  ...{ maxByteSize: 1_000_000, types: ['image/*', 'text/plain', 'application/pdf'], unattachedTtlMs: 1_000 },
  scan: { command: null, clamd: null, timeoutMs: 1_000 },
}

test(`${cases.length} cases of the corpus, imported, exported, imported and exported again, are the same`, async () => {
  const [here, there] = [await createTestDatabase(), await createTestDatabase()]
  const env = (database: typeof here, dataDir: string) => ({ DATABASE_URL: database.url, PARLEY_DATA_DIR: dataDir })
  const [ours, theirs] = [
    env(here, mkdtempSync(join(tmpdir(), 'parley-data-'))),
    env(there, mkdtempSync(join(tmpdir(), 'parley-data-'))),
  ]
  let messages = 0
  for (const { name, path, options } of cases) {
    const opening = await openExport({ path, format: 'auto', ...options })
    const config = { dataDir: ours.PARLEY_DATA_DIR, s3: null, uploads } as unknown as Config
    const given = { opening, connectionString: here.url, config, source: name }
    const files = { peopleFile: null, identitiesFile: null }
    messages += (await write({ ...given, ...files, inviting: null, onProgress: () => undefined })).messagesWritten
    await opening.close()
  }
  const [first, second] = [newFolder('first'), newFolder('second')]
  const out = await runParley(['export', '--all', '--out', first, '--json'], ours)
  expect([out.code, out.errors]).toEqual([0, ''])
  expect(JSON.parse(out.output)).toMatchObject({ counts: { messages } })
  expect(await runParley(['import', first], theirs)).toMatchObject({ code: 0, errors: '' })
  expect(await runParley(['export', '--all', '--out', second], theirs)).toMatchObject({ code: 0, errors: '' })
  expect(exported(second)).toEqual(exported(first))
}, 300_000)
