import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileIn = (dataDir: string) => join(dataDir, 'address')

/** Leaves the server's address beside the embedded database, for the commands that use the same: PORT may be any. */
export function leaveAddress(dataDir: string, url: string): void {
  try {
    writeFileSync(fileIn(dataDir), url)
  } catch {
    // Nothing depends on it.
  }
}

/** The address of the server that uses this folder, if it is running; null when it left none. */
export function addressIn(dataDir: string): string | null {
  try {
    return readFileSync(fileIn(dataDir), 'utf8')
  } catch {
    return null
  }
}
