import { randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { isHandle, newId, toHandle } from '../domain/ids.ts'
import { isReservedHandle } from '../domain/people/handles.ts'
import { createPasswords } from '../domain/sessions/passwords.ts'
import { searchNameOf } from '../domain/text/fold.ts'
import { StartError } from '../start-error.ts'
import type { Database } from '../store/database/database.ts'
import { createSessionStore } from '../store/sessions.ts'

const maxNameLength = 64

export interface NewPerson {
  handle: string
  role: 'USER' | 'STAFF' | 'ADMIN'
  /** Empty: as the handle. */
  name: string
}

/** Makes a person with a password that only who runs this sees. */
export async function createPerson(db: Database, config: Config, wanted: NewPerson) {
  const handle = toHandle(wanted.handle)
  if (!config.identity.builtin)
    throw new StartError('People come from outside here (ACCOUNTS=external): they are there after their first request.')
  if (!isHandle(handle))
    throw new StartError(`${wanted.handle} is no handle: 3 to 32 small letters, digits, dots and _.`)
  const displayName = wanted.name.trim() || handle
  if (displayName.length > maxNameLength)
    throw new StartError(`A name has ${String(maxNameLength)} characters at the most.`)
  const password = randomBytes(15).toString('base64url')
  const passwordHash = await createPasswords({ memoryKib: config.passwordHashMemoryKib }).hash(password, 'none')
  const id = newId()
  const person = { id, handle, displayName, searchName: searchNameOf(displayName), passwordHash }
  if (isReservedHandle(handle) || !(await createSessionStore(db).createUser(person)))
    throw new StartError(`The handle ${handle} is taken, or looks like one that is.`)
  if (wanted.role !== 'USER') await db.prisma.user.update({ where: { id }, data: { role: wanted.role } })
  return { id, handle, role: wanted.role, password }
}
