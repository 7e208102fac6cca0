import { randomUUID } from 'node:crypto'
import type { Attack } from './index.ts'
import { ask, found, groupOf, register, sendMessage, type Person } from './people.ts'

interface Operation {
  query: string
  variables?: object
}

/** What one person asks over and over, so many at a time. */
const asking = (
  name: string,
  title: string,
  prepare: (person: Person) => Promise<(nth: number) => Operation>,
  atOnce = 8,
): Attack => ({
  name,
  title,
  async prepare({ httpUrl }) {
    const person = await register(httpUrl)
    const operation = await prepare(person)
    return async (signal) => {
      let count = 0
      const askOn = async () => {
        while (!signal.aborted) {
          const { query, variables } = operation(count++)
          await ask(person, query, variables, signal).catch(() => undefined)
        }
      }
      await Promise.all(Array.from({ length: atOnce }, askOn))
    }
  },
})

const always = (operation: Operation) => () => operation
const times = (count: number, make: (nth: number) => string) =>
  Array.from({ length: count }, (_, nth) => make(nth)).join(' ')

/** A group in which each message answers the one before it, and has this text. Answers the group and its messages. */
async function chainOf(person: Person, count: number, text: string) {
  const id = await groupOf(person, 0)
  const messages: string[] = []
  for (let nth = 0; nth < count; nth++) {
    const replyTo = messages.at(-1)
    const input = { conversationId: id, clientMessageId: randomUUID(), text, ...(replyTo && { replyToId: replyTo }) }
    const sent = found(await ask(person, sendMessage, { input }), 'data.sendMessage.message.id')
    if (typeof sent !== 'string') throw new Error('a message of the chain was refused')
    messages.push(sent)
  }
  return { id, messages }
}

/** A group with as many messages of 200 characters, sent 25 at a time. */
async function filledGroup(person: Person, count: number): Promise<string> {
  const id = await groupOf(person, 0)
  for (let sent = 0; sent < count; sent += 25) {
    const inputs = Array.from({ length: 25 }, () => ({
      conversationId: id,
      clientMessageId: randomUUID(),
      text: 'x'.repeat(200),
    }))
    const declared = times(25, (nth) => `$i${String(nth)}: SendMessageInput!`)
    const sends = times(25, (nth) => `s${String(nth)}: sendMessage(input: $i${String(nth)}) { __typename }`)
    const variables = Object.fromEntries(inputs.map((input, nth) => [`i${String(nth)}`, input]))
    await ask(person, `mutation (${declared}) { ${sends} }`, variables)
  }
  return id
}

const chain = (levels: number): string =>
  times(
    levels,
    (nth) =>
      `fragment C${String(nth)} on Conversation { id title lastMessage { ...M${String(nth)} } }
       fragment M${String(nth)} on Message { id text sender { handle } replyTo { id text ${nth < levels - 1 ? `conversation { ...C${String(nth + 1)} }` : ''} } }`,
  )

const nestedFragments = asking(
  'nested-fragments',
  'one conversation 100 times under 30 aliases, with fragments that lead back to it',
  async (person) => {
    const { id } = await chainOf(person, 3, 'x'.repeat(100))
    const query = `query ($ids: [ID!]!) { ${times(30, (nth) => `a${String(nth)}: nodes(ids: $ids) { ...C0 }`)} } ${chain(4)}`
    return always({ query, variables: { ids: Array.from({ length: 100 }, () => id) } })
  },
)

/** Each level in three ways, so that ten levels are some 59,000 places. */
const branching = (levels: number): string =>
  times(levels, (nth) => {
    const rest = nth < levels - 1 ? `{ ...D${String(nth + 1)} }` : '{ id text }'
    return nth % 2 === 0
      ? `fragment D${String(nth)} on Conversation { a: lastMessage ${rest} b: lastMessage ${rest} c: lastMessage ${rest} }`
      : `fragment D${String(nth)} on Message { a: conversation ${rest} b: conversation ${rest} c: conversation ${rest} }`
  })

const branchingFragments = asking('branching-fragments', 'fragments that go each way three times', async (person) => {
  const { id } = await chainOf(person, 1, 'x'.repeat(100))
  return always({ query: `query ($id: ID!) { conversation(id: $id) { ...D0 } } ${branching(10)}`, variables: { id } })
})

const repeatedTexts = asking('repeated-texts', 'a few hundred bytes that ask for 50 MB of text', async (person) => {
  // A control character takes six bytes in JSON.
  const { messages } = await chainOf(person, 2, '\u0001'.repeat(3_999) + 'x')
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { ${times(30, (nth) => `t${String(nth)}: text`)} } } }`
  return always({ query, variables: { ids: Array.from({ length: 100 }, (_, nth) => messages[nth % 2]) } })
})

const largePages = asking(
  'large-pages',
  'the largest answers there may be, 32 at a time',
  async (person) => {
    const id = await filledGroup(person, 100)
    const page = 'messages(last: 100) { edges { node { id seq text sender { id handle } replyTo { id text } } } }'
    const query = `query ($id: ID!) { ${times(20, (nth) => `p${String(nth)}: conversation(id: $id) { ${page} }`)} }`
    return always({ query, variables: { id } })
  },
  32,
)

const heavySends = asking('heavy-sends', 'sends that ask for whole pages back', async (person) => {
  const id = await filledGroup(person, 100)
  const page = 'messages(last: 100) { nodes { id text sender { id handle } replyTo { id text } } }'
  const query = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
    ... on SendMessageSuccess { message { ${times(10, (nth) => `p${String(nth)}: conversation { ${page} }`)} } } } }`
  return () => ({ query, variables: { input: { conversationId: id, clientMessageId: randomUUID(), text: 'x' } } })
})

/** A document that is another one each time, whose fields depend on many variables. */
const newPlans = asking('new-plans', 'documents that are new each time, planned in many ways', async (person) => {
  const { id } = await chainOf(person, 2, 'x')
  const names = Array.from({ length: 20 }, (_, nth) => `v${String(nth)}`)
  const fields = names.map((name) => `${name}: lastMessage @include(if: $${name}) { ...M0 }`).join(' ')
  return (nth) => {
    const variables = Object.fromEntries(names.map((name, at) => [name, ((nth >> (at % 12)) & 1) === 0]))
    const query = `query Q${String(nth >> 3)}($id: ID!, ${names.map((name) => `$${name}: Boolean!`).join(', ')}) {
      conversation(id: $id) { ...C0 ${fields} } } ${chain(4)}`
    return { query, variables: { id, ...variables } }
  }
})

const deepIntrospection = asking('deep-introspection', 'the schema, level by level, many times over', () =>
  Promise.resolve(
    always({
      query: `{ __schema { types { fields { type { fields { type { fields { type { fields { name type { name } } } } } } } } } } }`,
    }),
  ),
)

export const answerAttacks: readonly Attack[] = [
  nestedFragments,
  branchingFragments,
  repeatedTexts,
  largePages,
  heavySends,
  newPlans,
  deepIntrospection,
]
