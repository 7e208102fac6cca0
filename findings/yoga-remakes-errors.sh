#!/usr/bin/env bash
# Tools: graphql-yoga 5.24.1, graphql 16.15.0.
# Guess: an error that is in an answer's `errors` comes out as its toJSON() says, with its locations. So a server that remembers
#   why it refused a document keeps message and locations of each mistake, and lets go of the nodes, which hold the whole document.
# Truth: when Yoga writes an answer it makes each GraphQLError anew, from message, nodes, source, positions, path and extensions.
#   `locations` is derived from these, so that an error which has its locations otherwise loses them. graphql's own toJSON() tells them.
# Why it matters for chat: a chat's API meets the same wrong documents over and over, and refusing them from memory is what keeps one
#   client from costing others their turn. The first refusal says where the mistake is; each later one would not, over HTTP alone:
#   over a WebSocket, where graphql-ws sends toJSON(), it does. Give such an error a source of blanks and positions in it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphql-yoga@5.24.1 graphql@16.15.0 >/dev/null
cat >look.mjs <<'JS'
import { GraphQLError, Source, version } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'

const remembered = Object.assign(new GraphQLError('Remembered'), { locations: [{ line: 2, column: 3 }] })
const derived = new GraphQLError('Derived', { source: new Source('\n   '), positions: [3] })
const schema = createSchema({ typeDefs: 'type Query { hello: String }' })
const refusing = { onValidate: ({ setResult }) => setResult([remembered, derived]) }
const yoga = createYoga({ schema, maskedErrors: false, logging: false, plugins: [refusing] })
const body = JSON.stringify({ query: '{ hello }' })
const headers = { 'content-type': 'application/json' }
const answer = await yoga.fetch('http://yoga/graphql', { method: 'POST', headers, body })
const { errors } = await answer.json()
console.error(`graphql ${version}`)
for (const error of [remembered, derived]) {
  const sent = errors.find(({ message }) => message === error.message)
  console.log(`${error.message}: toJSON ${JSON.stringify(error.toJSON().locations)}, answer ${JSON.stringify(sent.locations)}`)
}
JS
node look.mjs >out 2>version
cat version; npm ls graphql-yoga | tail -2; cat out
[ "$(cat out)" = 'Remembered: toJSON [{"line":2,"column":3}], answer undefined
Derived: toJSON [{"line":2,"column":3}], answer [{"line":2,"column":3}]' ]
