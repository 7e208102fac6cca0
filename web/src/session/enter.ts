import { apiUrl } from '../settings.ts'
import type { Texts } from '../texts/en.ts'
import type { Credentials } from './people.ts'

interface Answer {
  session?: { accessToken: string }
  code?: string
  reason?: string
}

async function ask(name: 'login' | 'register', input: object, texts: Texts): Promise<Answer> {
  const type = name === 'login' ? 'LoginInput' : 'RegisterInput'
  const query = `mutation ($input: ${type}!) {
    answer: ${name}(input: $input) {
      ... on ${name === 'login' ? 'LoginSuccess' : 'RegisterSuccess'} { session { accessToken } }
      ... on Error { code reason }
    }
  }`
  try {
    const response = await fetch(apiUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    })
    const { data, errors } = (await response.json()) as { data?: { answer: Answer }; errors?: { message: string }[] }
    return data?.answer ?? { reason: errors?.[0]?.message ?? texts.somethingWrong }
  } catch {
    return { reason: texts.signIn.unreachable }
  }
}

export async function enter(credentials: Credentials, texts: Texts): Promise<void> {
  const { kind, handle, displayName, password } = credentials
  const answer =
    kind === 'register'
      ? await ask('register', { handle, displayName, password }, texts)
      : await ask('login', { handle, password }, texts)
  const isNew = kind === 'demo' && answer.code === 'INVALID_CREDENTIALS'
  const last = isNew ? await ask('register', { handle, displayName, password }, texts) : answer
  if (!last.session) throw new Error(last.reason ?? texts.somethingWrong)
}
