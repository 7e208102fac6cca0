import type { Say } from './answers.ts'
import { hashOf, newApiKey, newSecret } from '../domain/api-keys/api-keys.ts'
import { apiKeyScopes } from '../domain/api-keys/scopes.ts'
import { isUuid, newId } from '../domain/ids.ts'
import { createApiKeyStore, type ApiKeyScope } from '../store/api-keys.ts'
import type { Database } from '../store/database/database.ts'

const maxKeys = 100
const maxNameLength = 64

/** What an operator does with API keys on the command line. False: it is none of these commands, or not as they are written. */
export async function apiKeyCommand(
  db: Database,
  [command, what = '', list = '']: string[],
  say: Say,
): Promise<boolean> {
  const store = createApiKeyStore(db)
  if (command === 'list-api-keys') {
    const keys = (await store.list()).map(({ id, name, scopes: granted }) => ({ id, name, scopes: granted }))
    say(keys.map(({ id, name, scopes: granted }) => `${id}  ${name}  ${granted.join(',')}`).join('\n'), keys)
    return true
  }
  if (command === 'create-api-key') {
    const wanted = list
      .split(',')
      .filter((scope): scope is ApiKeyScope => (apiKeyScopes as readonly string[]).includes(scope))
    const name = what.trim()
    if (name === '' || name.length > maxNameLength || wanted.length === 0 || wanted.join(',') !== list) return false
    const { secret, key } = newApiKey(name, wanted, null)
    const isMade = await store.create(null, key, maxKeys)
    if (isMade) say(`${key.id}\n${secret}`, { id: key.id, secret })
    else say(`There are ${String(maxKeys)} keys already.`, { error: 'too many keys' })
    return true
  }
  if (!isUuid(what)) return false
  if (command === 'rotate-api-key') {
    const secret = newSecret()
    const isDone = await store.rotate(null, what, hashOf(secret), newId(), 0)
    say(isDone ? secret : 'There is no such API key.', isDone ? { id: what, secret } : { error: 'no such key' })
    return true
  }
  if (command !== 'revoke-api-key') return false
  // Running servers find that the sessions are over within a second.
  const isRevoked = await store.revoke(null, what)
  say(isRevoked ? 'It is revoked.' : 'There is no such API key.', isRevoked ? { id: what } : { error: 'no such key' })
  return true
}
