import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config.ts'

interface Service {
  image?: string
  build?: string
  entrypoint?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }> | string[]
  profiles?: string[]
  healthcheck?: { test: string[] }
}

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8')
const compose = parse(read('docker-compose.yml')) as {
  services: Record<'app' | 'postgres' | 'redis' | 'minio' | 'bucket' | 'prometheus' | 'grafana', Service>
  volumes: Record<string, null>
}
const { app, postgres, redis, minio, bucket } = compose.services

/** As docker compose gives it to the server, with nothing but the secret set. */
const environment = {
  ...Object.fromEntries(
    Object.entries(app.environment ?? {}).map(([name, value]) => [name, value.replace(/\$\{\w+:-(.*)\}/, '$1')]),
  ),
  JWT_SECRET: 'x'.repeat(32),
}

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

  it('gives the server settings that it accepts', () => {
    expect(app.environment?.JWT_SECRET).toMatch(/^\$\{JWT_SECRET:\?/)
    expect(loadConfig(environment)).toMatchObject({ development: false, host: '0.0.0.0', port: 4000 })
    expect(app.ports).toEqual(['4000:4000'])
  })

  it('has the database and the Redis that these settings name', () => {
    const { databaseUrl, redisUrl } = loadConfig(environment)
    const database = new URL(databaseUrl!)
    expect(database.hostname).toBe('postgres')
    expect(postgres.environment).toEqual({
      POSTGRES_USER: database.username,
      POSTGRES_PASSWORD: database.password,
      POSTGRES_DB: database.pathname.slice(1),
    })
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
    expect(minio.environment).toEqual({ MINIO_ROOT_USER: s3?.accessKeyId, MINIO_ROOT_PASSWORD: s3?.secretAccessKey })
    expect(minio.image).toMatch(/^minio\/minio:RELEASE\.[\w-]+$/)
    expect(bucket.image).toBe(minio.image)
    expect(bucket.entrypoint).toEqual(['mc', 'mb', '--ignore-existing', `store/${s3?.bucket ?? ''}`])
    const store = new URL(bucket.environment?.MC_HOST_store ?? '')
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
