import { beforeAll, describe, expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { pngBytes, sendWith, upload } from '../testkit/uploads.ts'

interface Edge {
  cursor: string
  node: { id: string; text: string | null; sender: { id: string }; seq: number }
  snippet: { text: string; ranges: { start: number; end: number }[] }
}
interface Found {
  searchMessages: {
    edges: Edge[]
    nodes: { text: string | null }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}
const document = `query ($query: String!, $conversationId: ID, $senderId: ID, $from: DateTime, $to: DateTime, $hasAttachment: Boolean, $first: Int, $after: String) {
  searchMessages(query: $query, conversationId: $conversationId, senderId: $senderId, from: $from, to: $to, hasAttachment: $hasAttachment, first: $first, after: $after) {
    edges { cursor node { id seq text sender { id } } snippet { text ranges { start end } } }
    nodes { text }
    pageInfo { hasNextPage endCursor }
  } }`

const search = (person: Person, query: string, others: object = {}) =>
  ask<Found>(person, document, { query, ...others })
async function found(person: Person, query: string, others: object = {}): Promise<Found['searchMessages']> {
  const { data, errors } = await search(person, query, others)
  expect(errors, `${query}: ${JSON.stringify(errors)}`).toBeUndefined()
  return data!.searchMessages
}
const texts = async (person: Person, query: string, others: object = {}) =>
  (await found(person, query, others)).nodes.map(({ text }) => text)

/** A message is in the index within two seconds of its commit. */
const soon = { timeout: 10_000, interval: 50 }

let pair: Pair
let ann: Person
let bob: Person
let eve: Person
let group: string

beforeAll(async () => {
  pair = await startPair()
  ;[ann, bob, eve] = (await Promise.all(['Ann', 'Bob', 'Eve'].map((name) => signUp(pair.urls[0], name)))) as [
    Person,
    Person,
    Person,
  ]
  group = await ann.createGroup([bob])
})

/** A text, what finds it, and what does not. */
const table: [text: string, finds: string[], misses: string[]][] = [
  ['The deployment finished at noon', ['deployment', 'DEPLOYMENT', 'deploy', 'noon deployment', '"deployment finished"', 'finished -broken', 'nothing or noon'], ['ployment', '"finished deployment"', 'noon -deployment', 'deploy noon']],
  ['See https://www.example.org/docs/a-b_c?page=2#part', ['example.org', 'https://www.example.org/docs/a-b_c?page=2#part', 'www.example.org', 'example.org/docs', 'EXAMPLE', 'page=2'], ['example.net', 'docs.example']],
  ['Mail jane.doe+chat@mail.example.com please', ['jane.doe+chat@mail.example.com', 'jane.doe', 'doe', 'mail.example.com', '@mail.example'], ['jane.roe', 'doe@jane']],
  ['My e-mail was wrong', ['e-mail', 'email', 'E-Mail', 'e mail', '"e-mail was"'], ['mailing', 'gmail']],
  ["I don’t know O'Neill's well-known state-of-the-art", ["don't", 'don’t', 'dont', 'ONeill', "O'Neill", 'neill', 'well-known', 'wellknown', '"well known"', 'state-of-the-art'], ['donut', 'stateful']],
  ['l’été à Besançon, c’est naïve Übermut Straße', ['été', 'ete', "l'ete", 'besancon', 'BESANÇON', 'naive', 'ubermut', 'Strasse', 'STRAẞE', 'strasse'], ['uebermut', 'ette']],
  ['Use #Release-Notes and #東京 with @bob.smith_9 today', ['#release', '#Release-Notes', '#東京', '@bob.smith_9', '@bob', 'bob', 'release notes', '@BOB.SMITH_9'], ['#notes', '@smith', '#bob', '@release']],
  ['C++ and C# beat F# here; node.js too', ['c++', 'C#', 'f#', 'node.js', 'nodejs', 'node', 'c'], ['g++', 'node.ts']],
  ['call getUserName(user_id) in XMLHttpRequest', ['getusername', 'getUserName', 'user', 'userid', 'name', 'xmlhttprequest', 'request', 'getUserName(user_id)'], ['sername']],
  ['Version v1.2.3 costs 1,000.50€ at 12:30 on 2026-11-29', ['v1.2.3', '1.2.3', 'v1.2', '1,000', '1000', '12:30', '2026-11-29', '20261129', '1,000.50€', '€'], ['1.2.4', '12:31', '1001']],
  ['Ran 5km with v2.10-rc3 on an iPhone15', ['5', '5km', 'km', '2.10', 'v2.10', '2.10-rc3', 'iphone 15', 'iphone15'], ['2.1.0', '51', '5kg', 'v3']],
  ['From 192.168.0.1:8080 we got ERR_CONNECTION_RESET', ['192.168.0.1', '192.168', '8080', 'ERR_CONNECTION_RESET', 'connection', 'err_conn'], ['192.168.1', '168.192']],
  ['Party 🎉🎉 tonight 👍🏽 ❤️ 👨‍👩‍👧 🇩🇪!', ['🎉', '👍', '👍🏿', '❤', '❤️', '👨‍👩‍👧', '🇩🇪', 'party🎉'], ['😀', '🇫🇷', '👨‍👩‍👦']],
  ['東京タワーへ行きましょう', ['東京', '京タ', 'タワー', '東京タワー', '東', 'う', '東京 行き'], ['京都', '行東', '大阪']],
  ['ガードを買った', ['ガード', 'ｶﾞｰﾄﾞ', 'ガード'.normalize('NFD'), 'カ゛ード 買'.replace('カ゛', 'ガ')], ['カード']],
  ['我们明天去北京大学', ['北京', '大学', '北京大学', '明天 北京'], ['京北', '天津']],
  ['สวัสดีครับ วันนี้อากาศดี', ['สวัสดี', 'อากาศ', 'วันนี้', 'ดี'], ['ฝน', 'หิมะ']],
  ['학교에서 김민수가 기다린다', ['학교', '김민수', '김민수'.normalize('NFD'), '민수', '기다'], ['대학', '수민']],
  ['Привет, Ёлка! Где отчёт?', ['привет', 'ПРИВЕТ', 'елка', 'ёлка', 'отчет', 'прив'], ['ривет', 'привез']],
  ['Η ΟΔΥΣΣΕΙΑ του Οδυσσέα', ['οδυσσεια', 'Οδύσσεια', 'οδυσσεα'], ['ιλιαδα']],
  ['مرحبا كيف حالك', ['مرحبا', 'کیف', 'مَرْحَبًا'], ['وداعا']],
  ['שָׁלוֹם עולם', ['שלום', 'עולם'], ['שלוש']],
  ['नमस्ते दुनिया', ['नमस्ते', 'दुनिया'], ['नमक']],
  ['İstanbul ve ışık', ['istanbul', 'ISTANBUL', 'İstanbul', 'isik', 'IŞIK'], ['ankara']],
  ['Ｆｕｌｌ ｗｉｄｔｈ ﬁne ㎏', ['full width', 'FULL', 'fine', 'kg'], ['half']],
  ['so\u00adft hy\u200bphen zero\u2060width', ['soft', 'hyphen', 'zerowidth'], ['zero-x']],
  ['Smart “quoted words” stay', ['"quoted words"', '“quoted words”', 'smart quoted'], ['"words quoted"', '“smart words”']],
  ['SELECT * FROM users WHERE id = 42; -- why', ['select users', 'select * from users', 'id = 42', 'where', '42'], ['43', 'insert']],
  ['path /usr/local/bin and C:\\Temp\\file.txt', ['/usr/local/bin', 'usr/local', 'file.txt', 'C:\\Temp'], ['/usr/bin', 'file.pdf']],
  ["It's & <b>bold</b> 'a' | !b :* ( ) \\ %_", ['bold', '<b>bold</b>', "'a'", 'its', 'b | a', '!bold', 'bold:*', '(bold)'], ['italic', '%x']],
  [`${'long '.repeat(250)}needle${' tail'.repeat(250)}`, ['needle', 'long needle tail', '"long needle tail"'], ['needles', '"needle long"']],
  ['x'.repeat(3000), ['x'.repeat(3000), 'xxx'], ['xy']],
  ['not or and', ['not', 'and or', '"not or and"', 'or'], ['-or not and']],
] // prettier-ignore

describe('of what people write', () => {
  test('each is found by what means it, in the other process, and by nothing else', async () => {
    const inputs = table.flatMap(([, finds, misses]) => [...finds, ...misses])
    expect(inputs.length).toBeGreaterThan(60)
    for (const [text] of table) await ann.send(group, text)
    const reader = bob.at(pair.urls[1])
    await expect.poll(() => texts(reader, '"not or and"'), soon).toHaveLength(1)
    const wrong: string[] = []
    for (const [text, finds, misses] of table) {
      const of = async (query: string) => (await texts(reader, query.slice(0, 512), { first: 100 })).includes(text)
      for (const query of finds) if (!(await of(query))) wrong.push(`${query} does not find ${text.slice(0, 60)}`)
      for (const query of misses) if (await of(query)) wrong.push(`${query} finds ${text.slice(0, 60)}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('a message', () => {
  test('is found by its new text after an edit, at once no more by the old one, and never after its deletion', async () => {
    const [here, there] = [ann, bob.at(pair.urls[1])]
    for (let round = 0; round < 5; round++) {
      const word = `zebra${String(round)}`
      const { message } = await here.send(group, `A ${word} crossed`)
      await expect.poll(() => texts(there, word), soon).toHaveLength(1)
      await here.edit(message.id, `An okapi${String(round)} crossed`)
      expect(await texts(there, word)).toEqual([])
      await expect.poll(() => texts(there, `okapi${String(round)}`), soon).toEqual([`An okapi${String(round)} crossed`])
      // Sometimes before the edit is in the index, too.
      await here.edit(message.id, `A quagga${String(round)} crossed`)
      await here.remove(message.id)
      for (const text of [word, `okapi${String(round)}`, `quagga${String(round)}`])
        expect(await texts(there, text)).toEqual([])
    }
    const left = "SELECT count(*)::int AS count FROM message_search WHERE words::text ~ 'zebra|okapi|quagga'"
    await expect.poll(() => pair.database.query(left), soon).toEqual([{ count: 0 }])
  })

  test('sent, edited and deleted at once by many is in the index as it is in the end', async () => {
    const talks = await Promise.all(Array.from({ length: 5 }, () => ann.createGroup([bob])))
    const word = 'storm'
    await Promise.all(
      talks.map(async (talk, place) => {
        for (let count = 0; count < 12; count++) {
          const author = count % 2 === 0 ? ann : bob.at(pair.urls[1])
          const { message } = await author.send(talk, `${word} ${String(place)} ${String(count)}`)
          if (count % 3 === 0) await author.edit(message.id, `${word} edited ${String(place)} ${String(count)}`)
          if (count % 4 === 0) await author.remove(message.id)
        }
      }),
    )
    const present = `SELECT count(*)::int AS count, sum(m.revision)::int AS revisions FROM messages m
      WHERE m.text LIKE '${word} %'`
    const indexed = `SELECT count(*)::int AS count, sum(revision)::int AS revisions FROM message_search WHERE words::text LIKE '%${word}%'`
    const [want] = await pair.database.query(present)
    await expect.poll(async () => (await pair.database.query(indexed))[0], soon).toEqual(want)
    expect(await texts(bob, word, { first: 100 })).toHaveLength(want!.count as number)
  })

  test('of others is never found: by strangers, before joining and after leaving', async () => {
    const secret = await ann.createGroup([])
    await ann.send(secret, 'The xylophone is hidden')
    await expect.poll(() => texts(ann, 'xylophone'), soon).toHaveLength(1)
    expect(await texts(eve, 'xylophone')).toEqual([])
    expectErrors(await search(eve, 'xylophone', { conversationId: secret }), 'NOT_FOUND')
    expectErrors(await search(eve, 'xylophone', { conversationId: eve.id }), 'NOT_FOUND')
    expectErrors(await search(eve, 'xylophone', { conversationId: 'nonsense' }), 'NOT_FOUND')
    expect(await texts(eve, 'xylophone', { senderId: ann.id })).toEqual([])
    const change = (what: string, input: object) =>
      ask(
        ann,
        `mutation ($input: ${what.charAt(0).toUpperCase()}${what.slice(1)}Input!) { ${what}(input: $input) { __typename } }`,
        { input },
      )
    await change('addMembers', { conversationId: secret, userIds: [eve.id] })
    expect(await texts(eve, 'xylophone')).toHaveLength(1)
    await change('removeMember', { conversationId: secret, userId: eve.id })
    expect(await texts(eve, 'xylophone')).toEqual([])
    expectErrors(await search(eve, 'xylophone', { conversationId: secret }), 'NOT_FOUND')
    expectErrors(await ask(pair.urls[0], document, { query: 'xylophone' }), 'UNAUTHENTICATED')
  })

  test('of somebody who was erased is gone from the index too', async () => {
    const gone = await signUp(pair.urls[0], 'Gone')
    const talk = await ann.createGroup([gone])
    await gone.send(talk, 'My wombat and I')
    await expect.poll(() => texts(ann, 'wombat'), soon).toHaveLength(1)
    await gone.send(talk, 'Another wombat')
    const admin = await signUp(pair.urls[0], 'Operator')
    await pair.database.query("UPDATE users SET role = 'ADMIN' WHERE handle = $1", [admin.handle])
    const erase = 'mutation ($input: EraseUserInput!) { eraseUser(input: $input) { __typename } }'
    expect((await ask(admin, erase, { input: { userId: gone.id } })).errors).toBeUndefined()
    expect(await texts(ann, 'wombat')).toEqual([])
    const left = "SELECT count(*)::int AS count FROM message_search WHERE words::text LIKE '%wombat%'"
    await expect.poll(() => pair.database.query(left), soon).toEqual([{ count: 0 }])
  })
})

describe('what is found', () => {
  const noon = Date.parse('2026-01-01T12:00:00.000Z')

  test('is in order: whole words, more of them, the newest; and has its filters', async () => {
    const talk = await ann.createGroup([bob])
    const send = (person: Person, text: string) => person.send(talk, text)
    for (const text of ['cat', 'category', 'cat cat', 'a cat', 'catalogue'])
      await send(text === 'a cat' ? bob : ann, text)
    const inTalk = { conversationId: talk }
    await expect
      .poll(() => texts(ann, 'cat', inTalk), soon)
      .toEqual(['cat cat', 'a cat', 'cat', 'catalogue', 'category'])
    // Of several words one is enough to be whole.
    const order = ['cat cat', 'a cat', 'cat', 'catalogue', 'category']
    expect(await texts(ann, 'alligator or cat', inTalk)).toEqual(order)
    expect(await texts(ann, 'alligator OR or cat', inTalk)).toEqual(order)
    // What is being typed: the other word is still to come.
    for (const query of ['cat or', 'cat OR ', '"cat" or']) {
      expect(await texts(ann, query, inTalk)).toEqual(['cat cat', 'a cat', 'cat'])
    }
    expect(await texts(ann, 'cat', { ...inTalk, senderId: bob.id })).toEqual(['a cat'])
    expect(await texts(ann, 'cat', { ...inTalk, senderId: eve.id })).toEqual([])
    expect(await texts(ann, 'cat', { ...inTalk, hasAttachment: true })).toEqual([])
    expect(await texts(ann, 'cat', { ...inTalk, hasAttachment: false })).toHaveLength(5)
    expect(await texts(ann, '"cat" -a', inTalk)).toEqual(['cat cat', 'cat'])
    await pair.database.query(
      `UPDATE messages SET created_at = $1::timestamptz + seq * interval '1 minute' WHERE conversation_id = $2`,
      [new Date(noon), Buffer.from(talk, 'base64url').toString().split(':')[1]],
    )
    await pair.database.query('DELETE FROM message_search')
    await pair.database.query('UPDATE search_position SET version = version + 1, rule = 0')
    const at = (minutes: number) => new Date(noon + minutes * 60_000).toISOString()
    await expect
      .poll(() => texts(ann, '"cat"', { ...inTalk, from: at(1), to: at(4) }), soon)
      .toEqual(['cat cat', 'cat'])
    expect(await texts(ann, 'cat', { ...inTalk, from: at(4) })).toEqual(['a cat', 'catalogue'])
    expect(await texts(ann, 'cat', { ...inTalk, from: at(4), to: at(3) })).toEqual([])
  })

  test('comes in pages without a gap or a repeat while messages come', async () => {
    const talk = await ann.createGroup([bob])
    const total = 230
    for (let sent = 0; sent < total; sent += 46) {
      await Promise.all(
        Array.from({ length: 46 }, (_, index) =>
          ann.send(talk, `${index % 5 === 0 ? 'page' : 'pages'} ${String(sent + index)}`),
        ),
      )
    }
    await expect
      .poll(async () => (await found(bob, 'page', { conversationId: talk, first: 100 })).nodes.length, soon)
      .toBe(100)
    const count =
      'SELECT count(*)::int AS count FROM message_search s JOIN conversations c ON c.id = s.conversation_id WHERE c.id = $1'
    const id = Buffer.from(talk, 'base64url').toString().split(':')[1]
    await expect.poll(() => pair.database.query(count, [id]), soon).toEqual([{ count: total }])
    const seen: string[] = []
    let after: string | null = null
    for (;;) {
      const { edges, pageInfo }: Found['searchMessages'] = await found(bob.at(pair.urls[1]), 'page', {
        conversationId: talk,
        first: 30,
        after,
      })
      seen.push(...edges.map(({ node }) => node.text!))
      if (!pageInfo.hasNextPage) break
      after = pageInfo.endCursor
      await ann.send(talk, `page new ${String(seen.length)}`)
    }
    expect(seen.filter((text) => text.includes('new'))).toEqual([])
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(total)
  })

  test('tells where, in UTF-16 code units', async () => {
    const talk = await ann.createGroup([bob])
    const long = `${'🎉 Vorspann '.repeat(60)}Der Über-Zug fährt nach 東京タワー, fahrt!${' Nachspann 🎉'.repeat(60)}`
    await ann.send(talk, long)
    const parts = async (query: string) => {
      const { edges } = await found(ann, query, { conversationId: talk })
      return edges.map(({ snippet: { text, ranges } }) => ranges.map(({ start, end }) => text.slice(start, end)))
    }
    await expect.poll(() => parts('fahrt'), soon).toEqual([['fährt', 'fahrt']])
    expect(await parts('"über zug" 東京')).toEqual([['Über', 'Zug', '東京']])
    expect(await parts('uberz')).toEqual([['Über-Zug']])
    expect(await parts('タワー')).toEqual([['タワー']])
    const [edge] = (await found(ann, 'fahrt', { conversationId: talk })).edges
    expect(edge!.snippet.text.length).toBeLessThan(230)
    expect(edge!.snippet.text).toMatch(/^….*…$/u)
    expect(edge!.snippet.text.isWellFormed()).toBe(true)
  })
})

describe('with a file', () => {
  test('is found by the name of the file and by having one, until it is deleted', async () => {
    const talk = await ann.createGroup([bob])
    const picture = (fileName: string) => upload(ann, { fileName, contentType: 'image/png', bytes: pngBytes(2, 2) })
    const files = [await picture('Äpfel und Birnen-2026.png'), await picture('other_view.png')]
    await sendWith(ann, talk, files)
    await sendWith(ann, talk, [await picture('x.png')], { text: 'The pears of last year' })
    await ann.send(talk, 'Apfel, but no picture')
    const inTalk = { conversationId: talk }
    await expect.poll(() => texts(ann, 'apfel', inTalk), soon).toHaveLength(2)
    const reader = bob.at(pair.urls[1])
    expect(await texts(reader, 'apfel', { ...inTalk, hasAttachment: true })).toEqual([null])
    expect(await texts(reader, 'apfel', { ...inTalk, hasAttachment: false })).toEqual(['Apfel, but no picture'])
    expect(await texts(reader, 'png', { ...inTalk, hasAttachment: true })).toHaveLength(2)
    for (const query of ['birnen-2026.png', 'other_view', 'Birnen 2026 view']) {
      expect(await texts(reader, query, inTalk)).toEqual([null])
    }
    // Nothing reaches from one name into the next, or from the text into a name.
    for (const query of ['"png other"', '"year x"']) expect(await texts(reader, query, inTalk)).toEqual([])
    const [edge] = (await found(reader, 'view', inTalk)).edges
    expect(edge!.snippet).toEqual({ text: 'other_view.png', ranges: [{ start: 6, end: 10 }] })
    const [ofText] = (await found(reader, 'pears', inTalk)).edges
    expect(ofText!.snippet.text).toBe('The pears of last year')
    await ann.remove(edge!.node.id)
    expect(await texts(reader, 'birnen', inTalk)).toEqual([])
    const left = "SELECT count(*)::int AS count FROM message_search WHERE words::text LIKE '%birnen%'"
    expect(await pair.database.query(left)).toEqual([{ count: 0 }])
  })
})

describe('what is not in the index yet', () => {
  const idle = { SEARCH_INDEX_INTERVAL_MS: '60000' }

  test('is in the log however old it is, and found after the next look', async () => {
    const database = await createTestDatabase()
    const env = { ...idle, HOUSEKEEPING_INTERVAL_MS: '100', EVENT_RETENTION_HOURS: '24' }
    const server = await startServer({ databaseUrl: database.url, env })
    const person = await signUp(server.url)
    const [unread, read] = [await person.createGroup([]), await person.createGroup([])]
    await person.send(unread, 'A forgotten armadillo')
    await person.send(read, 'Another one')
    // As if nobody had looked for 30 hours, and one of them had been sent before that.
    await database.query("UPDATE search_position SET indexed_until = now() - interval '30 hours'")
    const age = 'UPDATE events SET occurred_at = occurred_at - make_interval(hours => $2) WHERE stream_id = $1'
    await database.query(age, [keyOf(unread), 25])
    await database.query(age, [keyOf(read), 31])
    const count = async (id: string) =>
      (await database.query('SELECT FROM events WHERE stream_id = $1', [keyOf(id)])).length
    await expect.poll(() => count(read), soon).toBe(0)
    expect(await count(unread)).toBeGreaterThan(0)
    const other = await startServer({ databaseUrl: database.url, env: { SEARCH_INDEX_INTERVAL_MS: '50' } })
    await expect.poll(() => texts(person, 'armadillo'), soon).toEqual(['A forgotten armadillo'])
    await expect.poll(() => count(unread), soon).toBe(0)
    await Promise.all([server.stop(), other.stop()])
  })

  test('is found after all when a process is killed while it writes, and nothing of what was deleted', async () => {
    const database = await createTestDatabase()
    const server = await startServer({ databaseUrl: database.url, env: idle })
    const person = await signUp(server.url)
    const talk = await person.createGroup([])
    const numbers = Array.from({ length: 12 }, (_, number) => number)
    const wanted: string[] = []
    for (let round = 0; round < 2; round++) {
      const doomed = await startServer({ databaseUrl: database.url, env: { SEARCH_INDEX_INTERVAL_MS: '20' } })
      // It stands still within the statement that writes.
      const held = await holdRows(database, 'SELECT FROM search_position FOR UPDATE', [])
      const sent = await Promise.all(
        numbers.map((number) => person.send(talk, `heron ${String(round)} ${String(number)}`)),
      )
      await held.waitForBlocked(1)
      doomed.kill('SIGKILL')
      await doomed.exited
      // Some of it before the statement comes through, some after it.
      await person.remove(sent[0]!.message.id)
      await person.edit(sent[1]!.message.id, `heron ${String(round)} edited`)
      await held.release()
      await person.remove(sent[2]!.message.id)
      wanted.push(
        `heron ${String(round)} edited`,
        ...numbers.slice(3).map((number) => `heron ${String(round)} ${String(number)}`),
      )
    }
    const heir = await startServer({ databaseUrl: database.url, env: { SEARCH_INDEX_INTERVAL_MS: '20' } })
    await expect.poll(async () => (await texts(person, 'heron', { first: 100 })).sort(), soon).toEqual(wanted.sort())
    const rows = 'SELECT count(*)::int AS count FROM message_search'
    expect(await database.query(rows)).toEqual([{ count: wanted.length }])
    await Promise.all([server.stop(), heir.stop()])
  })
})

test('a query that means nothing is refused with a reason, and none ends in an error of the server', async () => {
  const refused = ['', ' ', '"', '""', '-', '--', '- -', '!!!', '-word', '-"a b"', '.', '\u200b', 'x'.repeat(513), 'x'.repeat(10_000), 'a '.repeat(65), 'a\0b', '\ud800', 'word or -other'] // prettier-ignore
  for (const query of refused) expectErrors(await search(ann, query), 'VALIDATION_ERROR')
  const accepted = ['or', 'OR or', 'and', '"open', "it's", "\\", 'a\\', "'", ':*', 'a:*', 'a & b | !c', '(((', 'a)', '<->', 'a <-> b', '%', '_', '$$a$$', '٪x', 'a'.repeat(512), '🎉'.repeat(60), '\u0001a', 'ﷺ', '½', '- a', 'a -- b', 'a\nb\tc', '"a "b" c"', '~attachment', '\u202ea'] // prettier-ignore
  for (const query of accepted) {
    const answer = await search(ann, query)
    if (answer.errors) expectErrors(answer, 'VALIDATION_ERROR')
  }
  for (const first of [-1, 101]) expectErrors(await search(ann, 'a', { first }), 'VALIDATION_ERROR')
  for (const after of [
    '',
    'x',
    Buffer.from('["found",1]').toString('base64url'),
    Buffer.from('["found",1,2,3,4,5,6,7]').toString('base64url'),
  ]) {
    expectErrors(await search(ann, 'a', { after }), 'VALIDATION_ERROR')
  }
})
