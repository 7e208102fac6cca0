// Data for the check, written through Parley's own API, so that it has every case that a peer may find in the tables.
import pg from 'pg'
import { conversationId, conversationUuid, kinds, messageId, tokenOf, userUuid, uuidSql } from '../harness/ids.mjs'
import { post } from './check-clients.mjs'

/** People 1 to 8 are in the room; 1 to 3 are in all groups; 9 is in none. */
export const people = { members: [1, 2, 3, 4, 5, 6, 7, 8], outsider: 9 }
export const room = conversationId(100)
export const roomUuid = conversationUuid(100)
const groups = Array.from({ length: 56 }, (_, place) => 1 + place)
const groupMembers = [1, 2, 3]

async function makePeople(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`
    INSERT INTO users (id, handle, display_name, search_name)
    SELECT ${uuidSql(kinds.user, 'n')}, 'person_' || n, 'Person ' || n, 'person ' || n FROM generate_series(1, 9) AS n;
    INSERT INTO sessions (id, user_id, expires_at)
    SELECT ${uuidSql(kinds.session, 'n')}, ${uuidSql(kinds.user, 'n')}, now() + interval '1 day' FROM generate_series(1, 9) AS n`)
  await client.query(
    `INSERT INTO conversations (id, kind, title, member_count)
     SELECT ${uuidSql(kinds.conversation, 'c')}, 'GROUP', 'Group ' || c, 3 FROM unnest($1::int[]) AS c`,
    [[...groups, 100]],
  )
  const members = [...groups.flatMap((group) => groupMembers.map((person) => [group, person]))]
  for (const person of people.members) members.push([100, person])
  await client.query(
    `INSERT INTO members (conversation_id, user_id)
     SELECT ${uuidSql(kinds.conversation, 'c')}, ${uuidSql(kinds.user, 'p')} FROM unnest($1::int[], $2::int[]) AS m(c, p)`,
    [members.map(([conversation]) => conversation), members.map(([, person]) => person)],
  )
  // Person 1 has left group 5, and nobody writes in group 6.
  await client.query('UPDATE members SET left_at = now() WHERE conversation_id = $1 AND user_id = $2', [
    conversationUuid(5),
    userUuid(1),
  ])
  await client.end()
}

const operations = {
  sendMessage: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }',
  editMessage: 'mutation ($input: EditMessageInput!) { editMessage(input: $input) { __typename } }',
  deleteMessage: 'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { __typename } }',
  markRead: 'mutation ($input: MarkReadInput!) { markRead(input: $input) { __typename } }',
  updateInboxEntry: 'mutation ($input: UpdateInboxEntryInput!) { updateInboxEntry(input: $input) { __typename } }',
}

/** Fills the database of a running Parley. */
export async function fillWorld({ databaseUrl, httpUrl, secret }) {
  await makePeople(databaseUrl)
  let keys = 0
  const write = async (person, operation, input) => {
    const { data, errors } = await post(httpUrl, tokenOf(secret, person), operations[operation], { input })
    const outcome = data?.[operation]?.__typename ?? JSON.stringify(errors)
    if (!outcome.endsWith('Success')) throw new Error(`${operation} was answered with ${outcome}`)
  }
  const newKey = () => `check-key-${String(++keys)}`
  for (const group of groups.filter((number) => number !== 6)) {
    const id = conversationId(group)
    const count = group === 1 ? 120 : 2 + (group % 9)
    for (let seq = 1; seq <= count; seq++) {
      const person = group === 5 ? 2 : 1 + ((group + seq) % 3)
      const text = `Message ${String(seq)} of group ${String(group)}, with "quotes", ümlauts and 😄`
      await write(person, 'sendMessage', { conversationId: id, clientMessageId: newKey(), text })
    }
    const senderOf = (seq) => (group === 5 ? 2 : 1 + ((group + seq) % 3))
    const refOf = (seq) => ({ messageId: messageId(group, seq), opKey: newKey() })
    if (group % 4 === 0) await write(senderOf(1), 'editMessage', { ...refOf(1), text: 'Another text' })
    if (group % 3 === 0) await write(senderOf(2), 'deleteMessage', refOf(2))
    // The newest message too: the inbox shows it without text.
    if (group % 7 === 0) await write(senderOf(count), 'deleteMessage', refOf(count))
    if (group % 5 === 1) await write(1, 'markRead', { conversationId: id, seq: count - (group % 2) })
    // Then there are own messages after the read position.
    if (group % 11 === 2) await write(1, 'updateInboxEntry', { conversationId: id, unreadFromSeq: 1 })
    if (group % 13 === 3) await write(1, 'updateInboxEntry', { conversationId: id, pinned: true })
    if (group % 17 === 4) await write(1, 'updateInboxEntry', { conversationId: id, archived: true })
  }
  await write(1, 'sendMessage', { conversationId: room, clientMessageId: newKey(), text: 'Here we are' })
}

const conversationFields = 'id kind title headSeq memberCount lastActivityAt createdAt'
const messageFields = 'id seq text revision createdAt editedAt deletedAt sender { id handle displayName avatarUrl }'

/** More fields than the measured documents have. */
const wide = {
  inbox: `query ($first: Int) { inbox(first: $first) { edges { node { unreadCount lastReadSeq mutedUntil archived pinned
    conversation { ${conversationFields} lastMessage { ${messageFields} } } } } } }`,
  conversation: `query ($id: ID!, $last: Int) { conversation(id: $id) { ${conversationFields}
    lastMessage { ${messageFields} } messages(last: $last) { edges { node { ${messageFields} } } } } }`,
}

/** Reads of these people, by name: [who, document, variables]. */
export function readsOf(documents) {
  const wideConversation = (group, last = 10) => [wide.conversation, { id: conversationId(group), last }]
  const reads = {}
  for (const person of [1, 2, people.outsider]) {
    const add = (name, ...read) => (reads[`${name} of person ${String(person)}`] = [person, ...read])
    add('inbox', documents.inbox)
    add('wide inbox', wide.inbox, { first: 100 })
    add('inbox of 3', wide.inbox, { first: 3 })
    add('page', documents.messages, { id: conversationId(1) })
    for (const group of [1, 5, 6, 7, 12]) add(`wide page of group ${String(group)}`, ...wideConversation(group))
    add('page of nothing', documents.messages, { id: conversationId(999) })
    add('page of no id', documents.messages, { id: 'bm8gaWQ' })
  }
  return reads
}
