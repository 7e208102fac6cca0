import { readFileSync } from 'node:fs'
import { idleAfterMs, lifeMs, maxDevices, savedForMs, steadyMs, sweepSize } from './presence.ts'

/** Milliseconds after which Redis may drop keys that no process uses any more. */
const keptMs = 7 * 24 * 3_600_000
/** Number of values for each change in the arguments of the script `apply`. */
const changeWidth = 8

/** Names under which the scripts know these numbers. */
const numbers = { changeWidth, idleAfterMs, keptMs, lifeMs, maxDevices, savedForMs, steadyMs, sweepSize }

// The files are next to this module in src/ and in dist/: the build copies them.
const read = (name: string) => readFileSync(new URL(`./presence-${name}.lua`, import.meta.url), 'utf8')

/** The text of one script: the rules of presence in Lua. `publish`: the command by which it announces changes. */
export function presenceScript(name: 'apply' | 'sweep' | 'saved', publish: 'PUBLISH' | 'SPUBLISH'): string {
  const locals = Object.entries(numbers).map(([key, value]) => `local ${key} = ${value}\n`)
  return [...locals, `local publish = '${publish}'\n`, read('common'), read(name)].join('')
}
