import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { atEndOfEachFile } from './at-end.ts'
import { freePort } from './redis.ts'
import { endsWithUs } from './server.ts'

/** OpenStack Swift with its S3 API, on one disk of this machine: a store that checks signatures, sizes and conditions. */
export interface Swift {
  endpoint: string
  port: number
  /** Settings of a Parley that keeps its files there. */
  env: Record<string, string>
  client: S3Client
  /** Keys of all objects. */
  keys(): Promise<string[]>
  stop(): Promise<void>
}

const packages = 'swift-proxy swift-account swift-container swift-object'
const bucket = 'parley-test'
const region = 'eu-test-1'
const credentials = { accessKeyId: 'parley:test', secretAccessKey: 'secret-of-tests' }
const startTimeoutMs = 60_000
const parts = ['account', 'container', 'object'] as const

function ensureSwift(): void {
  const isThere = ['proxy-server', ...parts.map((part) => `${part}-server`), 'ring-builder'].every(
    (name) => spawnSync('sh', ['-c', `command -v swift-${name}`], { stdio: 'ignore' }).status === 0,
  )
  if (isThere) return
  throw new Error(`The tests of S3 need OpenStack Swift. As root on Debian or Ubuntu: apt-get install ${packages}`)
}

const common = (folder: string, port: number) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${String(port)}
user = ${userInfo().username}
swift_dir = ${folder}
log_address = /dev/null
workers = 0
`

const partSettings = (folder: string, part: string, port: number) => `${common(folder, port)}
devices = ${folder}/data
mount_check = false
[pipeline:main]
pipeline = ${part}-server
[app:${part}-server]
use = egg:swift#${part}
`

// tempauth asks for a cache and works without one.
const proxySettings = (folder: string, port: number) => `${common(folder, port)}
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = ${region}
[filter:tempauth]
use = egg:swift#tempauth
user_parley_test = ${credentials.secretAccessKey} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
`

function ring(folder: string, part: string, port: number): void {
  for (const args of [['create', '2', '1', '0'], ['add', `r1z1-127.0.0.1:${String(port)}/disk`, '1'], ['rebalance']]) {
    const made = spawnSync('swift-ring-builder', [`${part}.builder`, ...args], { cwd: folder, encoding: 'utf8' })
    // 1: done, with a remark.
    if (made.status !== 0 && made.status !== 1) throw new Error(`swift-ring-builder ${args.join(' ')}:\n${made.stdout}`)
  }
}

export async function startSwift(): Promise<Swift> {
  ensureSwift()
  const folder = mkdtempSync(join(tmpdir(), 'parley-swift-'))
  mkdirSync(join(folder, 'data/disk'), { recursive: true })
  const hashes = 'swift_hash_path_prefix = parley\nswift_hash_path_suffix = test'
  writeFileSync(join(folder, 'swift.conf'), `[swift-hash]\n${hashes}\n[storage-policy:0]\nname = one\ndefault = yes\n`)
  const servers: ChildProcess[] = []
  const start = (name: string, settings: string) => {
    const file = join(folder, `${name}-server.conf`)
    writeFileSync(file, settings)
    const log = openSync(join(folder, `${name}.log`), 'a')
    const command = ['-c', endsWithUs, 'sh', `swift-${name}-server`, file, '--verbose']
    servers.push(spawn('sh', command, { cwd: folder, stdio: ['pipe', log, log] }))
  }
  for (const part of parts) {
    const port = await freePort()
    ring(folder, part, port)
    start(part, partSettings(folder, part, port))
  }
  const port = await freePort()
  start('proxy', proxySettings(folder, port))

  const endpoint = `http://127.0.0.1:${String(port)}`
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  })
  const stop = async () => {
    client.destroy()
    for (const server of servers) server.kill('SIGKILL')
    for (const server of servers) if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  atEndOfEachFile(stop)
  const deadlineMs = performance.now() + startTimeoutMs
  for (;;) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      break
    } catch (error) {
      if (performance.now() > deadlineMs || servers.some((server) => server.exitCode !== null)) {
        const logs = ['proxy', ...parts].map((name) => readFileSync(join(folder, `${name}.log`), 'utf8').slice(-2_000))
        throw new Error(`Swift did not start:\n${logs.join('\n')}`, { cause: error })
      }
      await sleep(100)
    }
  }
  return {
    endpoint,
    port,
    env: {
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    client,
    async keys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
      return Contents.map(({ Key = '' }) => Key)
    },
    stop,
  }
}
