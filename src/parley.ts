// The command line: what an operator does with a deployment. Each command is loaded when it is asked for, so that none waits for
// what another needs. commander: small, without dependencies, and it writes the help.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { answering } from './admin/answers.ts'
import { apiKeyScopes } from './domain/api-keys/scopes.ts'
import { formats } from './import/model.ts'
import { StartError } from './start-error.ts'

/** In a checkout this is dist/ as in the image, as it runs from there in both. */
const here = import.meta.dirname
const migrationsDir = join(here, '../prisma/migrations')

const program = new Command('parley')
  .description(
    'Parley, a chat backend: runs it, and does what its operators do.\n\nAll commands read the settings of the server from the environment (docs/operations.md). Without DATABASE_URL they\nuse the embedded PostgreSQL in PARLEY_DATA_DIR (.parley).',
  )
  .addHelpText(
    'after',
    `
Examples:
  parley start                                     a server at http://127.0.0.1:4000/graphql, with a PostgreSQL of its own
  WORKERS=4 parley start                           the same in four processes
  parley doctor                                    what is wrong with this deployment, and what to do about it
  parley admin role ana ADMIN                      makes Ana an administrator
  parley backup --out /backups/monday              while the server runs
  parley <command> --help                          what a command takes`,
  )
  .exitOverride()

const json = (what = 'the report') => new Option('--json', `print ${what} as JSON`)

program
  .command('start')
  .description('Runs the server until Ctrl-C; with WORKERS=n in n processes')
  .action(() => runBuilt('main', []))

program
  .command('migrate')
  .description('Brings the database to the newest version; the server does the same when it starts')
  .option('--check', 'only say what would be done: exit code 2 when there is something')
  .addOption(json())
  .action(async (options: { check?: boolean; json?: boolean }) => {
    const { runMigrate } = await import('./admin/migrate.ts')
    process.exitCode = await runMigrate(options, { findDatabase: database, migrationsDir })
  })

program
  .command('seed')
  .description('Fills the database with demo people and conversations, for development')
  .action(() => runBuilt('seed', []))

const admin = program.command('admin').description('People, their roles, the audit log and API keys')

/** Commands of dist/admin.js, with the names that people look for. */
const adminCommand = (name: string, legacy: string, description: string, ...args: Argument[]) => {
  const command = admin.command(name).description(description).addOption(json('the answer'))
  for (const argument of args) command.addArgument(argument)
  command.action((...given: unknown[]) => {
    const values = given
      .slice(0, args.length)
      .flat()
      .filter((value): value is string => value !== undefined)
    const isJson = (given[args.length] as { json?: boolean }).json === true
    return runBuilt('admin', [legacy, ...values, ...(isJson ? ['--json'] : [])])
  })
}
const roles = ['USER', 'STAFF', 'ADMIN']
const handle = () => new Argument('<handle>', 'of the person')
adminCommand(
  'create',
  'create-user',
  'Makes a person, and prints the password that was made up for them',
  new Argument('<handle>', 'unique: 3 to 32 small letters, digits, dots and _'),
  new Argument('[role]', 'what they may do').choices(roles),
  new Argument('[name...]', 'what they are called; else as the handle'),
)
adminCommand(
  'role',
  'set-role',
  'Changes what a person may do',
  handle(),
  new Argument('<role>', 'STAFF sees support conversations, ADMIN can do everything').choices(roles),
)
adminCommand('erase', 'erase-user', 'Erases a person: name, ways to log in, and the texts of all messages', handle())
adminCommand(
  'suspend',
  'suspend-user',
  'Ends all sessions of a person, and lets them in no more',
  handle(),
  new Argument('[reason...]', 'which they are told'),
)
adminCommand('unsuspend', 'unsuspend-user', 'Lets a suspended person in again', handle())
adminCommand('invite', 'invite-user', 'Prints a one-time token by which a person without a password gets one', handle())
admin
  .command('export <handle>')
  .description("Writes all of one person's data, as the law may ask for")
  .requiredOption('--out <folder>', 'where to: a folder that is empty or not there yet')
  .addOption(json())
  .action(async (user: string, options: object) => {
    const { runExport } = await import('./export/command.ts')
    process.exitCode = await runExport({ format: 'parley', team: 'parley', ...options, user }, database)
  })
