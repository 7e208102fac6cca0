import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config.ts'

interface Service {
  image?: string
  build?: string
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
}

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8')
const compose = parse(read('docker-compose.yml')) as {
  services: Record<'app' | 'postgres' | 'redis', Service>
  volumes: Record<string, null>
}
const { app, postgres, redis } = compose.services

describe('docker-compose.yml', () => {
  it('gives the server settings that it accepts', () => {
    const env = { ...app.environment, JWT_SECRET: 'x'.repeat(32) }
    expect(app.environment?.JWT_SECRET).toMatch(/^\$\{JWT_SECRET:\?/)
    expect(loadConfig(env)).toMatchObject({ development: false, host: '0.0.0.0', port: 4000 })
    expect(app.ports).toEqual(['4000:4000'])
  })

  it('has the database and the Redis that these settings name', () => {
    const { databaseUrl, redisUrl } = loadConfig({ ...app.environment, JWT_SECRET: 'x'.repeat(32) })
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

  it('starts the server when both are healthy, and keeps their data', () => {
    expect(app.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    })
    expect(postgres.healthcheck?.test).toContain('pg_isready')
    expect(redis.healthcheck?.test).toContain('redis-cli')
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql'])
    expect(app.volumes).toEqual(['files:/data'])
    expect(Object.keys(compose.volumes)).toEqual(['files', 'postgres', 'redis'])
  })

  it('opens the database and the Redis to this machine only', () => {
    for (const port of [...(postgres.ports ?? []), ...(redis.ports ?? [])]) expect(port).toMatch(/^127\.0\.0\.1:/)
  })
})

describe('Dockerfile', () => {
  it('runs the built server as a user without rights, on the version of Node that package.json asks for', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^USER node$/m)
    // Who may write there, which is no part of a new volume, is taken from the image.
    expect(dockerfile).toMatch(
      /^ENV PARLEY_DATA_DIR=\/data\nRUN mkdir \/data && chown node:node \/data\nVOLUME \/data$/m,
    )
    expect(dockerfile).toMatch(/^CMD .*"dist\/main\.js"\]$/m)
    expect(dockerfile.match(/^FROM node:20-slim/gm)).toHaveLength(2)
  })
})
