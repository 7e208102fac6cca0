import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config.ts'

interface Service {
  image?: string
  build?: string
  entrypoint?: string[]
  environment?: Record<string, string>
  secrets?: string[]
  volumes?: string[]
  ports?: string[]
  expose?: string[]
  depends_on?: Record<string, { condition: string }> | string[]
  profiles?: string[]
  healthcheck?: { test: string[] }
  read_only?: boolean
  deploy?: { replicas?: number; resources: { limits: { cpus: string; memory: string } } }
}

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8')
type Name = 'nginx' | 'app' | 'postgres' | 'redis' | 'minio' | 'bucket' | 'prometheus' | 'grafana'
const compose = parse(read('docker-compose.yml')) as {
  services: Record<Name, Service>
  volumes: Record<string, null>
  secrets: Record<string, { file: string }>
}
const { nginx, app, postgres, redis, minio, bucket } = compose.services

/** As deploy/compose/, where the script makes its files. */
const folder = mkdtempSync(join(tmpdir(), 'parley-compose-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})
copyFileSync(join(import.meta.dirname, '../../../deploy/compose/make-secrets.sh'), join(folder, 'make-secrets.sh'))
const makeSecrets = (env: Record<string, string> = {}) =>
  execFileSync(join(folder, 'make-secrets.sh'), { env: { PATH: process.env.PATH, ...env } })
makeSecrets()
const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8').trim()

/** As docker compose gives it to the server, with its secrets where they were made. */
const environment = Object.fromEntries(
  Object.entries(app.environment ?? {}).map(([name, value]) => [
    name,
    value.replace(/\$\{\w+:-(.*)\}/, '$1').replace(/^\/run\/secrets\//, `${folder}/secrets/`),
  ]),
)

describe('docker-compose.yml', () => {
  it('has Prometheus and Grafana in a profile, with the files and addresses that they need', () => {
    const { prometheus, grafana } = compose.services
    expect([prometheus.profiles, grafana.profiles]).toEqual([['observability'], ['observability']])
    const { metricsPort, metricsHost } = loadConfig(environment)
    expect(metricsHost).toBe('0.0.0.0')
    const scraping = parse(read('deploy/prometheus/prometheus.yml')) as {
      rule_files: string[]
      scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[]
    }
    expect(scraping.scrape_configs[0]?.dns_sd_configs).toEqual([{ names: ['app'], type: 'A', port: metricsPort }])
    for (const file of scraping.rule_files) expect(read(`deploy/prometheus/${file}`)).toContain('alert: ')
    const sources = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')) as { datasources: object[] }
    expect(sources.datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }])
    const mounted = [...(prometheus.volumes ?? []), ...(grafana.volumes ?? [])].map((volume) => volume.split(':'))
    for (const [from = ''] of mounted) {
      if (from.startsWith('./')) expect(existsSync(join(import.meta.dirname, '../../..', from)), from).toBe(true)
      else expect(Object.keys(compose.volumes)).toContain(from)
    }
    const boards = parse(read('deploy/grafana/provisioning/dashboards/parley.yml')) as {
      providers: { options: { path: string } }[]
    }
    const folder = boards.providers[0]?.options.path
    expect(mounted.map(([, to]) => to)).toContain(`${String(folder)}/parley.json`)
  })

  it('gives the server settings that it accepts, and no secret in a variable', () => {
    expect(loadConfig(environment)).toMatchObject({ development: false, host: '0.0.0.0', port: 4000 })
    const files = loadConfig(environment).secretFiles
    expect(Object.keys(files).sort()).toEqual(['DATABASE_URL', 'JWT_SECRET', 'S3_SECRET_ACCESS_KEY'])
    for (const { environment: variables = {} } of Object.values(compose.services))
      for (const [name, value] of Object.entries(variables))
        if (/PASSWORD|SECRET|DATABASE_URL/.test(name))
          expect([name, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\/run\/secrets\//)])
  })

  it('has secrets for the services that use them, made by a script that keeps those that are there', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const text = JSON.stringify([service.environment, service.entrypoint])
      const used = [...text.matchAll(/\/run\/secrets\/(\w+)/g)].map((match) => match[1])
      expect([name, (service.secrets ?? []).toSorted()]).toEqual([name, used.toSorted()])
    }
    const made = readdirSync(join(folder, 'secrets')).sort()
    expect(made).toEqual(Object.keys(compose.secrets).sort())
    for (const name of made) {
      expect(compose.secrets[name]).toEqual({ file: `./deploy/compose/secrets/${name}` })
      expect(statSync(join(folder, 'secrets', name)).mode & 0o777).toBe(0o444)
    }
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700)
    const before = made.map(secret)
    expect(new Set(before).size).toBe(made.length)
    makeSecrets({ JWT_SECRET: 'x'.repeat(40) })
    expect(made.map(secret)).toEqual(before)
    rmSync(join(folder, 'secrets/jwt_secret'))
    makeSecrets({ JWT_SECRET: 'x'.repeat(40) })
    expect(secret('jwt_secret')).toBe('x'.repeat(40))
    for (const ignored of ['.gitignore', '.dockerignore'])
      expect(read(ignored)).toMatch(/^deploy(\/compose\/secrets\/)?$/m)
  })

  it('has two replicas that only nginx reaches, which waits until they are healthy', () => {
    expect(app.deploy?.replicas).toBe(2)
    expect([app.ports, app.expose, nginx.ports]).toEqual([undefined, ['4000'], ['4000:80']])
    expect(nginx.depends_on).toEqual({ app: { condition: 'service_healthy' } })
    expect(nginx.volumes).toEqual(['./deploy/nginx/nginx.conf:/etc/nginx/nginx.conf:ro'])
    const config = read('deploy/nginx/nginx.conf')
    expect(config).toMatch(/^ {4}server app:4000 resolve /m)
    expect(config).toMatch(/^ {4}listen 80;$/m)
    expect(config).not.toMatch(/^ *(ip_hash|hash|sticky)\b/m)
    expect(loadConfig(environment).trustProxy).toEqual(['uniquelocal'])
  })

  it('bounds what each service may take, and looks at the health of each', () => {
    const lasting = { nginx, app, postgres, redis, minio }
    for (const [name, service] of Object.entries(lasting)) {
      expect([name, service.deploy?.resources.limits]).toEqual([
        name,
        { cpus: expect.stringMatching(/^\d$/) as string, memory: expect.stringMatching(/^\d+[MG]$/) as string },
      ])
      expect(service.healthcheck?.test[0], name).toBe('CMD')
    }
    expect([app.read_only, nginx.read_only]).toEqual([true, true])
  })

  it('asks for health as it is answered', async () => {
    const [, ...command] = app.healthcheck?.test ?? []
    expect(command.slice(0, 2)).toEqual(['node', '-e'])
    const code = command[2]?.replace(':4000', ':1') ?? ''
    // Nothing listens there.
    expect(() => execFileSync(process.execPath, ['-e', code])).toThrow()
    const file = join(folder, 'answer.mjs')
    writeFileSync(
      file,
      `globalThis.fetch = async (url) => ({ ok: url === 'http://127.0.0.1:1/health/ready' })\nawait import('data:text/javascript,' + encodeURIComponent(${JSON.stringify(code)}))`,
    )
    execFileSync(process.execPath, [file])
  })

  it('has the database and the Redis that these settings name', () => {
    const { databaseUrl, redisUrl } = loadConfig(environment)
    const database = new URL(databaseUrl!)
    expect(database.hostname).toBe('postgres')
    expect(postgres.environment).toEqual({
      POSTGRES_USER: database.username,
      POSTGRES_PASSWORD_FILE: '/run/secrets/postgres_password',
      POSTGRES_DB: database.pathname.slice(1),
    })
    expect(secret('postgres_password')).toBe(database.password)
    expect(database.password).toMatch(/^[\da-f]{64}$/)
    expect(new URL(redisUrl!).hostname).toBe('redis')
    expect(postgres.image).toBe('postgres:18')
    expect(redis.image).toBe('redis:7')
  })

  it('has the store of files that these settings name, with its bucket', () => {
    const { s3 } = loadConfig(environment)
    expect(s3).toMatchObject({
      endpoint: 'http://minio:9000',
      publicEndpoint: 'http://localhost:9000',
      forcePathStyle: true,
    })
    expect(minio.environment).toEqual({
      MINIO_ROOT_USER: s3?.accessKeyId,
      MINIO_ROOT_PASSWORD_FILE: '/run/secrets/s3_secret_access_key',
    })
    expect(secret('s3_secret_access_key')).toBe(s3?.secretAccessKey)
    expect(minio.image).toMatch(/^minio\/minio:RELEASE\.[\w-]+$/)
    expect(bucket.image).toBe(minio.image)
    const [shell, flag, line = ''] = bucket.entrypoint ?? []
    expect([shell, flag]).toEqual(['sh', '-c'])
    expect(line).toContain(` mc mb --ignore-existing store/${s3?.bucket ?? ''}`)
    // As compose and then the shell read it.
    const asRun = line
      .replaceAll('$$', '$')
      .replace('/run/secrets/', `${folder}/secrets/`)
      .replace(/ mc mb .*$/, ' env')
    const variables = execFileSync('sh', ['-c', asRun], { encoding: 'utf8' })
    const store = new URL(/^MC_HOST_store=(.*)$/m.exec(variables)?.[1] ?? '')
    expect([store.origin, store.username, store.password]).toEqual([s3?.endpoint, s3?.accessKeyId, s3?.secretAccessKey])
  })

  it('starts the server when all are healthy and the bucket is there, and keeps their data', () => {
    expect(app.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
      bucket: { condition: 'service_completed_successfully' },
    })
    expect(bucket.depends_on).toEqual({ minio: { condition: 'service_healthy' } })
    expect(minio.healthcheck?.test).toEqual(['CMD', 'mc', 'ready', 'local'])
    expect(postgres.healthcheck?.test).toContain('pg_isready')
    expect(redis.healthcheck?.test).toContain('redis-cli')
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql'])
    expect(minio.volumes).toEqual(['minio:/data'])
    expect(Object.keys(compose.volumes)).toEqual(['grafana', 'minio', 'postgres', 'prometheus', 'redis'])
  })

  it('opens the database, the Redis and the store to this machine only', () => {
    for (const port of [postgres, redis, minio].flatMap(({ ports = [] }) => ports))
      expect(port).toMatch(/^127\.0\.0\.1:/)
  })
})

describe('Dockerfile', () => {
  it('runs the built server as a user without rights, on a Node that gets security fixes', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^USER node$/m)
    // Who may write there, which is no part of a new volume, is taken from the image.
    expect(dockerfile).toMatch(
      /^ENV PARLEY_DATA_DIR=\/data\nRUN mkdir \/data && chown node:node \/data\nVOLUME \/data$/m,
    )
    expect(dockerfile).toMatch(/^CMD .*"dist\/main\.js"\]$/m)
    expect(dockerfile.match(/^FROM node:24-slim/gm)).toHaveLength(2)
  })
})
