// Prints the documents of the SDK and the web client for PERSISTED_DOCUMENTS: {"<SHA-256>": "<text as it is sent>"}.
// Run: npx tsx scripts/print-persisted.mjs > persisted.json
import { createHash } from 'node:crypto'
import * as generated from '../sdk/src/generated/graphql.ts'

const texts = Object.entries(generated).flatMap(([name, text]) => (name.endsWith('Document') ? [text] : []))
const entries = texts.map((text) => [createHash('sha256').update(text).digest('hex'), text])
console.log(JSON.stringify(Object.fromEntries(entries), null, 2))
