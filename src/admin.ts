import { answersIn } from './admin/answers.ts'
import { apiKeyCommand } from './admin/api-keys.ts'
import { createPerson } from './admin/people.ts'
import { createInProcessBus } from './bus/inprocess.ts'
import { ConfigError, loadConfig } from './config.ts'
import { toHandle } from './domain/ids.ts'
import { checkAudit } from './domain/moderation/audit.ts'
import { apiKeyScopes } from './domain/api-keys/scopes.ts'
import { createPeople } from './domain/people/people.ts'
import { invitationDays, invitationEnd, newInvitationToken } from './domain/sessions/invitation-tokens.ts'
import { createAppend } from './log/append.ts'
import { createHub } from './log/hub.ts'
import { createReadLog } from './log/read.ts'
import { StartError } from './start-error.ts'
import { createAuditStore } from './store/audit.ts'
import { createDatabase } from './store/database/database.ts'
import { runningEmbeddedUrl } from './embedded/postgres.ts'
import { createEventStore } from './store/events.ts'
import { makeInvitations } from './store/invitations.ts'
import { createPeopleSearchStore } from './store/people-search.ts'
import { createPeopleStore } from './store/people.ts'
import { createSuspensionStore } from './store/suspensions.ts'
import { createWrite } from './store/writing/writes.ts'
import { createLogger } from './telemetry/logger.ts'

const usage = `Usage, with the settings of the server (DATABASE_URL, or beside a running npm start):
  npm run admin -- create-user <handle> [USER|STAFF|ADMIN] [name]
  npm run admin -- set-role <handle> USER|STAFF|ADMIN
  npm run admin -- erase-user <handle>
  npm run admin -- suspend-user <handle> [reason]
  npm run admin -- unsuspend-user <handle>
  npm run admin -- invite-user <handle>
  npm run admin -- audit-check
  npm run admin -- create-api-key <name> ${apiKeyScopes.join(',')}
  npm run admin -- list-api-keys
  npm run admin -- rotate-api-key <id>
  npm run admin -- revoke-api-key <id>`

/** What an operator does without a token. Running servers notice through the log, as they do of each other. */
async function main(given: string[]): Promise<void> {
  const { words, say } = answersIn(given)
  const [command, handle, role, ...more] = words
  const config = loadConfig(process.env)
  const connectionString = config.databaseUrl ?? runningEmbeddedUrl(config.dataDir)
  if (!connectionString)
    throw new StartError('No database: set DATABASE_URL, or start the server first with npm start.')
  const logger = createLogger(config.logLevel)
  const db = createDatabase({ connectionString, poolSize: 2, logger })
  const bus = createInProcessBus(logger)
  try {
    if (command !== undefined && /-api-keys?$/.test(command)) {
      if (!(await apiKeyCommand(db, [command, handle ?? '', role ?? ''], say))) throw new StartError(usage)
      return
    }
    const user = await db.prisma.user.findUnique({ where: { handle: toHandle(handle ?? '') } })
    const isRole = role === 'USER' || role === 'STAFF' || role === 'ADMIN'
    if (command === 'audit-check' && handle === undefined) {
      const checked = await checkAudit(createAuditStore(db))
      if (!checked.isWhole)
        throw new StartError(`The audit log was changed: entry ${String(checked.brokenSeq)} does not fit.`)
      say(`The audit log is whole: ${String(checked.entries)} entries.`, checked)
    } else if (command === 'create-user' && handle !== undefined && (role === undefined || isRole)) {
      const person = await createPerson(db, config, { handle, role: isRole ? role : 'USER', name: more.join(' ') })
      say(
        `${person.handle} is there, as ${person.role}. Password, to be changed after signing in: ${person.password}`,
        person,
      )
    } else if (command === 'set-role' && user && isRole) {
      await db.prisma.user.update({ where: { id: user.id }, data: { role } })
      say(`${user.handle} is ${role} now.`, { id: user.id, handle: user.handle, role })
    } else if (command === 'erase-user' && user) {
      const events = createEventStore(db)
      const hub = createHub({ bus, events, readLog: createReadLog(events), ringSize: 1, ringMemoryByteSize: 0, logger })
      const write = createWrite(db, config.receiptGatherMembers)
      const append = createAppend({
        ...{ write, bus, hub, logger },
        // The servers' relays find what this process writes.
        deskMoved: () => undefined,
        afterCommit: () => undefined,
      })
      const people = createPeople({
        store: createPeopleStore(db),
        search: createPeopleSearchStore(db),
        append,
        watch: { announceEnded: () => undefined },
        presence: { updateSharing: () => Promise.resolve(), erased: () => undefined },
      })
      const refusal = await people.eraseAs(user.id, user.id)
      if (refusal) throw refusal
      say(`${user.handle} is erased.`, { id: user.id, erased: true })
    } else if (command === 'invite-user' && user) {
      const { token, hash } = newInvitationToken()
      const expiresAt = invitationEnd(invitationDays.usual)
      const made = await db.run({ name: 'make_invitations', text: makeInvitations }, [[user.id], [hash], expiresAt])
      if (made.length === 0) throw new StartError(`${user.handle} has a way in already.`)
      say(`${token}\nIt is good once, until ${expiresAt.toISOString()}.`, { id: user.id, token, expiresAt })
    } else if ((command === 'suspend-user' || command === 'unsuspend-user') && user) {
      const suspended = command === 'suspend-user'
      const reason = suspended ? [role, ...more].join(' ').trim().slice(0, 1000) || null : null
      // Running servers find that the sessions are over within a second.
      await createSuspensionStore(db).set({ actorId: null, userId: user.id, suspended, reason, until: null })
      say(`${user.handle} is ${suspended ? 'suspended' : 'no longer suspended'}.`, { id: user.id, suspended })
    } else {
      throw new StartError(handle && !user ? `There is nobody with the handle ${handle}.` : usage)
    }
  } finally {
    await bus.close()
    await db.close()
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof StartError || error instanceof ConfigError ? error.message : error)
  process.exitCode = 1
})
