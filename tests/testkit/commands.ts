import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const isThere = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

/**
 * Installs a program where that needs no permission: as root on Debian or Ubuntu. Otherwise throws an error that says what
 * to do.
 */
export function ensureCommand(command: string, debianPackage: string, otherwise = ''): void {
  if (isThere(command)) return
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const aptGet = (...args: string[]) =>
      spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    aptGet('update')
    aptGet('install', '--yes', '--no-install-recommends', debianPackage)
    if (isThere(command)) return
  }
  throw new Error(`The tests need ${command}: apt-get install ${debianPackage}${otherwise}`)
}

/** Runs a program to its end. If it fails, rejects with its output. */
export function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ended with ${String(code)}:\n${output}\n${errors}`))
    })
  })
}
