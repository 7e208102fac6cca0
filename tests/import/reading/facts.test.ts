// What is known of each format and no case of the corpus shows.
import { expect, test } from 'vitest'
import type { ReadOptions } from '../../../src/import/model.ts'
import { rowsOf } from '../../../src/import/writer/rows.ts'
import { lines, readFiles, said, skips } from '../hand-made.ts'

const slackMessage = (ts: string, text: string, more = {}) => ({ type: 'message', user: 'U1', text, ts, ...more })
const inSlack = (...messages: object[]) => ({
  'channels.json': [
    { id: 'C1', name: 'g', members: ['U1'] },
    { id: 'C2', name: 'new-name', members: [] },
  ],
  'users.json': [
    { id: 'U1', name: 'amy', profile: {} },
    { id: 'U2', name: 'ben', profile: {} },
  ],
  'g/2020-01-01.json': messages,
})
const reacted = (...names: string[]) => ({ reactions: names.map((name) => ({ name, users: ['U1'], count: 1 })) })

const inMattermost = (...posts: object[]) => ({
  'import.jsonl': lines(
    ...[
      { type: 'version', version: 1 },
      { type: 'unheard_of', unheard_of: {} },
    ],
    { type: 'channel', channel: { team: 'T', name: 'Town', type: 'O' } },
    ...posts.map((post) => ({ type: 'post', post: { team: 't', channel: 'town', user: 'ana', ...post } })),
  ),
})

const inZulip = (...messages: object[]) => ({
  'realm.json': {
    zerver_userprofile: [
      { id: 1, full_name: 'Amy', email: 'a@x' },
      { id: 2, full_name: 'Ben', email: 'b@x' },
    ],
    zerver_recipient: [{ id: 5, type: 2, type_id: 7 }],
    zerver_stream: [{ id: 7, name: 's' }],
    zerver_reaction: [
      { message: 1, user_profile: 2, emoji_name: 'zulip', emoji_code: 'zulip', reaction_type: 'zulip_extra_emoji' },
    ],
  },
  'messages-000001.json': { zerver_message: messages.map((message) => ({ sender: 1, recipient: 5, ...message })) },
})

const inRocketchat = (...messages: object[]) => ({
  'rocketchat_room.json': lines(
    { _id: 'r', t: 'c', name: 'r' },
    { _id: 'l', t: 'l' },
    { _id: 'e', t: 'p', encrypted: true },
  ),
  'users.json': lines({ _id: 'a', username: 'ana' }),
  'rocketchat_message.json': lines(
    ...messages.map((message) => ({ rid: 'r', ts: { $date: 1 }, u: { _id: 'a', username: 'old.ana' }, ...message })),
  ),
})

const telegramMessage = (id: number, text: unknown, more = {}) => ({
  ...{ id, type: 'message', date_unixtime: '1700000000', from: 'A', from_id: 'user1', text, ...more },
})
const inTelegram = (...messages: object[]) => ({
  'result.json': { name: 'G', type: 'private_supergroup', id: 77, messages },
})

const discordMessage = (id: string, content: string, more = {}) => ({
  ...{ id, type: 'Default', timestamp: '2024-01-01T00:00:00+00:00', content, author: { id: '1', name: 'amy' } },
  ...{ ...more },
})
const inDiscord = (...messages: object[]) => ({
  'c.json': { guild: { id: '9' }, channel: { id: '8', type: 'GuildTextChat', name: 'c' }, messages },
})

const event = (id: string, type: string, content: object, more = {}) => ({
  ...{ event_id: id, room_id: '!r', sender: '@amy:x', origin_server_ts: 1_700_000_000_000, type, content, ...more },
})
const matrixText = (id: string, body: string, content = {}, more = {}) =>
  event(id, 'm.room.message', { msgtype: 'm.text', body, ...content }, more)