adminCommand(
  'audit-check',
  'audit-check',
  'Computes the chain of the audit log again: says whether somebody changed it',
)
adminCommand(
  'create-api-key',
  'create-api-key',
  'Makes an API key, and shows its secret once',
  new Argument('<name>'),
  new Argument('<scopes>', `of ${apiKeyScopes.join(',')}`),
)
adminCommand('list-api-keys', 'list-api-keys', 'Lists them')
adminCommand('rotate-api-key', 'rotate-api-key', 'Gives one another secret', new Argument('<id>'))
adminCommand('revoke-api-key', 'revoke-api-key', 'Ends one', new Argument('<id>'))

program
  .command('import')
  .description("Imports another chat system's export")
  .argument('<path>', 'folder, zip or file of the export')
  .addOption(new Option('--format <format>', 'what wrote it').choices(['auto', ...formats]).default('auto'))
  .option('--dry-run', 'only say what would be imported')
  .option('--json', 'print what would be imported, or the report, as JSON')
  .option('--report <file>', 'write every skipped entry with its place and reason to this file, as JSON')
  .option('--time-zone <zone>', 'in which zone local times are, as Europe/Berlin')
  .addOption(new Option('--date-order <order>', 'what comes first in a date').choices(['DMY', 'MDY', 'YMD']))
  .option('--title <title>', 'title of the chat, where the file has none (WhatsApp, Matrix)')
  .addOption(new Option('--kind <kind>', 'kind of the chat (WhatsApp, Matrix)').choices(['DIRECT', 'GROUP', 'SELF']))
  .option('--source <name>', 'which of several workspaces of one format, where their keys could be the same')
  .option('--people <file>', 'JSON file: handles here by keys, handles or e-mail addresses there')
  .option(
    '--invitations <file>',
    'write one-time links for those who have no password here to this file, one JSON object a line',
  )
  .option('--invitation-days <days>', 'for how many days the links are good: 1 to 90, 14 if it is not said')
  .option('--invitation-link <address>', 'what stands before the token in a link, if not PUBLIC_URL and /#/invitation/')
  .option(
    '--identities <file>',
    "JSON file: issuer, and the embedding product's subjects by keys, handles or e-mail addresses there",
  )
  .action(async (path: string, options: unknown) => {
    const { runImport } = await import('./import/command.ts')
    process.exitCode = await runImport(path, options, database)
  })

program
  .command('export')
  .description('Writes people, conversations, messages and files as they are at one moment')
  .option('--all', 'everything')
  .option('--user <handle or id>', "all of one person's data")
  .option('--conversation <id>', 'one conversation')
  .requiredOption('--out <folder>', 'where to: a folder that is empty or not there yet')
  .addOption(new Option('--format <format>', 'for whom').choices(['parley', 'mattermost']).default('parley'))
  .option('--team <name>', "name of the team in Mattermost's format", 'parley')
  .addOption(json())
  .option('--report <file>', 'write the report to this file, as JSON')
  .action(async (options: unknown) => {
    const { runExport } = await import('./export/command.ts')
    process.exitCode = await runExport(options, database)
  })

program
  .command('backup')
  .description('Backs up the database and the files that people uploaded, while the server runs')
  .requiredOption('--out <folder>', 'where to: a folder that is not there yet')
  .addOption(
    new Option(
      '--method <method>',
      'with DATABASE_URL: a copy of the server (pg_basebackup), or of the database (pg_dump)',
    )
      .choices(['auto', 'base', 'dump'])
      .default('auto'),
  )
  .addOption(json())
  .action(
    async ({ json: isJson = false, ...options }: { json?: boolean; out: string; method: 'auto' | 'base' | 'dump' }) => {
      const { takeBackup } = await import('./backup/backup.ts')
      const { config } = await database()
      const manifest = await takeBackup(config, { ...options, path: process.env.PATH })
      const { method, finishedAt, byteSize } = manifest
      const size = `${String(Math.ceil(byteSize / 1_048_576))} MB`
      answering(isJson)(`${options.out} is a backup (${method}) as of ${finishedAt}: ${size}.`, manifest)
    },
  )

