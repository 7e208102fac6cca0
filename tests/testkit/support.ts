import type { TestDatabase } from './database.ts'
import type { Person } from './person.ts'

/** What `npm run admin -- set-role <handle> STAFF` does. A process knows it a second later of a session that it knows already. */
export async function makeStaff(database: TestDatabase, ...people: Pick<Person, 'handle'>[]): Promise<void> {
  await setRole(database, 'STAFF', ...people)
}

export async function setRole(
  database: TestDatabase,
  role: 'USER' | 'STAFF' | 'ADMIN',
  ...people: Pick<Person, 'handle'>[]
): Promise<void> {
  await database.query('UPDATE users SET role = $1::user_role WHERE handle = ANY ($2)', [
    role,
    people.map(({ handle }) => handle),
  ])
}
