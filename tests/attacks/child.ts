// Runs one attack in a process of its own, so that what it does slows nobody but the server. Its parent says what and when.
import { attacks, type Target } from './index.ts'

const [, , name = '', target = ''] = process.argv
const attack = attacks.find((one) => one.name === name)
if (!attack) throw new Error(`there is no attack ${name}`)

const stop = new AbortController()
const run = await attack.prepare(JSON.parse(target) as Target)
process.on('message', (word) => {
  if (word === 'stop') stop.abort()
  else void run(stop.signal).finally(() => process.exit(0))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
