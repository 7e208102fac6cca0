// Mattermost's bulk format, which `mmctl import` takes: one object a line, files below data/. Facts: its server's
// import_types.go and bulk_import.go. People are known by username, channels by name, posts by their time.
import { basename } from 'node:path'
import { emojiName } from '../import/text/emoji.ts'
import { copyBytes, type AttachmentRecord, type Exporting } from './attachments.ts'
import type { Lines } from './folder.ts'
import { channels, memberships, threads } from './mattermost-queries.ts'
import type { Scope } from './scope.ts'
import type { Snapshot } from './snapshot.ts'

/** Of Mattermost's format. */
export const version = 1

interface Channel {
  id: string
  kind: 'DIRECT' | 'GROUP' | 'SUPPORT'
  title: string | null
  archivedAtMs: number | null
  /** Of the two who talk, or the one who does. */
  members: string[]
}

interface Person {
  handle: string
  displayName: string
  erasedAtMs: number | null
  conversations: { id: string; role: 'OWNER' | 'ADMIN' | 'MEMBER' }[]
}

interface Row {
  root: number
  seq: number
  user: string
  text: string | null
  sentAtMs: number
  editedAtMs: number
  pinned: boolean
  deleted: boolean
  reactions: { emoji: string; users: string[] }[]
  attachments: AttachmentRecord[]
}

const line = (type: string, content: unknown) => JSON.stringify({ type, [type]: content })

/** Channels have short names of their own. An id is one, begins with a letter this way, and is never used twice. */
const channelName = (id: string) => `c${id.replaceAll('-', '')}`
const short = (text: string, length: number) => Array.from(text).slice(0, length).join('')

export async function writeMattermost(
  snapshot: Snapshot,
  scope: Scope,
  exporting: Exporting,
  team: string,
): Promise<void> {
  const { out, totals, notExported } = exporting
  const file = await out.lines('import.jsonl')
  const generated = { generator: 'parley', version: String(version), created: snapshot.takenAt }
  await file.write([
    JSON.stringify({ type: 'version', version, info: generated }),
    line('team', { name: team, display_name: team, type: 'I', description: 'From Parley', allow_open_invite: false }),
  ])
  const all: Channel[] = []
  const found = channels(scope)
  for await (const rows of snapshot.stream<Channel & { createdAtMs: string }>(found.text, found.values))
    all.push(...rows)
  totals.conversations = all.length
  const groups = all.filter(({ kind }) => kind !== 'DIRECT')
  for (const { id, title, archivedAtMs } of groups)
    await file.write([
      line('channel', {
        ...{ team, name: channelName(id), display_name: short(title ?? 'Untitled', 64), type: 'P' },
        ...(archivedAtMs !== null && { deleted_at: archivedAtMs }),
      }),
    ])
  const people = memberships(scope)
  const isGroup = new Set(groups.map(({ id }) => id))
  for await (const rows of snapshot.stream<Person>(people.text, people.values)) {
    totals.people += rows.length
    await file.write(rows.map((person) => userLine(person, team, isGroup)))
  }
  // Mattermost's importer wants all of one type before the next.
  for (const channel of groups) await writePosts(snapshot, scope, exporting, { file, channel, team })
  const direct = all.filter(({ kind }) => kind === 'DIRECT')
  await file.write(direct.map(({ members }) => line('direct_channel', { members: pairOf(members) })))
  for (const channel of direct) await writePosts(snapshot, scope, exporting, { file, channel, team })
  await file.end()
  if (totals.people > 0)
    notExported.push({
      key: 'e-mail addresses',
      what: 'Parley has none, and Mattermost needs one: <handle>@parley.invalid',
    })
}

/** Notes to oneself name their member twice. */
const pairOf = (members: readonly string[]) => (members.length === 1 ? [...members, ...members] : members)

function userLine(
  { handle, displayName, erasedAtMs, conversations }: Person,
  team: string,
  isGroup: Set<string>,
): string {
  const channels = conversations
    .filter(({ id }) => isGroup.has(id))
    .map(({ id, role }) => ({
      name: channelName(id),
      roles: role === 'MEMBER' ? 'channel_user' : 'channel_user channel_admin',
    }))
  return line('user', {
    ...{ username: handle, email: `${handle}@parley.invalid`, nickname: short(displayName, 64), roles: 'system_user' },
    ...(erasedAtMs !== null && { delete_at: erasedAtMs }),
    teams: [{ name: team, roles: 'team_user', channels }],
  })
}

interface Target {
  file: Lines
  channel: Channel
  team: string
}

async function writePosts(snapshot: Snapshot, scope: Scope, exporting: Exporting, { file, channel, team }: Target) {
  const { text, values } = threads(scope, channel.id)
  const isDirect = channel.kind === 'DIRECT'
  // Posts of one time and one text are one for Mattermost, whoever wrote them.
  let lastMs = 0
  const atThisTime = new Set<string>()
  const post = async (row: Row) => {
    if (row.sentAtMs !== lastMs) atThisTime.clear()
    lastMs = row.sentAtMs
    if (atThisTime.has(row.text ?? ''))
      exporting.notExported.push({
        key: `${channel.id}:${row.seq}`,
        what: 'Mattermost takes it for the other message of this text and time',
      })
    atThisTime.add(row.text ?? '')
    exporting.totals.messages += 1
    return postOf(row, channel, exporting)
  }
  let thread: Row[] = []
  const flush = async () => {
    const [first, ...replies] = thread
    thread = []
    if (!first) return
    const where = isDirect ? { channel_members: pairOf(channel.members) } : { team, channel: channelName(channel.id) }
    const root = await post(first)
    const answers = []
    for (const reply of replies) answers.push(await post(reply))
    const content = { ...where, ...root, ...(answers.length > 0 && { replies: answers }) }
    await file.write([line(isDirect ? 'direct_post' : 'post', content)])
  }
  for await (const rows of snapshot.stream<Row>(text, values)) {
    for (const row of rows) {
      if (thread.length > 0 && thread[0]?.root !== row.root) await flush()
      if (row.deleted)
        exporting.notExported.push({
          key: `${channel.id}:${row.seq}`,
          what: 'it is deleted: Mattermost has no place for it',
        })
      else thread.push(row)
    }
  }
  await flush()
}

async function postOf(row: Row, channel: Channel, exporting: Exporting) {
  const attachments: { path: string }[] = []
  for (const attachment of row.attachments) {
    // What somebody named their file is a name, and no way out of the folder.
    const name = basename(attachment.fileName.replaceAll('\\', '/')).replace(/^\.+$/, '') || 'file'
    const path = `${attachment.id}/${name}`
    if (await copyBytes(exporting, attachment, `data/${path}`)) attachments.push({ path })
  }
  const reactions = row.reactions.flatMap(({ emoji, users }) => {
    const name = emojiName(emoji)
    if (name === null)
      exporting.notExported.push({
        key: `${channel.id}:${row.seq}`,
        what: `reaction ${emoji}: Mattermost has no name for it`,
      })
    return name === null ? [] : users.map((user) => ({ user, emoji_name: name, create_at: row.sentAtMs }))
  })
  return {
    ...{ user: row.user, message: row.text ?? '', create_at: row.sentAtMs, edit_at: row.editedAtMs },
    ...(row.pinned && { is_pinned: true }),
    ...(attachments.length > 0 && { attachments }),
    ...(reactions.length > 0 && { reactions }),
  }
}
