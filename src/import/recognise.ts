import { Collector } from './collector.ts'
import { discord } from './formats/discord.ts'
import { googlechat } from './formats/googlechat.ts'
import { matrix } from './formats/matrix.ts'
import { mattermost } from './formats/mattermost.ts'
import { messenger } from './formats/messenger.ts'
import type { Opened, Reader } from './formats/reader.ts'
import { parley } from './formats/parley.ts'
import { rocketchat } from './formats/rocketchat.ts'
import { slack } from './formats/slack.ts'
import { teams } from './formats/teams.ts'
import { telegram } from './formats/telegram.ts'
import { whatsapp } from './formats/whatsapp.ts'
import { zulip } from './formats/zulip.ts'
import { ImportError, type Format, type Imported, type ReadOptions } from './model.ts'
import { defaultLimits, openSource, type Source, type SourceLimits } from './source/source.ts'

/** In this order: what has a mark of its own comes before what is known by its shape. */
export const readers: readonly Reader[] = [
  ...[parley, mattermost, zulip, rocketchat, discord, telegram, googlechat, messenger, teams, matrix, slack, whatsapp],
]

async function readerOf(opened: Opened, format: Format | 'auto'): Promise<Reader> {
  if (format !== 'auto') {
    const told = readers.find((reader) => reader.format === format)
    if (!told) throw new ImportError(`There is no reader of ${format}.`)
    if (!(await told.recognise(opened))) throw new ImportError(`This is no export of ${format}.`)
    return told
  }
  for (const reader of readers) if (await reader.recognise(opened)) return reader
  const shown = [...opened.source.files.keys()].slice(0, 5).join(', ')
  throw new ImportError(
    `No format is recognised${shown === '' ? ': there are no files' : ` (files: ${shown})`}. Formats: ${readers.map((reader) => reader.format).join(', ')}.`,
  )
}

export interface ReadRequest extends ReadOptions {
  path: string
  format: Format | 'auto'
  limits?: SourceLimits
}

export interface Opening {
  imported: Imported
  /** Still open: the bytes of files are in it. */
  source: Source
  close: () => Promise<void>
}

/** What would be imported. Whoever gets it closes it. */
export async function openExport({ path, format, limits = defaultLimits, ...options }: ReadRequest): Promise<Opening> {
  const source = await openSource(path, limits)
  let collector: Collector | undefined
  try {
    const opened = { source, limits }
    const reader = await readerOf(opened, format)
    collector = new Collector(reader.format, options)
    await reader.read(opened, collector)
    const imported = collector.finish()
    const close = async () => {
      imported.close()
      await source.close()
    }
    return { imported, source, close }
  } catch (error) {
    collector?.discard()
    await source.close()
    throw error
  }
}
