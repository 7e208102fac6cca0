import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readAll } from '../read-all.ts'

type Hanging = [mentions: string[], everyone: boolean, pinned: boolean]

const json = (value: unknown) => JSON.stringify(value)
const lines = (...values: unknown[]) => values.map(json).join('\n')

const slack = {
  'channels.json': json([{ id: 'C1', name: 'g', members: ['U1'] }]),
  'users.json': json([{ id: 'U1', name: 'amy' }]),
  'g/2020-01-01.json': json([
    {
      type: 'message',
      user: 'U1',
      text: '<@U1> and <@U2|bob>, &lt;@U3&gt;',
      ts: '1577880000.000100',
      pinned_to: ['C1'],
    },
    { type: 'message', user: 'U1', text: '<!here> look', ts: '1577880000.000200' },
  ]),
}
const bulkPost = (create_at: number, message: string, more = {}) => ({
  type: 'post',
  post: { team: 't', channel: 'c', user: 'amy', message, create_at, ...more },
})
const mattermost = {
  'import.jsonl': lines(
    { type: 'version', version: 1 },
    { type: 'channel', channel: { team: 't', name: 'c', type: 'O' } },
    bulkPost(1, 'see @Bob. or mail amy@x.example', { is_pinned: true }),
    bulkPost(2, '@channel now'),
  ),
}
const zulip = {
  'realm.json': json({
    zerver_userprofile: [
      { id: 1, full_name: 'Amy', email: 'a@x' },
      { id: 2, full_name: 'Bob', email: 'b@x' },
    ],
    zerver_recipient: [{ id: 5, type: 2, type_id: 7 }],
    zerver_stream: [{ id: 7, name: 's' }],
  }),
  'messages-000001.json': json({
    zerver_message: [
      { id: 1, sender: 1, recipient: 5, content: '@**Bob** @_**Amy** @**Amy|1**', date_sent: 1 },
      { id: 2, sender: 1, recipient: 5, content: '@**all** hi', date_sent: 2 },
    ],
  }),
}
const rocketchat = {
  'rocketchat_room.json': lines({ _id: 'r', t: 'c', name: 'r' }),
  'rocketchat_message.json': lines(
    { _id: 'a', rid: 'r', msg: '@bob', ts: { $date: 1 }, u: { _id: 'amy' }, mentions: [{ _id: 'bob' }], pinned: true },
    { _id: 'b', rid: 'r', msg: '@all', ts: { $date: 2 }, u: { _id: 'amy' }, mentions: [{ _id: 'all' }] },
  ),
}
const said = (id: number, text: string, more = {}) => ({
  ...{ id, type: 'message', date_unixtime: '1700000000', from: 'A', from_id: 'user1', text, ...more },
})
const telegram = {
  'result.json': json({
    ...{ name: 'B', type: 'private_group', id: 1 },
    messages: [
      said(1, 'Bob', { text_entities: [{ type: 'mention_name', text: 'Bob', user_id: 2 }] }),
      said(2, 'two'),
      { id: 3, type: 'service', action: 'pin_message', message_id: 1, date_unixtime: '1700000009', actor_id: 'user1' },
    ],
  }),
}
const discordMessage = (id: string, content: string, more = {}) => ({
  ...{
    id,
    type: 'Default',
    timestamp: '2024-01-01T00:00:00+00:00',
    content,
    author: { id: '1', name: 'amy' },
    ...more,
  },
})
const discord = {
  'c.json': json({
    guild: { id: '9' },
    channel: { id: '8', type: 'GuildTextChat', name: 'c' },
    messages: [
      discordMessage('1', '@bob', { mentions: [{ id: '2', name: 'bob' }], isPinned: true }),
      discordMessage('2', '@everyone up'),
    ],
  }),
}
const event = (id: string, type: string, content: object, more = {}) => ({
  ...{ event_id: id, room_id: '!r', sender: '@amy:x', origin_server_ts: 1_700_000_000_000, type, content, ...more },
})
const matrix = {
  'export.json': json({
    room_creator: '@amy:x',
    messages: [
      event('$1', 'm.room.message', { msgtype: 'm.text', body: 'Bob', 'm.mentions': { user_ids: ['@bob:x'] } }),
      event('$2', 'm.room.message', { msgtype: 'm.text', body: 'room', 'm.mentions': { room: true } }),
      event('$3', 'm.room.pinned_events', { pinned: ['$2'] }, { state_key: '' }),
      event('$4', 'm.room.pinned_events', { pinned: ['$1'] }, { state_key: '' }),
    ],
  }),
}

test.each<[string, Record<string, string>, Hanging[]]>([
  [
    'slack',
    slack,
    [
      [['U1', 'U2'], false, true],
      [[], true, false],
    ],
  ],
  [
    'mattermost',
    mattermost,
    [
      [['bob.', 'bob'], false, true],
      [['channel'], true, false],
    ],
  ],
  [
    'zulip',
    zulip,
    [
      [['2', '1'], false, false],
      [[], true, false],
    ],
  ],
  [
    'rocketchat',
    rocketchat,
    [
      [['bob'], false, true],
      [['all'], true, false],
    ],
  ],
  [
    'telegram',
    telegram,
    [
      [['user2'], false, true],
      [[], false, false],
    ],
  ],
  [
    'discord',
    discord,
    [
      [['2'], false, true],
      [[], true, false],
    ],
  ],
  [
    'matrix',
    matrix,
    [
      [['@bob:x'], false, true],
      [[], true, false],
    ],
  ],
])('%s: who is mentioned, and what is pinned', async (format, files, expected) => {
  const root = mkdtempSync(join(tmpdir(), 'parley-hanging-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const read = await readAll({ path: root, format: 'auto' })
  expect(read.format).toBe(format)
  const messages = read.conversations.flatMap((conversation) => conversation.messages)
  expect(
    messages.map(({ mentions = [], mentionsEveryone = false, pinnedAtMs }): Hanging => [
      ...([mentions, mentionsEveryone] as const),
      pinnedAtMs !== undefined,
    ]),
  ).toEqual(expected)
})

test('a time of an edit that is none is not known', async () => {
  const root = mkdtempSync(join(tmpdir(), 'parley-hanging-'))
  writeFileSync(
    join(root, 'import.jsonl'),
    `${mattermost['import.jsonl']}\n${json(bulkPost(3, 'x', { edit_at: 1e300 }))}`,
  )
  const { conversations } = await readAll({ path: root, format: 'auto' })
  expect(conversations[0]?.messages.at(-1)).toMatchObject({ edited: true, editedAtMs: null })
})
