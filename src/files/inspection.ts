import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { fileTypeFromFile } from 'file-type'
import { essenceOf, fits, isTextType } from './media-types.ts'
import { picture, type Picture } from './picture.ts'

/** What the bytes of a file are found to be. */
export type Inspection = { refusal: string } | ({ refusal: null } & Picture)

const nothingToSee: Picture = { width: null, height: null, blurHash: null }

/** Checks that bytes are of the type that was declared for them, and looks at pictures. */
export async function inspect(path: string, contentType: string, allowed: readonly string[]): Promise<Inspection> {
  const found = await typeOf(path)
  if (!fits(contentType, found, allowed)) {
    const seen = found === null ? 'of no type that can be recognised' : `of type ${found}`
    return {
      refusal: `It was declared as ${contentType}, but its bytes are ${seen}. Create an upload with the right type.`,
    }
  }
  if (isTextType(contentType) && !(await isText(path))) {
    return {
      refusal:
        `It was declared as ${contentType}, but its bytes are no text in UTF-8. Convert it, or create an upload with ` +
        'the right type.',
    }
  }
  const seen = contentType.startsWith('image/') ? await picture(await readFile(path)) : nothingToSee
  return { refusal: null, ...seen }
}

/** As file-type names it, and what it does not know. */
async function typeOf(path: string): Promise<string | null> {
  const found = await fileTypeFromFile(path)
  if (found) return essenceOf(found.mime)
  const start = await startOf(path)
  return start === 'caff' ? 'audio/x-caf' : null
}

async function startOf(path: string): Promise<string> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Controls that no text has: all but tabs, ends of lines and pages, and escapes. */
// eslint-disable-next-line no-control-regex
const untextual = /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/

async function isText(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(path)) {
      if (untextual.test(decoder.decode(chunk as Buffer, { stream: true }))) return false
    }
    decoder.decode()
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}