const replacing = (target: string, body: string) => ({
  ...{ 'm.new_content': { msgtype: 'm.text', body }, 'm.relates_to': { rel_type: 'm.replace', event_id: target } },
})
const annotating = (id: string, key: string, sender: string) =>
  event(id, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$1', key } }, { sender })
const inMatrix = (...messages: object[]) => ({ 'export.json': { room_creator: '@amy:x', messages } })

const [a, b] = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002']
const graphMessage = (id: string, content: string, more = {}) => ({
  ...{ id, chatId: `19:${a}_${b}@unq.gbl.spaces`, messageType: 'message', createdDateTime: '2024-01-01T00:00:00.12Z' },
  ...{ from: { user: { id: a } }, body: { contentType: 'html', content }, ...more },
})
const inGraph = (...value: object[]) => ({ 'messages.json': { '@odata.context': 'x', value } })

const rich = {
  type: 'rich_text_section',
  elements: [
    { type: 'text', text: 'a<b ' },
    { type: 'user', user_id: 'U2' },
  ],
}

const cases: [string, Record<string, unknown>, string[], string[], ReadOptions?][] = [
  [
    'Slack: every form in angle brackets',
    inSlack(
      slackMessage(
        '1.1',
        '<!subteam^S1|@ops> <!date^1^{date}|18 Feb> <mailto:a@b.example|a@b.example> <#C2|old> <#C2|> <#C9|gone>',
      ),
      slackMessage('1.2', '<@W9|guest> <@U9> <!group> <!here|here> <@here> <!everyone> x > y <not a form'),
    ),
    [
      'U1: @ops 18 Feb a@b.example #new-name #new-name #gone',
      'U1: @guest @U9 @group @here @here @everyone x > y <not a form',
    ],
    [],
  ],
  [
    'Slack: words that are only in blocks or in the title of an attachment',
    inSlack(
      slackMessage('1.1', '', { blocks: [{ type: 'rich_text', elements: [rich] }] }),
      slackMessage('1.2', '', {
        blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '&lt;i> <@U1>' } }, { type: 'divider' }],
      }),
      slackMessage('1.3', '', { attachments: [{ pretext: 'pre', title: 'T' }] }),
      slackMessage('1.4', '', { blocks: [{ type: 'divider' }] }),
    ),
    ['U1: a<b @ben', 'U1: <i> @amy', 'U1: pre\nT'],
    ['1.4 EMPTY'],
  ],
  [
    'Slack: all digits of a time, tones of two people, pictures by its own table',
    inSlack(
      slackMessage('1577880000.001000', 'x', {
        edited: { user: 'U1', ts: '1577880060.001000' },
        ...reacted('people_holding_hands::skin-tone-2-3', 'satellite', 'cricket', 'flag-de'),
      }),
    ),
    ['U1: x | edited 1577880060001 | 🧑‍🤝‍🧑 U1 | 🛰️ U1 | 🦗 U1 | 🇩🇪 U1'],
    [],
  ],
  [
    'Mattermost: replies of a notice and of a channel that is not there, a line of a kind that nobody knows',
    inMattermost(
      {
        message: 'joined',
        type: 'system_join_channel',
        create_at: 7,
        replies: [{ user: 'Ana', message: 'r', create_at: 8 }],
      },
      { channel: 'gone', message: 'x', create_at: 5, replies: [{ user: 'ana', message: 'y', create_at: 6 }] },
    ),
    ['ana: r'],
    ['ana NO_CONVERSATION', 'ana NO_CONVERSATION', 'ana SYSTEM'],
  ],
  [
    'Zulip: mentions by number, links to one message, emoji of Zulip itself, a move that is no edit',
    inZulip({
      id: 1,
      content: '@**|2** #**s>lunch@12** `@**Ben**`',
      date_sent: 1.0005,
      last_edit_time: 9,
      edit_history: '[{"prev_topic":"x"}]',
    }),
    ['1: @Ben #s > lunch `@**Ben**` | :zulip: 2'],
    [],
  ],
  [
    'Rocket.Chat: dates of three kinds, rooms that are none, a sealed message in an open room, pictures of JoyPixels',
    inRocketchat(
      {
        _id: 'm1',
        msg: 'one',
        ts: { $date: { $numberLong: '5' } },
        reactions: { ':umbrella:': { usernames: ['ana'] }, ':thumbsup_tone2:': { usernames: ['ana'] } },
      },
      { _id: 'm2', msg: 'two', ts: { $date: 6 }, editedAt: { $date: '1970-01-01T00:00:00.5Z' } },
      { _id: 'm3', msg: 'x', rid: 'l' },
      { _id: 'm4', msg: 'x', rid: 'e' },
      { _id: 'm5', msg: 'x', t: 'e2e' },
      { _id: 'm6', msg: 'x', t: 'unheard-of' },
    ),
    ['a: one | ☔ a | 👍🏼 a', 'a: two | edited 500'],
    ['m3 ROOM_TYPE', 'm4 ENCRYPTED', 'm5 ENCRYPTED', 'm6 SYSTEM'],
  ],
  [
    'Telegram: sentences instead of paths, polls, places, contacts, texts in parts only',
    inTelegram(
      telegramMessage(1, '', {
        file: 'v.mp4 (File exceeds maximum size. Change data exporting settings to download.)',
      }),
      telegramMessage(2, '', { photo: '(File unavailable, please try again later)' }),
      telegramMessage(3, '', { poll: { question: 'Q?' } }),
      telegramMessage(4, '', { text_entities: [{ type: 'plain', text: 'in parts' }] }),
      telegramMessage(5, 'x', { from: null, from_id: 'user9', reply_to_message_id: 1, reply_to_peer_id: 'channel5' }),
      telegramMessage(6, ''),
      { id: 7, type: 'service', date_unixtime: '1700000000', action: 'group_call' },
    ),
    ['user1:  | file v.mp4 TOO_LARGE', 'user1:  | file null UNAVAILABLE', 'user1: Q?', 'user1: in parts', 'user9: x'],
    ['6 EMPTY', '7 CALL'],
  ],
  [
    'Telegram: a path without quotes, and people by numbers',
    {
      'result.json': `{"name":"B","type":"personal_chat","id":5,"messages":[{"id":1,"type":"message","date":"2021-03-01T10:00:00","from":"A",
"from_id":1,"text":[{"type":"custom_emoji","text":"x","document_id": (File not included. Change data exporting settings to download.)
}]}]}`,
    },
    ['user1: x'],
    [],
    { timeZone: 'Asia/Tokyo' },
  ],
  [
    'Discord: a sticker, a forward of a file, a poll, what applications answer, the rest of the numbers',
    inDiscord(
      discordMessage('1', '', { stickers: [{ name: 'Wave', sourceUrl: 'https://x.example/w.json' }] }),
      discordMessage('2', '', {
        reference: { messageId: '1', type: 'Forward' },
        forwardedMessage: { content: 'fw', attachments: [{ fileName: 'a.png', url: 'https://x.example/a.png' }] },
      }),
      discordMessage('3', '', { poll: { question: { text: 'Lunch?' } } }),
      ...['20', '23', '46', '24', 'ThreadCreated'].map((type, at) => discordMessage(`${4 + at}`, type, { type })),
    ),
    ['1:  | file Wave REMOTE', '1: fw | file a.png REMOTE', '1: Lunch?', '1: 20', '1: 23'],
    ['6 SYSTEM', '7 SYSTEM', '8 SYSTEM'],
  ],
  [
    'Matrix: redacted edits and reactions, one emoji in two spellings, a reply that is all quote',
    inMatrix(
      matrixText('$1', 'one'),
      matrixText('$2', '* two', replacing('$1', 'two')),
      matrixText('$3', '* three', replacing('$1', 'three')),
      annotating('$4', '👍\uFE0F', '@bob:x'),
      annotating('$5', '👍', '@amy:x'),
      annotating('$6', '🎉', '@amy:x'),
      ...['$3', '$6'].map((redacts) => event(`$r${redacts}`, 'm.room.redaction', { redacts })),
      matrixText('$7', '> <@amy:x> one', { 'm.relates_to': { 'm.in_reply_to': { event_id: '$1' } } }),
      event('$8', 'm.room.power_levels', {}, { state_key: '' }),
      event('$9', 'm.poll.response', {}),
      event('$10', 'm.poll.end', {}),
    ),
    ['@amy:x: two | edited 1700000000000 | 👍\uFE0F @bob:x,@amy:x'],
    [
      '$10 SYSTEM',
      '$2 EDIT_APPLIED',
      '$3 DELETED',
      '$4 SYSTEM',
      '$5 SYSTEM',
      '$6 SYSTEM',
      '$7 EMPTY',
      '$8 SYSTEM',
      '$9 SYSTEM',
      '$r$3 SYSTEM',
      '$r$6 SYSTEM',
    ],
  ],
  [
    'Teams: a page of Graph, a device, an app in a chat of two, plain text, events of a later kind',
    inGraph(
      graphMessage('1', '<p>hi&nbsp;&amp;lt; <at id="0">Ben</at><attachment id="x"></attachment></p>'),
      graphMessage('2', '', { body: { contentType: 'text', content: 'a <b> &amp;' } }),
      graphMessage('3', 'dev', { from: { device: { id: 'd1' } } }),
      graphMessage('4', 'app', { from: { application: { id: 'app1' } } }),
      graphMessage('5', '', { messageType: 'chatEvent' }),
      graphMessage('6', 'x', {
        reactions: [
          { reactionType: '💘', user: { user: { id: b } } },
          { reactionType: 'sad', user: { user: { id: b } } },
        ],
      }),
    ),
    [`${a}: hi &lt; @Ben`, `${a}: a <b> &amp;`, 'd1: dev', 'app1: app', `${a}: x | 💘 ${b} | 😢 ${b}`],
    ['5 SYSTEM'],
  ],
]

