import { readFileSync } from 'node:fs'
import { StartError } from '../../start-error.ts'
import { sha256Of, type TrustedDocuments } from './persisted.ts'

/** Reads the operator's file: a JSON object of documents by the SHA-256 of their text. Null where there is none. */
export function readTrustedDocuments(path: string | null, only: boolean): TrustedDocuments | null {
  if (path === null) return null
  const byHash = new Map<string, string>()
  for (const [hash, text] of Object.entries(readObject(path))) {
    if (typeof text !== 'string' || sha256Of(text) !== hash.toLowerCase()) {
      throw new StartError(`In PERSISTED_DOCUMENTS=${path} the entry "${hash}" is not a document under its SHA-256.`)
    }
    byHash.set(hash.toLowerCase(), text)
  }
  return { byHash, only }
}

function readObject(path: string): object {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`PERSISTED_DOCUMENTS=${path} cannot be read: ${reason}`)
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  throw new StartError(`PERSISTED_DOCUMENTS=${path} must be a JSON object like {"<SHA-256>": "query { ... }"}.`)
}