program
  .command('restore <backup>')
  .description('Brings a backup back: to where nothing is yet, and with the archived log up to a moment')
  .option('--to <folder>', "where to: the data folder, or PostgreSQL's with a backup of a server; else PARLEY_DATA_DIR")
  .option('--wal <folder>', 'where the write-ahead log was archived: brings back what came after the backup')
  .option('--until <time>', 'only what was committed until then, as 2026-12-01T08:00:00Z')
  .addOption(json())
  .action(
    async (
      folder: string,
      { json: isJson = false, ...options }: { json?: boolean; to?: string; wal?: string; until?: string },
    ) => {
      const { restoreBackup } = await import('./backup/restore.ts')
      const { config } = await database()
      const restored = await restoreBackup(folder, config, { ...options, path: process.env.PATH })
      const until = restored.restoredUntil === null ? '' : `, as of ${restored.restoredUntil}`
      console.log(isJson ? JSON.stringify(restored) : `${folder} is restored${until}. ${restored.next}.`)
    },
  )

program
  .command('replay-webhooks')
  .description('Has events sent to a webhook endpoint again, by the servers that run')
  .option('--endpoint <id>', 'which one, where there are several')
  .option('--from <time>', 'everything that happened since, in order')
  .option('--delivery <id>', 'one delivery, by its webhook-id')
  .option('--failed', 'all deliveries that failed for good')
  .addOption(json('what was done'))
  .action(async ({ json: isJson = false, ...options }: { json?: boolean }) => {
    const { runReplay } = await import('./webhooks/replay-command.ts')
    const { connectionString } = await database()
    if (connectionString === null) throw new StartError('There is no database: set DATABASE_URL, or run npm start.')
    const lines: string[] = []
    process.exitCode = await runReplay(options, connectionString, (line) => {
      if (isJson) lines.push(line)
      else console.log(line)
    })
    if (isJson) console.log(JSON.stringify({ ok: process.exitCode === 0, lines }))
  })

program
  .command('doctor')
  .description('Looks at all that this deployment stands on, and says what is wrong and what to do about it')
  .option('--verbose', 'also say what is right')
  .addOption(json('the findings'))
  .addHelpText(
    'after',
    '\nExit code 0: nothing is wrong. 1: warnings: something should be changed. 2: errors: something does not work, or what Parley\npromises does not hold. Run it with the settings of the server, on its machine.',
  )
  .action(async ({ json: isJson = false, verbose = false }: { json?: boolean; verbose?: boolean }) => {
    const { runDoctor } = await import('./doctor/doctor.ts')
    process.exitCode = await runDoctor({
      ...{ json: isJson, verbose, migrationsDir, nodeVersion: process.versions.node },
      findDatabase: () => database(process.env),
      print: (text) => {
        console.log(text)
      },
    })
  })

program
  .command('bench')
  .description('Measures how fast this machine serves; in a checkout only. Its own options follow: parley bench --help')
  .helpOption(false)
  .allowUnknownOption()
  .argument('[options...]')
  .action(async (args: string[]) => {
    const script = join(here, '../bench/run.mjs')
    if (!existsSync(script)) throw new StartError('The benchmarks are in the repository, and not in this image.')
    process.argv.splice(1, Infinity, script, ...args)
    await import(script)
  })

/** Where the data is: what the settings say, or the database of a running npm start. */
async function database(env: NodeJS.ProcessEnv = unsigned()) {
  const { loadConfig } = await import('./config.ts')
  const { runningEmbeddedUrl } = await import('./embedded/postgres.ts')
  const config = loadConfig(env)
  return { config, connectionString: config.databaseUrl ?? runningEmbeddedUrl(config.dataDir) }
}

/** Most commands sign nothing: who has the database's address needs no secret besides. */
function unsigned(): NodeJS.ProcessEnv {
  return { JWT_SECRET: 'not used by these commands, which sign nothing', ...process.env, JWT_SECRET_FILE: '' }
}

/** Runs another entry of the server's build in this process. A checkout builds it first, when it is stale; the image has it. */
async function runBuilt(entry: 'main' | 'seed' | 'admin', args: string[]): Promise<void> {
  const builder = join(here, '../scripts/build.mjs')
  if (existsSync(builder)) await ((await import(builder)) as { build: () => Promise<void> }).build()
  const file = join(here, `${entry}.js`)
  if (!existsSync(file)) throw new StartError('This is in the repository, and not in this image.')
  process.argv.splice(1, Infinity, file, ...args)
  await import(file)
}

const expected = ['ConfigError', 'StartError']

program.parseAsync().catch((error: unknown) => {
  // Of commander: it has said what was wrong itself.
  const code = (error as { exitCode?: unknown }).exitCode
  const isExpected = error instanceof Error && expected.includes(error.name)
  if (typeof code !== 'number') console.error(isExpected ? error.message : error)
  process.exitCode = typeof code === 'number' ? code : 1
})
