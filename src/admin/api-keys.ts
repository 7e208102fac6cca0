import { hashOf, newApiKey, newSecret } from '../domain/api-keys/api-keys.ts'
import { isUuid, newId } from '../domain/ids.ts'
import { createApiKeyStore, type ApiKeyScope } from '../store/api-keys.ts'
import type { Database } from '../store/database/database.ts'

const scopes: readonly ApiKeyScope[] = ['READ', 'MESSAGES_WRITE', 'CONVERSATIONS_WRITE', 'USERS_WRITE', 'ACT_AS']
const maxKeys = 100
const maxNameLength = 64

/** What an operator does with API keys on the command line. False: it is none of these commands, or not as they are written. */
export async function apiKeyCommand(db: Database, [command, what = '', list = '']: string[]): Promise<boolean> {
  const store = createApiKeyStore(db)
  if (command === 'list-api-keys') {
    for (const { id, name, scopes: granted } of await store.list()) console.log(`${id}  ${name}  ${granted.join(',')}`)
    return true
  }
  if (command === 'create-api-key') {
    const wanted = list
      .split(',')
      .filter((scope): scope is ApiKeyScope => (scopes as readonly string[]).includes(scope))
    const name = what.trim()
    if (name === '' || name.length > maxNameLength || wanted.length === 0 || wanted.join(',') !== list) return false
    const { secret, key } = newApiKey(name, wanted, null)
    console.log(
      (await store.create(null, key, maxKeys)) ? `${key.id}\n${secret}` : `There are ${String(maxKeys)} keys already.`,
    )
    return true
  }
  if (!isUuid(what)) return false
  if (command === 'rotate-api-key') {
    const secret = newSecret()
    console.log((await store.rotate(null, what, hashOf(secret), newId(), 0)) ? secret : 'There is no such API key.')
    return true
  }
  if (command !== 'revoke-api-key') return false
  // Running servers find that the sessions are over within a second.
  console.log((await store.revoke(null, what)) ? 'It is revoked.' : 'There is no such API key.')
  return true
}
