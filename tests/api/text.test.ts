import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask, expectSubstance } from '../testkit/api.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess
let ann: Person
let group: string
let message: string

beforeAll(async () => {
  ;({ server } = await sharedServer())
  ann = await signUp(server.url, 'Ann')
  group = await ann.createGroup([])
  message = (await ann.send(group, 'Hello')).message.id
})

const refusal = '{ __typename ... on ValidationError { code fields { path } } }'
const register = `mutation ($input: RegisterInput!) { register(input: $input) ${refusal} }`
const createGroup = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) ${refusal} }`
const rename = `mutation ($input: RenameConversationInput!) { renameConversation(input: $input) ${refusal} }`
const sendMessage = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) ${refusal} }`
const editMessage = `mutation ($input: EditMessageInput!) { editMessage(input: $input) ${refusal} }`

type Result = { __typename: string; code?: string; fields?: { path: string[] }[] } | undefined

const mutate = async (query: string, variables: object): Promise<Result> => {
  const { data } = await ask<Record<string, Result>>(ann, query, variables)
  return Object.values(data ?? {})[0]
}
const newHandle = () => `h_${randomUUID().slice(0, 12).replaceAll('-', '')}`
const password = 'correct horse battery'

/** The results of giving somebody this name, and a group this title, in every way there is. */
const nameWith = async (text: string) => [
  await mutate(register, { input: { handle: newHandle(), displayName: text, password } }),
  await mutate(createGroup, { input: { title: text, memberIds: [], opKey: newKey() } }),
  await mutate(rename, { input: { conversationId: group, title: text } }),
]
const writeWith = async (text: string) => [
  await mutate(sendMessage, { input: { conversationId: group, clientMessageId: newKey(), text } }),
  await mutate(editMessage, { input: { messageId: message, opKey: newKey(), text } }),
]

const show = (text: string) =>
  Array.from(text.slice(0, 12), (character) => `U+${character.codePointAt(0)!.toString(16).padStart(4, '0')}`).join(' ')
const named = (texts: string[]) => texts.map((text) => [show(text), text] as const)

const unseen = ['\u200b', '\u2060\u2060', '\u3164', '\u2800\u2800', '\u00ad', '\u200e\u200f', '\u0007', '\u0001\u007f',
  '\ufeff', '\ufe0f', '\u{e0067}\u{e007f}', '\u202e', ' \u200b\n', '\ufffc', '\ue000', '\uffff'] // prettier-ignore
const legal = ['👩\u200d👩\u200d👧', 'می\u200cخواهم', '❤\ufe0f', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  'שָׁלוֹם', '\u200fعلي', 'Ça va', '.', '漢字', '\u{20bb7}野家'] // prettier-ignore

describe('text that shows nothing', () => {
  test.each(named(unseen))('is no message, no title and no name: %s', async (_shown, text) => {
    for (const result of [...(await writeWith(text)), ...(await nameWith(text))]) {
      expect(result).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_ERROR' })
    }
  })

  test('is refused with the place of the input and a reason', async () => {
    const reasons = '{ ... on ValidationError { fields { path reason } } }'
    const results = [
      [`mutation ($input: SendMessageInput!) { r: sendMessage(input: $input) ${reasons} }`, 'text',
        { conversationId: group, clientMessageId: newKey(), text: '\u3164' }],
      [`mutation ($input: RegisterInput!) { r: register(input: $input) ${reasons} }`, 'displayName',
        { handle: newHandle(), displayName: '\u3164', password }],
      [`mutation ($input: CreateGroupInput!) { r: createGroup(input: $input) ${reasons} }`, 'title',
        { title: '\u3164', memberIds: [], opKey: newKey() }],
    ] as const // prettier-ignore
    for (const [query, field, input] of results) {
      type Data = { r: { fields: { path: string[]; reason: string }[] } }
      const { data } = await ask<Data>(ann, query, { input })
      expect(data?.r.fields.map(({ path }) => path)).toEqual([['input', field]])
      expectSubstance(data?.r.fields[0]?.reason ?? '')
      expect(data?.r.fields[0]?.reason).toContain('show something')
    }
  })
})

describe('names and titles', () => {
  const crooked = ['Ann\nBob', 'Ann\r\nBob', 'Ann\u2028Bob', 'Ann\u0085Bob', 'Ann\tBob', 'Ann\u001b[2J', '\u202eAnn',
    'Ann\u202e', 'Ann\u2067Bob', 'Ann\u2069', 'Ann\u202dBob\u202c', '\u0301Ann', `A${'\u0336'.repeat(10)}`] // prettier-ignore
  test.each(named(crooked))('stand on one line and turn nothing around: not %s', async (_shown, text) => {
    for (const result of await nameWith(text)) expect(result?.__typename).toBe('ValidationError')
    // What a message looks like is its writer's affair.
    for (const result of await writeWith(text)) expect(result?.__typename).toMatch(/MessageSuccess$/)
  })

  test('lose what cannot be seen around them, and are counted without it', async () => {
    const name = `\u200b \u3164${'😀'.repeat(64)}\u2060 \n`
    const handle = newHandle()
    expect(await mutate(register, { input: { handle, displayName: name, password } })).toEqual({
      __typename: 'RegisterSuccess',
    })
    const query = 'query ($handle: String!) { searchUsers(query: $handle) { nodes { displayName } } }'
    const { data } = await ask(ann, query, { handle })
    expect(data).toEqual({ searchUsers: { nodes: [{ displayName: '😀'.repeat(64) }] } })
    for (const result of await nameWith(`${'😀'.repeat(121)} `)) expect(result?.__typename).toBe('ValidationError')
  })
})

describe('text in any writing', () => {
  test.each(named(legal))('is taken as it is: %s', async (_shown, text) => {
    expect((await ann.send(group, text)).message.text).toBe(text)
    for (const result of [...(await nameWith(text)), ...(await writeWith(text))]) {
      expect(result?.__typename).toMatch(/Success$/)
    }
  })

  test('keeps its spaces, line breaks and normal form in messages', async () => {
    const text = ' C\u0327elik\n\tÇelik \u202eabc\u202c '
    expect((await ann.send(group, text)).message.text).toBe(text)
  })
})

test('a handle is of ASCII: a sign that lower case makes a letter of is none', async () => {
  for (const handle of ['\u212aelvin', 'İbrahim', 'ann\u200b', 'ａｎｎ']) {
    const result = await mutate(register, { input: { handle, displayName: 'Ann', password } })
    expect(result).toMatchObject({ __typename: 'ValidationError', fields: [{ path: ['input', 'handle'] }] })
  }
})
