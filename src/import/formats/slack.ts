// Slack's workspace export: lists of conversations and people, and a folder of day files for each conversation.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedMessage, MissingReason, Place } from '../model.ts'
import { fieldsIn, fieldsOf, isFields, listOf, numberOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { emojiNamed } from '../text/emoji.ts'
import { mentionsInSlack } from '../text/mentions.ts'
import { jsonHeadsOf, messagesIn, readJsonAt, readMessages, rootOf, type Opened, type Reader } from './reader.ts'
import { blockWords, slackText, type SlackNames } from './slack-text.ts'

const lists = ['channels.json', 'groups.json', 'dms.json', 'mpims.json']
const dayFile = /^\d{4}-\d\d-\d\d\.json$/

/** Notices of Slack itself. What has a subtype and is not here was said by somebody. */
const notices = new Set(
  `channel_join channel_leave channel_topic channel_purpose channel_name channel_archive channel_unarchive
  channel_convert_to_private channel_convert_to_public channel_posting_permissions channel_canvas_updated
  group_join group_leave group_topic group_purpose group_name group_archive group_unarchive group_open group_close
  pinned_item unpinned_item bot_add bot_remove bot_enable bot_disable reminder_add reminder_delete joiner_notification
  joiner_notification_for_inviter app_conversation_join app_conversation_leave ekm_access_denied reply_broadcast
  message_changed message_deleted message_replied channel_history_changed thread_broadcast_removed
  retention_policy_changed tabbed_canvas_updated bookmark_add`.split(/\s+/),
)
const calls = new Set(['huddle_thread', 'sh_room_created', 'sh_room_shared'])
/** Slack writes it where there is nobody. */
const nobody = 'U00'
const slackbot = 'USLACKBOT'

interface Author {
  key: string
  handle?: string | null
  name?: string | null
  bot?: boolean
}

export const slack: Reader = {
  format: 'slack',

  async recognise(opened) {
    const root = rootOf(opened, (name) => lists.includes(name))
    if (root === null) return false
    const heads = await jsonHeadsOf(opened)
    const users = heads.get(`${root}users.json`)
    // A mongoexport has its documents one a line, not in a list.
    if (users !== undefined) return /^\uFEFF?\s*\[/.test(users)
    return lists.some((name) => /^\uFEFF?\s*\[\s*\{[^]*?"id"\s*:\s*"[CGD]/.test(heads.get(root + name) ?? ''))
  },

  async read(opened, collector) {
    const root = rootOf(opened, (name) => lists.includes(name)) ?? ''
    const botUsers = addUsers(fieldsIn(await readJsonAt(opened, `${root}users.json`)), collector)
    const folders = new Map<string, string>()
    const titles = new Map<string, string>()
    for (const list of lists) {
      for (const row of fieldsIn(await readJsonAt(opened, root + list))) addConversation(row, list)
    }

    function addConversation(row: Fields, list: string): void {
      const key = textOf(row.id)
      if (key === null) return
      const name = textOf(row.name)
      const members = [...new Set(textsOf(row.members))]
      const isDirect = list === 'dms.json'
      const kind = isDirect && members.length === 1 ? 'SELF' : isDirect && members.length === 2 ? 'DIRECT' : 'GROUP'
      const title = list === 'channels.json' || list === 'groups.json' ? name : null
      const isPrivate = list !== 'channels.json' || row.is_private === true
      collector.conversation({ key, kind, title, private: isPrivate, archived: row.is_archived === true, members })
      if (title !== null) titles.set(key, title)
      folders.set(key, key)
      if (name !== null && !folders.has(name.normalize('NFC'))) folders.set(name.normalize('NFC'), key)
    }

    const names: SlackNames = {
      handleOf: (id) => collector.userOf(id)?.handle ?? undefined,
      channelOf: (id) => titles.get(id),
    }
    collector.finishTexts((text) => slackText(text, names))
    for (const file of opened.source.files.values()) {
      if (!file.path.startsWith(root)) continue
      const [folder = '', name, ...deeper] = file.path.slice(root.length).split('/')
      if (name === undefined) continue
      const place = { file: file.path }
      const shown = file.path.slice(root.length)
      if (folder.startsWith('FC:')) collector.skip(shown, 'FILE_CONVERSATION', place)
      else if (deeper.length > 0 || !/\.json$/i.test(name)) continue
      else if (!dayFile.test(name)) collector.skip(shown, 'NOT_A_MESSAGE_FILE', place)
      else {
        const conversation = folders.get(folder)
        const content = await readMessages(file, opened, collector)
        for (const { row, entry } of messagesIn(content, file.path, collector))
          addMessage(row, conversation ?? folder, { ...place, entry }, { collector, names, botUsers, opened })
      }
    }
  },
}

/** Answers which person of the list each bot is. */
function addUsers(rows: Fields[], collector: Collector): Map<string, string> {
  const botUsers = new Map<string, string>()
  for (const row of rows) {
    const key = textOf(row.id)
    if (key === null) continue
    const profile = fieldsOf(row.profile)
    const name = textOf(profile.display_name) ?? textOf(profile.real_name) ?? textOf(row.real_name)
    const bot = row.is_bot === true
    collector.listedUser({
      ...{ key, handle: textOf(row.name), name, email: textOf(profile.email), bot, active: row.deleted !== true },
    })
    const botId = textOf(profile.bot_id)
    if (botId !== null) botUsers.set(botId, key)
  }
  return botUsers
}

/** By its digits: a number of such a size loses some of them. */
function timeOf(ts: string | null): number | null {
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(ts ?? '') ?? []
  return seconds === undefined ? null : Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
}

interface Around {
  collector: Collector
  names: SlackNames
  botUsers: Map<string, string>
  opened: Opened
}

function addMessage(row: Fields, conversation: string, place: Place, around: Around): void {
  const { collector, names } = around
  const ts = textOf(row.ts)
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(ts ?? '') ?? []
  if (ts === null || seconds === undefined) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  const key = `${conversation}:${ts}`
  if (!collector.hasConversation(conversation)) {
    collector.skip(key, 'NO_CONVERSATION', place)
    return
  }
  const subtype = textOf(row.subtype)
  if (subtype !== null && calls.has(subtype)) {
    collector.skip(key, 'CALL', place)
    return
  }
  if (subtype !== null && notices.has(subtype)) {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const thread = textOf(row.thread_ts)
  const base = {
    key,
    sentAtMs: timeOf(ts) ?? Number.NaN,
    order: [Number(seconds), fraction.padEnd(12, '0')],
    replyTo: thread !== null && thread !== ts ? `${conversation}:${thread}` : null,
  }
  const user = textOf(row.user)
  if (subtype === 'tombstone') {
    const author = user === null || user === slackbot ? null : user
    collector.message(conversation, { ...base, author, text: null, deleted: true }, place)
    return
  }
  const author = authorOf(row, around)
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const source = wordsOf(row)
  const attachments = filesOf(row, around.opened)
  if (source === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  collector.person(author.key, author)
  const editedAt = textOf(fieldsOf(row.edited).ts)
  const own = subtype === 'me_message' ? '/me ' : ''
  collector.message(
    conversation,
    {
      ...base,
      author: author.key,
      // Guests of other workspaces are in no list: their names may come in a later file.
      text: own + (source.includes('<') ? source : slackText(source, names)),
      isUnfinished: source.includes('<'),
      edited: isFields(row.edited),
      editedAtMs: timeOf(editedAt),
      ...mentionsInSlack(source),
      ...(listOf(row.pinned_to).length > 0 && { pinnedAtMs: base.sentAtMs }),
      reactions: reactionsOf(row),
      attachments,
    },
    place,
  )
}

function authorOf(row: Fields, { botUsers }: Around): Author | null {
  if (row.subtype === 'file_comment') {
    const key = textOf(fieldsOf(row.comment).user)
    return key === null || key === nobody ? null : { key }
  }
  const botId = textOf(row.bot_id)
  const botName = textOf(row.username) ?? textOf(fieldsOf(row.bot_profile).name)
  const user = textOf(row.user) ?? (botId === null ? undefined : botUsers.get(botId))
  if (user === nobody) return null
  if (user !== undefined) {
    const profile = fieldsOf(row.user_profile)
    const name = textOf(profile.display_name) ?? textOf(profile.real_name) ?? (botId === null ? null : botName)
    return { key: user, handle: textOf(profile.name), name, bot: botId !== null }
  }
  if (botId !== null) return { key: botId, name: botName, bot: true }
  return botName === null ? null : { key: `bot:${botName}`, name: botName, bot: true }
}

/** Words of integrations are often only in attachments. */
const attachedWords = (row: Fields) =>
  fieldsIn(row.attachments)
    .flatMap((attached) => {
      const titled = [textOf(attached.pretext), textOf(attached.title)].filter((part) => part !== null).join('\n')
      return textOf(attached.text) ?? textOf(attached.fallback) ?? textOf(titled) ?? []
    })
    .join('\n')

function wordsOf(row: Fields): string {
  const file = fieldsOf(row.file)
  if (row.subtype === 'file_comment') return textOf(fieldsOf(row.comment).comment) ?? ''
  // Until 2018 Slack itself wrote "uploaded a file"; what the person typed is the comment.
  if (row.subtype === 'file_share' && isFields(row.file) && !Array.isArray(row.files))
    return textOf(fieldsOf(file.initial_comment).comment) ?? ''
  return textOf(row.text) ?? (attachedWords(row) || blockWords(row))
}

function filesOf(row: Fields, { source }: Opened): ImportedAttachment[] {
  const files = Array.isArray(row.files) ? fieldsIn(row.files) : isFields(row.file) ? [row.file] : []
  return files.map((file) => {
    const ref = textOf(file.id)
    const name = textOf(file.name)
    // Where other exporters put what they loaded.
    const kept = [`__uploads/${ref}/${name}`, `attachments/${ref}-${name}`].find((end) => source.files.has(end))
    const attached = { name, mime: textOf(file.mimetype), byteSize: numberOf(file.size), ref }
    if (kept !== undefined) return { ...attached, missing: null, path: kept }
    // What stands behind the address is a token of the export, by which anybody could load the file.
    const link = textOf(file.permalink) ?? textOf(file.url_private)?.split('?')[0]
    return { ...attached, missing: whyMissing(file), ...(link !== undefined && { link }) }
  })
}

function whyMissing(file: Fields): MissingReason {
  if (file.mode === 'tombstone') return 'DELETED'
  if (file.mode === 'hidden_by_limit') return 'PLAN_LIMIT'
  const access = textOf(file.file_access)
  if (access !== null && access !== 'visible') return 'NO_ACCESS'
  return file.mode === 'external' || file.is_external === true ? 'REMOTE' : 'NOT_IN_EXPORT'
}

const reactionsOf = (row: Fields): ImportedMessage['reactions'] =>
  fieldsIn(row.reactions).flatMap((reaction) => {
    const name = textOf(reaction.name)
    const by = [...new Set(textsOf(reaction.users))]
    return name === null ? [] : [{ emoji: emojiNamed(name), by, count: numberOf(reaction.count) ?? by.length }]
  })
