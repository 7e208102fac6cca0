// Mattermost's bulk format: one object a line, files below data/.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { checkDepth, readHead, readLines } from '../source/reading.ts'
import { fieldsIn, fieldsOf, isFields, numberOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { emojiNamed } from '../text/emoji.ts'
import { mentionsByName } from '../text/mentions.ts'
import { hashOf, KeyTable } from '../spool/key-table.ts'
import { baseName, folderOf, type Opened, type Reader } from './reader.ts'

const fold = (name: string) => name.toLowerCase()

async function bulkFileOf({ source }: Opened) {
  for (const file of source.files.values()) {
    if (!/\.jsonl$/i.test(file.path)) continue
    if (/^\uFEFF?\s*\{[^\n]*"type"\s*:\s*"version"/.test(await readHead(file))) return file
  }
  return undefined
}

export const mattermost: Reader = {
  format: 'mattermost',
  recognise: async (opened) => (await bulkFileOf(opened)) !== undefined,

  async read(opened, collector) {
    const file = await bulkFileOf(opened)
    if (!file) return
    const posts = createPosts(opened, folderOf(file.path), collector)
    for await (const lines of readLines(file, opened.limits)) {
      for (const { number, text } of lines) {
        const place = { file: file.path, entry: number }
        if (text?.trim() === '') continue
        const row = text === null ? undefined : parseLine(text, opened)
        const type = textOf(row?.type)
        if (row === undefined || type === null) {
          collector.warn(text === null ? 'The line is too long.' : 'The line is no JSON object with a type.', place)
          collector.skip(`${file.path}:${number}`, 'UNSUPPORTED', place)
        } else addLine(type, fieldsOf(row[type]), place, collector, posts)
      }
    }
    posts.finish()
  },
}

function parseLine(text: string, { limits }: Opened): Fields | undefined {
  try {
    checkDepth(text, limits.jsonDepth, 'The line')
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function addLine(type: string, row: Fields, place: Place, collector: Collector, posts: Posts): void {
  if (type === 'user' || type === 'bot') addUser(type === 'bot', row, posts, collector)
  else if (type === 'channel') {
    const [team, name] = [textOf(row.team), textOf(row.name)]
    if (team === null || name === null) return
    collector.conversation({
      ...{ key: `${fold(team)}/${fold(name)}`, kind: 'GROUP', title: textOf(row.display_name) ?? name },
      ...{ private: row.type === 'P', archived: (numberOf(row.deleted_at) ?? numberOf(row.delete_at) ?? 0) > 0 },
    })
  } else if (type === 'direct_channel') posts.direct(row.participants ?? row.members)
  else if (type === 'post') posts.post(`${fold(textOf(row.team) ?? '')}/${fold(textOf(row.channel) ?? '')}`, row, place)
  else if (type === 'direct_post') posts.post(posts.direct(row.channel_members), row, place)
}

function addUser(bot: boolean, row: Fields, posts: Posts, collector: Collector): void {
  const handle = textOf(row.username)
  if (handle === null) return
  const key = fold(handle)
  const full = [textOf(row.first_name), textOf(row.last_name)].filter((part) => part !== null).join(' ')
  const name = bot ? textOf(row.display_name) : (textOf(row.nickname) ?? textOf(full))
  const active = (numberOf(row.delete_at) ?? 0) === 0
  collector.listedUser({ key, handle: key, name, email: textOf(row.email), bot, active })
  for (const team of fieldsIn(row.teams))
    for (const channel of fieldsIn(team.channels))
      posts.member(`${fold(textOf(team.name) ?? '')}/${fold(textOf(channel.name) ?? '')}`, key)
}

type Posts = ReturnType<typeof createPosts>

function createPosts({ source }: Opened, folder: string, collector: Collector) {
  const repeats = new KeyTable()
  const memberships: [string, string][] = []
  let entry = 0

  const reactionsOf = (value: unknown): ImportedReaction[] => {
    const byEmoji = new Map<string, Set<string>>()
    for (const reaction of fieldsIn(value)) {
      const [name, user] = [textOf(reaction.emoji_name), textOf(reaction.user)]
      if (name === null || user === null) continue
      const emoji = emojiNamed(name)
      byEmoji.set(emoji, (byEmoji.get(emoji) ?? new Set()).add(fold(user)))
      collector.person(fold(user), { handle: fold(user) })
    }
    return [...byEmoji].map(([emoji, by]) => ({ emoji, by: [...by], count: by.size }))
  }

  const attachmentsOf = (value: unknown): ImportedAttachment[] =>
    fieldsIn(value).flatMap((attached): ImportedAttachment[] => {
      const ref = textOf(attached.path)
      if (ref === null) return []
      const path = [`${folder}data/${ref}`, `${folder}${ref}`].find((place) => source.files.has(place.normalize('NFC')))
      const named = { name: baseName(ref), mime: null, byteSize: null, ref }
      return path === undefined
        ? [{ ...named, missing: 'NOT_IN_EXPORT' }]
        : [{ ...named, missing: null, path: path.normalize('NFC') }]
    })

  const wordsOf = (row: Fields): string => {
    const message = textOf(row.message)
    if (message !== null && row.type === 'me') return `/me ${message.replace(/^\*([^]*)\*$/, '$1')}`
    return (
      message ??
      fieldsIn(fieldsOf(row.props).attachments)
        .flatMap((attached) => textOf(attached.text) ?? textOf(attached.fallback) ?? [])
        .join('\n')
    )
  }

  function add(conversation: string, row: Fields, replyTo: string | null, place: Place): string {
    entry += 1
    const user = fold(textOf(row.user) ?? '')
    const sentAtMs = numberOf(row.create_at) ?? Number.NaN
    const base = `${conversation}:${sentAtMs}:${user}`
    const hash = hashOf(base)
    const count = (repeats.get(hash) ?? 0) + 1
    repeats.set(hash, count)
    const key = count === 1 ? base : `${base}#${count}`
    const attachments = attachmentsOf(row.attachments)
    const text = wordsOf(row)
    if (textOf(row.type)?.startsWith('system_')) collector.skip(key, 'SYSTEM', place)
    else if (user === '') collector.skip(key, 'NO_AUTHOR', place)
    else if (text === '' && attachments.length === 0) collector.skip(key, 'EMPTY', place)
    else {
      const isKnown = collector.hasConversation(conversation)
      if (isKnown) collector.person(user, { handle: user })
      const mentioned = text.includes('@') ? mentionsByName(text) : undefined
      const editedAtMs = numberOf(row.edit_at) ?? 0
      collector.message(
        conversation,
        {
          key,
          author: user,
          text,
          sentAtMs,
          order: [sentAtMs, entry],
          replyTo,
          attachments,
          edited: editedAtMs > 0,
          editedAtMs: editedAtMs > 0 ? editedAtMs : null,
          mentions: mentioned?.mentions,
          mentionsEveryone: mentioned?.mentionsEveryone,
          pinnedAtMs: row.is_pinned === true ? sentAtMs : undefined,
          reactions: isKnown ? reactionsOf(row.reactions) : undefined,
        },
        place,
      )
    }
    return key
  }

  return {
    member: (conversation: string, user: string) => void memberships.push([conversation, user]),

    /** The conversation of these people, whatever their order. */
    direct(members: unknown): string {
      const named = [...textsOf(members), ...fieldsIn(members).flatMap((row) => textOf(row.username) ?? [])]
      const people = [...new Set(named.map(fold))].sort()
      const key = `dm:${people.join(',')}`
      if (people.length === 0) return key
      const kind = people.length === 1 ? 'SELF' : people.length === 2 ? 'DIRECT' : 'GROUP'
      for (const person of people) collector.person(person, { handle: person })
      collector.conversation({ key, kind, title: null, private: true, members: people })
      return key
    },

    post(conversation: string, row: Fields, place: Place): void {
      const key = add(conversation, row, null, place)
      for (const reply of fieldsIn(row.replies)) add(conversation, reply, key, place)
    },

    /** People come after channels in a file, but nothing says that they must. */
    finish(): void {
      for (const [conversation, user] of memberships)
        if (collector.hasConversation(conversation)) collector.member(conversation, user)
    },
  }
}
