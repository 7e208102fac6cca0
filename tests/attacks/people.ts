import { randomUUID } from 'node:crypto'

/** Somebody of an attack; without a token, nobody in particular. */
export interface Person {
  httpUrl: string
  token?: string
  userId: string
  handle: string
}

export const answerTimeoutMs = 15_000

/** What stands in an answer at a path like `data.register.session.user.id`; undefined when nothing does. */
export const found = (answer: unknown, path: string): string | number | undefined =>
  path
    .split('.')
    .reduce((value: unknown, key) => (value as Record<string, unknown> | null | undefined)?.[key], answer) as never

/** Asks by POST, with nothing in between that would be kind to the server. Rejects when there is no answer in time. */
export async function ask(
  { httpUrl, token }: Pick<Person, 'httpUrl' | 'token'>,
  query: string,
  variables: object = {},
  signal?: AbortSignal,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(answerTimeoutMs)
  const response = await fetch(httpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
    signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
  })
  return response.json()
}

export async function register(httpUrl: string): Promise<Person> {
  const handle = `p${randomUUID().replaceAll('-', '').slice(0, 20)}`
  const answer = await ask(
    { httpUrl },
    `mutation ($input: RegisterInput!) { register(input: $input) {
      ... on RegisterSuccess { session { accessToken user { id } } } ... on Error { code reason } } }`,
    { input: { handle, displayName: 'Somebody', password: 'correct horse battery staple' } },
  )
  const token = found(answer, 'data.register.session.accessToken')
  if (typeof token !== 'string') throw new Error(`could not register: ${JSON.stringify(answer)}`)
  return { httpUrl, token, userId: String(found(answer, 'data.register.session.user.id')), handle }
}

export const sendMessage = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on SendMessageSuccess { message { id seq } } ... on Error { code reason } }
}`

/** A group of this person's with as many messages, for what an attack reads. Answers its id. */
export async function groupOf(person: Person, messageCount: number, rest = 'x'.repeat(100)): Promise<string> {
  const made = await ask(
    person,
    `mutation ($input: CreateGroupInput!) { createGroup(input: $input) {
      ... on CreateGroupSuccess { conversation { id } } ... on Error { code reason } } }`,
    { input: { title: 'Attack', memberIds: [], opKey: randomUUID() } },
  )
  const id = String(found(made, 'data.createGroup.conversation.id'))
  for (let nth = 0; nth < messageCount; nth++) {
    const text = `Message ${String(nth)} ${rest}`
    await ask(person, sendMessage, { input: { conversationId: id, clientMessageId: randomUUID(), text } })
  }
  return id
}
