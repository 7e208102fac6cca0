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

/** Puts nginx's files into its own folder. */
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path ${name};`)
  .join('\n  ')

/** Lines that every http block of ours needs. */
const preamble = `
  access_log off;
  ${temporary}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }`

const running = new Set<() => Promise<void>>()
atEndOfEachFile(async () => {
  for (const stop of running) await stop()
})

/** Starts Debian's nginx with these server blocks, made from its ports. They must listen on all ports, at 127.0.0.1. */
export async function startNginx(portCount: number, servers: (...ports: number[]) => string): Promise<number[]> {
  const ports = await Promise.all(Array.from({ length: portCount }, () => freePort()))
  await run(
    `worker_processes 1;\npid nginx.pid;\nerror_log stderr warn;\nevents {}\nhttp {${preamble}\n${servers(...ports)}\n}\n`,
    ports,
  )
  return ports
}

/** Starts it with deploy/nginx/nginx.conf: the replicas are at these addresses, and what it writes is in a folder of its own. */
export async function startDeployedNginx(replicas: readonly string[]) {
  const port = await freePort()
  const changes: [string, string][] = [
    ['pid /run/nginx.pid;', 'pid nginx.pid;'],
    ['error_log /dev/stderr warn;', 'error_log stderr warn;'],
    ['access_log /dev/stdout parley;', `access_log access.log parley;\n  ${temporary}`],
    ['listen 80;', `listen 127.0.0.1:${port};`],
    [
      // Debian's nginx does not ask again for the addresses of a name. Nobody asks for one here.
      'server app:4000 resolve max_fails=1 fail_timeout=2s;',
      replicas.map((replica) => `server ${replica} max_fails=1 fail_timeout=2s;`).join('\n    '),
    ],
  ]
  let config = readFileSync(join(import.meta.dirname, '../../deploy/nginx/nginx.conf'), 'utf8')
  for (const [from, to] of changes) {
    if (config.split(from).length !== 2) throw new Error(`deploy/nginx/nginx.conf has not one ${from}`)
    config = config.replace(from, to)
  }
  const folder = await run(config, [port])
  return { url: `http://127.0.0.1:${port}`, accessLog: () => readFileSync(join(folder, 'access.log'), 'utf8') }
}

/** Answers the folder that it runs in. */
async function run(config: string, ports: readonly number[]): Promise<string> {
  ensureCommand('nginx', 'nginx')
  const folder = mkdtempSync(join(tmpdir(), 'parley-nginx-'))
  // The workers run as another user.
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'nginx.conf'), config)
  const log = join(folder, 'log')
  const command = ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;']
  const nginx = spawnSupervised(command, openSync(log, 'w'), { cwd: folder })
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
  return folder
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
