import { expect, test } from 'vitest'
import { parseWordedDate } from '../../../src/import/text/worded-dates.ts'
import { readFiles, said, skips } from '../hand-made.ts'

const at = Date.UTC(2021, 2, 14, 22, 41, 3)

test.each([
  'Sunday, March 14, 2021 at 10:41:03 PM UTC',
  'Sunday, March 14, 2021 at 10:41:03\u202FPM UTC',
  'Sunday, 14 March 2021 at 22:41:03 UTC',
  'Sonntag, 14. März 2021 um 22:41:03 UTC',
  'dimanche 14 mars 2021 à 22:41:03 UTC',
  'domingo, 14 de marzo de 2021, 22:41:03 UTC',
  'zondag 14 maart 2021 om 22:41:03 UTC',
])('%s is a date', (text) => {
  expect(parseWordedDate(text)).toBe(at)
})

test.each(['', 'Sunday, 14 Mumble 2021 at 22:41:03 UTC', 'Sunday, 31 February 2021 at 22:41:03 UTC', '2021'])(
  '%s is none',
  (text) => {
    expect(parseWordedDate(text)).toBeNull()
  },
)

const ana = { name: 'Ana Alder', email: 'Ana@kestrel.example', user_type: 'Human' }
const ben = { name: 'Ben Birch', email: 'ben@kestrel.example', user_type: 'Human' }
const message = (id: string, topic: string, seconds: string, text: string | undefined, more = {}) => ({
  ...{ creator: ana, created_date: `Sunday, March 14, 2021 at 10:41:${seconds} PM UTC`, text },
  ...{ topic_id: topic, message_id: `s/${topic}/${id}`, ...more },
})

const takeout = {
  'Takeout/Google Chat/Users/User 1/user_info.json': { user: ana },
  'Takeout/Google Chat/Groups/Space s/group_info.json': { name: 'Walkers', members: [ana, ben] },
  'Takeout/Google Chat/Groups/Space s/File-lake.txt': 'lake',
  'Takeout/Google Chat/Groups/Space s/messages.json': {
    messages: [
      message('a', 'a', '03', 'who comes?', {
        reactions: [
          { emoji: { unicode: '👍' }, reactor_emails: ['Ben@kestrel.example'] },
          { emoji: { custom_emoji: { shortcode: ':boat:' } }, reactor_emails: ['ana@kestrel.example'] },
        ],
      }),
      message('b', 'a', '03', 'me', {
        ...{ creator: ben, updated_date: 'Sunday, March 14, 2021 at 10:41:09 PM UTC' },
        previous_message_versions: [{ text: 'mee' }],
      }),
      message('c', 'c', '04', undefined, {
        attached_files: [{ original_name: 'lake.txt', export_name: 'File-lake.txt' }, { original_name: 'gone.png' }],
      }),
      message('d', 'd', '05', 'quoting', {
        quoted_message_metadata: { creator: ben, text: 'me', message_id: 's/a/b' },
      }),
      message('e', 'e', '06', undefined, { message_state: 'DELETED', deletion_metadata: { deletion_type: 'CREATOR' } }),
      message('f', 'f', '07', undefined, {
        annotations: [{ gsuite_integration_metadata: { call_data: { call_status: 'CALL_ENDED' } } }],
      }),
      message('g', 'g', '08', undefined, { annotations: [{ drive_metadata: { id: 'X1', title: 'Plan' } }] }),
      message('h', 'h', '09', undefined),
      message('i', 'i', '10', 'bot words', { creator: { name: 'Meet', user_type: 'Bot' } }),
      message('j', 'j', '11', 'x', { created_date: 'soon' }),
      { ...message('k', 'k', '12', 'no author'), creator: {} },
    ],
  },
  'Takeout/Google Chat/Groups/DM x/group_info.json': { members: [ana, ben] },
  'Takeout/Google Chat/Groups/DM x/messages.json': {
    messages: [1, 2].map(() => ({
      creator: ben,
      created_date: 'Sunday, March 14, 2021 at 10:41:03 PM UTC',
      text: 'psst',
    })),
  },
}

test('a takeout is read', async () => {
  const read = await readFiles(takeout)
  expect(read.format).toBe('googlechat')
  expect(said(read)).toEqual([
    ...['ben@kestrel.example: psst', 'ben@kestrel.example: psst'],
    'ana@kestrel.example: who comes? | 👍 ben@kestrel.example | :boat: ana@kestrel.example',
    `ben@kestrel.example: me | answers s/a/a | edited ${at + 6000}`,
    'ana@kestrel.example:  | file lake.txt null | file gone.png NOT_IN_EXPORT',
    'ana@kestrel.example: quoting | answers s/a/b',
    'ana@kestrel.example: null | deleted',
    'ana@kestrel.example:  | file Plan REMOTE',
    'Meet: bot words',
  ])
  expect(skips(read)).toEqual(['s/f/f CALL', 's/h/h EMPTY', 's/j/j UNSUPPORTED', 's/k/k NO_AUTHOR'])
  expect(read.conversations.map(({ key, kind, title, members }) => [key, kind, title, members.length])).toEqual([
    ['DM x', 'DIRECT', null, 2],
    ['Space s', 'GROUP', 'Walkers', 2],
  ])
  expect(read.users.find(({ key }) => key === 'Meet')).toMatchObject({ bot: true, placeholder: true })
})
