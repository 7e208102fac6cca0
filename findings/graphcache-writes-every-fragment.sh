#!/usr/bin/env bash
# Library: @urql/exchange-graphcache 9.0.2 (urql 5), with the option possibleTypes and without schema.
# Guess: possibleTypes says which types an interface stands for, so a fragment on another type is passed over, as in Apollo Client.
# Truth: that holds when the cache is read. When a result is written, every fragment of the selection is tried, whatever the type
#   of the object, unless the whole introspection is given as `schema`. Each selected field that the object's type does not
#   have is reported as "Invalid undefined", in development, for a result that is valid.
# Why it matters for chat: errors in a union (`... on Error { code reason }`) and events of many types are what a chat's answers
#   consist of, so each send and each event warns, and a real mistake in the documents goes under. Give Graphcache the schema.
# Needs: node, npm. Installs into a temporary folder.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @urql/core@6.0.3 @urql/exchange-graphcache@9.0.2 graphql@16.15.0 >/dev/null
cat >try.mjs <<'JS'
import { createRequire } from 'node:module'
import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { buildSchema, graphql, introspectionFromSchema } from 'graphql'

const schema = buildSchema(`
  interface Error { reason: String! }
  type Refused implements Error { reason: String! }
  type Sent { text: String! }
  union Result = Sent | Refused
  type Query { ok: Boolean }
  type Mutation { send: Result! }
`)
const rootValue = { send: () => ({ __typename: 'Sent', text: 'hello' }) }
const server = async (_url, { body }) => {
  const { query } = JSON.parse(body)
  return new Response(JSON.stringify(await graphql({ schema, source: query, rootValue })), {
    headers: { 'content-type': 'application/json' },
  })
}
const keys = { Sent: () => null, Refused: () => null }

async function run(options) {
  const warnings = []
  const logger = (_severity, message) => warnings.push(message.split('\n')[0])
  const exchanges = [cacheExchange({ keys, logger, ...options }), fetchExchange]
  const client = new Client({ url: 'http://localhost', fetch: server, exchanges })
  const { data } = await client.mutation('mutation { send { ... on Sent { text } ... on Error { reason } } }', {}).toPromise()
  return { data: JSON.stringify(data), warnings }
}

const byTypes = await run({ possibleTypes: { Error: ['Refused'], Result: ['Sent', 'Refused'] } })
const bySchema = await run({ schema: introspectionFromSchema(schema) })
const { version } = createRequire(import.meta.url)('@urql/exchange-graphcache/package.json')
console.log(`@urql/exchange-graphcache ${version}, node ${process.version}`)
console.log('with possibleTypes:', byTypes)
console.log('with schema:', bySchema)
const asFound = byTypes.warnings.some((text) => text.includes('reason')) && bySchema.warnings.length === 0
console.log(asFound ? 'as found' : 'THIS HAS CHANGED')
process.exit(asFound ? 0 : 1)
JS
node try.mjs
