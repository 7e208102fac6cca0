import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnSupervised } from '../../src/embedded/supervised.ts'
import { atEndOfEachFile } from './at-end.ts'
import { ensureCommand } from './commands.ts'
import { freePort } from './redis.ts'

/** Lines that every http block of ours needs: they put nginx's files into its own folder. */
const preamble = `
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }`

const running = new Set<() => Promise<void>>()
atEndOfEachFile(async () => {
  for (const stop of running) await stop()
})

/** Starts Debian's nginx with these server blocks, made from its ports. They must listen on all ports, at 127.0.0.1. */
export async function startNginx(portCount: number, servers: (...ports: number[]) => string): Promise<number[]> {
  ensureCommand('nginx', 'nginx')
  const folder = mkdtempSync(join(tmpdir(), 'parley-nginx-'))
  // The workers run as another user.
  chmodSync(folder, 0o755)
  const ports = await Promise.all(Array.from({ length: portCount }, () => freePort()))
  const config = `daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log stderr warn;\nevents {}\nhttp {${preamble}\n${servers(...ports)}\n}\n`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const log = join(folder, 'log')
  const nginx = spawnSupervised(['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], openSync(log, 'w'), {
    cwd: folder,
  })
  const stop = async () => {
    running.delete(stop)
    nginx.end()
    await nginx.ended
    rmSync(folder, { recursive: true, force: true })
  }
  running.add(stop)
  for (const port of ports) {
    while (!(await isListening(port))) {
      if (nginx.hasEnded()) throw new Error(`nginx ended at once:\n${readFileSync(log, 'utf8')}\n${config}`)
      await sleep(20)
    }
  }
  return ports
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** The TLS lines of a server block, with a self-signed certificate. */
export function selfSignedTls(): string {
  ensureCommand('openssl', 'openssl')
  const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'))
  running.add(async () => rm(folder, { recursive: true, force: true }))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-keyout', key, '-out', certificate],
  ])
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr.toString()}`)
  return `ssl_certificate ${certificate};\n    ssl_certificate_key ${key};`
}