test.each(cases)('%s', async (_, files, expected, expectedSkips, options) => {
  const read = await readFiles(files, options)
  expect(said(read)).toEqual(expected)
  expect(skips(read)).toEqual(expectedSkips)
})

test('Teams: an app that speaks in a chat of two is no third member', async () => {
  const { conversations } = await readFiles(
    inGraph(graphMessage('1', 'x'), graphMessage('2', 'y', { from: { application: { id: 'app1' } } })),
  )
  expect(conversations[0]).toMatchObject({ kind: 'DIRECT', members: [a, b] })
})

test('Matrix: before there was a field for it, a mention was a link; the quoted one is not mentioned', async () => {
  const formatted_body =
    '<mx-reply><a href="https://matrix.to/#/@cem:x">Cem</a></mx-reply><a href="https://matrix.to/#/%40bob%3Ax">Bob</a>'
  const { conversations } = await readFiles(inMatrix(matrixText('$1', 'Bob', { formatted_body })))
  expect(conversations[0]?.messages[0]?.mentions).toEqual(['@bob:x'])
})

test('a file that is not in the export is a link, without the token of the export', async () => {
  const file = { id: 'F1', name: 'plan.pdf', url_private: 'https://files.example/F1/plan.pdf?t=xoxe-1' }
  const { conversations } = await readFiles(inSlack(slackMessage('1.1', 'the plan', { files: [file] })))
  const message = conversations[0]!.messages[0]!
  const [row] = rowsOf('slack', 'C1', message, Date.now(), () => undefined)
  expect(row?.text).toBe('the plan\nplan.pdf (https://files.example/F1/plan.pdf)')
})
