// The command line: what an operator does with a deployment from outside. Each command is loaded when it is asked for, so that
// none waits for what another needs. commander: small, without dependencies, and it writes the help.
import { Command, Option } from 'commander'
import { formats } from './import/model.ts'

const program = new Command('parley').description('Commands for those who run Parley').exitOverride()

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
  .option('--json', 'print the report as JSON')
  .option('--report <file>', 'write the report to this file, as JSON')
  .action(async (options: unknown) => {
    const { runExport } = await import('./export/command.ts')
    process.exitCode = await runExport(options, database)
  })

program
  .command('replay-webhooks')
  .description('Has events sent to a webhook endpoint again, by the servers that run')
  .option('--endpoint <id>', 'which one, where there are several')
  .option('--from <time>', 'everything that happened since, in order')
  .option('--delivery <id>', 'one delivery, by its webhook-id')
  .option('--failed', 'all deliveries that failed for good')
  .action(async (options: unknown) => {
    const { runReplay } = await import('./webhooks/replay-command.ts')
    const { connectionString } = await database()
    if (connectionString === null) throw new Error('There is no database: set DATABASE_URL, or run npm start.')
    process.exitCode = await runReplay(options, connectionString, (line) => {
      console.log(line)
    })
  })

/** Where the data is: what the settings say, or the database of a running npm start. */
async function database() {
  const { loadConfig } = await import('./config.ts')
  // Nothing is signed here: who has the database's address needs no secret besides.
  const { runningEmbeddedUrl } = await import('./embedded/postgres.ts')
  const config = loadConfig({ JWT_SECRET: 'not used by these commands, which sign nothing', ...process.env })
  return { config, connectionString: config.databaseUrl ?? runningEmbeddedUrl(config.dataDir) }
}

const isConfigError = (error: unknown): error is Error => error instanceof Error && error.name === 'ConfigError'

await program.parseAsync().catch((error: unknown) => {
  // Of commander: it has said what was wrong itself.
  const code = (error as { exitCode?: unknown }).exitCode
  if (typeof code !== 'number') console.error(isConfigError(error) ? error.message : error)
  process.exitCode = typeof code === 'number' ? code : 1
})
