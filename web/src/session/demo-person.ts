import { LogoutDocument, RegisterDocument } from '@parley/client/documents'
import type { UserState } from '../client/types.ts'
import { apiUrl, demo } from '../settings.ts'

/** Asked as nobody, and without the cookie of whoever is signed in here. */
async function ask(query: string, variables: object, accessToken?: string): Promise<unknown> {
  const response = await fetch(apiUrl, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) },
    body: JSON.stringify({ query, variables }),
  })
  return ((await response.json()) as { data: unknown }).data
}

/** Registers a demo person whom nobody has been yet, so that one can write to them, and leaves them signed out. */
export async function registerDemoPerson(handle: string, displayName: string): Promise<UserState> {
  const input = { handle, displayName, password: demo?.password ?? '' }
  const { register } = (await ask(String(RegisterDocument), { input })) as {
    register: { session?: { accessToken: string; user: UserState }; reason?: string }
  }
  if (!register.session) throw new Error(register.reason)
  await ask(String(LogoutDocument), {}, register.session.accessToken)
  return register.session.user
}
