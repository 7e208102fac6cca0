// The folders that Rocket.Chat's CSV importer takes: no header rows; csv-parse reads them, as quotes, commas and line breaks
// in texts are its trade.
import { parse } from 'csv-parse/sync'
import type { Collector } from '../collector.ts'
import { ImportError, type Place } from '../model.ts'
import { readHead, readText } from '../source/reading.ts'
import type { SourceFile } from '../source/source.ts'
import { baseName, rootOf, type Opened } from './reader.ts'

export async function csvRootOf(opened: Opened): Promise<string | null> {
  const root = rootOf(opened, (name) => name === 'channels.csv' || name === 'users.csv')
  if (root === null) return null
  const { files } = opened.source
  const users = files.get(`${root}users.csv`)
  const channels = files.get(`${root}channels.csv`)
  const isUsers = users !== undefined && /^\uFEFF?[^\n,]+,[^\n,]*@?[^\n,]*,/.test(await readHead(users))
  const isChannels = channels !== undefined && /,\s*(public|private)\s*,/i.test(await readHead(channels))
  return isUsers || isChannels ? root : null
}

async function rowsOf(file: SourceFile | undefined, { limits }: Opened): Promise<string[][]> {
  if (!file) return []
  const text = await readText(file, limits)
  try {
    return parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: limits.lineBytes,
    })
  } catch (cause) {
    throw new ImportError(`${file.path} is no valid CSV: ${(cause as Error).message}`, { cause })
  }
}

const trimmed = (value: string | undefined) => (value?.trim() === '' ? null : (value?.trim() ?? null))

export async function readRocketchatCsv(opened: Opened, collector: Collector): Promise<void> {
  const root = (await csvRootOf(opened)) ?? ''
  const { files } = opened.source
  for (const [username, email, name] of await rowsOf(files.get(`${root}users.csv`), opened)) {
    const key = trimmed(username)
    if (key === null) continue
    const known = { key, handle: key, name: trimmed(name), email: trimmed(email) }
    collector.listedUser({ ...known, bot: false, active: true })
  }
  for (const [channel, owner, visibility, members] of await rowsOf(files.get(`${root}channels.csv`), opened)) {
    const key = trimmed(channel)
    if (key === null) continue
    const people = [owner, ...(members?.split(';') ?? [])].flatMap((person) => trimmed(person) ?? [])
    for (const person of people) collector.person(person, { handle: person })
    const isPrivate = trimmed(visibility)?.toLowerCase() === 'private'
    collector.conversation({ key, kind: 'GROUP', title: key, private: isPrivate, members: people })
  }
  for (const file of files.values()) {
    const inner = file.path.startsWith(root) ? file.path.slice(root.length) : ''
    const [folder, name, ...deeper] = inner.split('/')
    if (name === undefined || deeper.length > 0 || folder === undefined || !/\.csv$/i.test(name)) continue
    for (const [index, row] of (await rowsOf(file, opened)).entries())
      addRow(row, folder, { file: inner, entry: index + 1 }, collector)
  }
}

function addRow(row: string[], folder: string, place: Place & { entry: number }, collector: Collector): void {
  const key = `${folder}/${baseName(place.file)}:${place.entry}`
  const isDirect = folder.toLowerCase() === 'directmessages'
  const [author, to, time, text] = isDirect
    ? [trimmed(row[0]), trimmed(row[1]), trimmed(row[2]), row[3]]
    : [trimmed(row[0]), null, trimmed(row[1]), row[2]]
  if (text === undefined || !/^\d+$/.test(time ?? '')) {
    collector.skip(key, 'UNSUPPORTED', place)
    return
  }
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  if (isDirect && to === null) {
    collector.skip(key, 'NO_CONVERSATION', place)
    return
  }
  if (text === '') {
    collector.skip(key, 'EMPTY', place)
    return
  }
  let conversation = folder
  if (to !== null) {
    const members = [...new Set([author, to])].sort()
    conversation = `dm:${members.join(',')}`
    for (const member of members) collector.person(member, { handle: member })
    const kind = members.length === 1 ? 'SELF' : 'DIRECT'
    collector.conversation({ key: conversation, kind, title: null, private: true, members })
  }
  const sentAtMs = Number(time)
  if (collector.hasConversation(conversation)) collector.person(author, { handle: author })
  collector.message(conversation, { key, author, text, sentAtMs, order: [sentAtMs, place.entry] }, place)
}
