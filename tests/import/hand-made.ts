import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ImportedMessage, ReadOptions } from '../../src/import/model.ts'
import { readAll, type Whole } from './read-all.ts'

/** Files written by hand, as an export of some system: texts as they are, all else as JSON. */
export function writeExport(files: Record<string, unknown>): string {
  const root = mkdtempSync(join(tmpdir(), 'parley-hand-made-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return root
}

export const readFiles = (files: Record<string, unknown>, options: ReadOptions = {}) =>
  readAll({ path: writeExport(files), format: 'auto', ...options })

export const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join('\n')

const shown = (message: ImportedMessage) =>
  [
    `${message.author}: ${message.text}`,
    message.replyTo === null ? '' : `answers ${message.replyTo.split(':').at(-1)}`,
    message.edited ? `edited ${message.editedAtMs}` : '',
    message.deleted ? 'deleted' : '',
    ...message.reactions.map(
      ({ emoji, by, count }) => `${emoji} ${by.join(',')}${count > by.length ? `+${count - by.length}` : ''}`,
    ),
    ...message.attachments.map(({ name, missing }) => `file ${name} ${missing}`),
  ]
    .filter((part) => part !== '')
    .join(' | ')

/** What was said, a line each. */
export const said = ({ conversations }: Whole) => conversations.flatMap(({ messages }) => messages.map(shown))

export const skips = ({ skipped }: Whole) => skipped.map(({ key, reason }) => `${key.split(':').at(-1)} ${reason}`)
