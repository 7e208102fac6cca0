// Fails when a generated file that is checked in is not what its source gives now: schema.graphql, the SDK's documents.
// Run: npm run check:artefacts
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printedSchema } from '../src/schema/print.ts'

const root = join(import.meta.dirname, '..')
process.chdir(root)

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

if (!existsSync('schema.graphql') || readFileSync('schema.graphql', 'utf8') !== printedSchema()) {
  fail('schema.graphql is not what src/schema/ gives. Run: npm run schema:print')
}
if (existsSync('codegen.ts')) {
  const codegen = spawnSync(
    process.execPath,
    ['node_modules/.bin/graphql-codegen', '--config', 'codegen.ts', '--check'],
    {
      encoding: 'utf8',
    },
  )
  if (codegen.status !== 0)
    fail(`Generated documents are stale. Run: npm run codegen\n${codegen.stdout}${codegen.stderr}`)
}

// gql.tada has no check command.
const tada = 'examples/gql-tada/generated/graphql-env.d.ts'
const written = readFileSync(tada, 'utf8')
const args = ['node_modules/.bin/gql-tada', 'generate-output', '-c', 'examples/gql-tada/tsconfig.json']
const generated = spawnSync(process.execPath, args, { encoding: 'utf8' })
if (generated.status !== 0 || readFileSync(tada, 'utf8') !== written) {
  writeFileSync(tada, written)
  fail(`${tada} is stale. Run: npm run codegen\n${generated.stdout}${generated.stderr}`)
}
