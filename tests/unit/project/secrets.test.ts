import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig, type Config } from '../../../src/config.ts'
import { lookAtSecrets } from '../../../src/doctor/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-secrets-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

let count = 0
function fileWith(text: string): string {
  const file = join(folder, `secret-${String((count += 1))}`)
  writeFileSync(file, text)
  return file
}

function complaintAbout(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('the settings were accepted')
}

const key = 'k'.repeat(40)
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const store = { S3_BUCKET: 'files', S3_ENDPOINT: 'http://minio:9000', S3_ACCESS_KEY_ID: 'p', S3_SECRET_ACCESS_KEY: 's' }
const webhook = { WEBHOOK_URL: 'https://a.example/hook', WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` }

/** Each setting with a secret, what goes with it, a value, and where it is found. */
const settings: [string, NodeJS.ProcessEnv, string, (config: Config) => unknown][] = [
  ['DATABASE_URL', { JWT_SECRET: key }, 'postgresql://parley:hush@db/parley', (config) => config.databaseUrl],
  ['REDIS_URL', {}, 'redis://:hush@redis:6379/0', (config) => config.redisUrl],
  ['JWT_SECRET', {}, key, (config) => config.jwtSecret],
  ['S3_ACCESS_KEY_ID', store, 'hush-id', (config) => config.s3?.accessKeyId],
  ['S3_SECRET_ACCESS_KEY', store, 'hush-key', (config) => config.s3?.secretAccessKey],
  ['WEBHOOK_URL', webhook, 'https://a.example/hook?token=hush', (config) => config.webhooks.url],
  ['WEBHOOK_SECRET', webhook, `whsec_${'B'.repeat(32)}`, (config) => config.webhooks.secret],
  [
    'OTEL_EXPORTER_OTLP_HEADERS',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    'authorization=hush',
    (config) => config.traces?.headers.authorization && `authorization=${config.traces.headers.authorization}`,
  ],
]

describe('secrets in files', () => {
  it.each(settings)('%s is taken from the file that its _FILE names, without the line end', (name, env, value, of) => {
    const file = fileWith(`${value}\n`)
    const config = loadConfig({ ...env, [name]: '', [`${name}_FILE`]: file })
    expect(of(config)).toBe(value)
    expect(config.secretFiles).toEqual({ [name]: file })
    expect(complaintAbout({ ...env, [name]: value, [`${name}_FILE`]: file })).toBe(
      `${name} or ${name}_FILE must be set, not both.`,
    )
  })

  it('a public key has its lines, and may end as files of Windows do', () => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const env = { AUTH_ISSUER: 'https://login.example.com/' }
    for (const text of [pem, pem.replaceAll('\n', '\r\n')]) {
      const config = loadConfig({ ...env, AUTH_PUBLIC_KEY_FILE: fileWith(text) })
      expect(config.identity.outside?.keys).toEqual([publicKey.export({ format: 'jwk' })])
    }
    expect(loadConfig({ JWT_SECRET_FILE: fileWith(`${key}\r\n`) }).jwtSecret).toBe(key)
  })

  it('a path may be relative to where the process starts', () => {
    const file = fileWith(key)
    const config = loadConfig({ JWT_SECRET_FILE: relative(process.cwd(), file) })
    expect(config).toMatchObject({ jwtSecret: key, secretFiles: { JWT_SECRET: file } })
  })

  it.each([
    ['that is not there', join(folder, 'none'), /^JWT_SECRET_FILE cannot be used: ENOENT\.$/],
    ['that is a folder', folder, /^JWT_SECRET_FILE cannot be used: EISDIR\.$/],
    ['that is empty', fileWith('\n'), /^JWT_SECRET_FILE cannot be used: the file is empty\.$/],
    ['with several lines', fileWith(`hush\n${key}`), /^JWT_SECRET_FILE cannot be used: the file has several lines\.$/],
    [
      'with a value that is not allowed',
      fileWith('hush\n'),
      /^JWT_SECRET \(in JWT_SECRET_FILE\) must be at least 32 characters, but it is a text of 4 characters\.$/,
    ],
  ])('a file %s is refused in a line that does not quote it', (_, file, complaint) => {
    expect(complaintAbout({ JWT_SECRET_FILE: file })).toMatch(complaint)
  })

  it('a complaint about settings together names the file too', () => {
    const complaint = complaintAbout({ AUTH_ISSUER: 'https://a', AUTH_PUBLIC_KEY_FILE: fileWith('hush') })
    expect(complaint).toMatch(/^AUTH_PUBLIC_KEY \(in AUTH_PUBLIC_KEY_FILE\) cannot be used: it is no PEM/)
    expect(complaintAbout({ DATABASE_URL_FILE: fileWith('postgresql://db/parley') })).toMatch(
      /^JWT_SECRET must be set when DATABASE_URL is, or JWT_SECRET_FILE: /,
    )
  })

  it('the doctor warns of one that everybody can write, and of no other', () => {
    const file = fileWith(key)
    chmodSync(file, 0o444)
    const look = () => lookAtSecrets(loadConfig({ JWT_SECRET_FILE: file }))
    expect(look()).toEqual([{ check: 'settings.files', level: 'ok', message: 'from files: JWT_SECRET' }])
    chmodSync(file, 0o666)
    expect(look()).toMatchObject([{ check: 'settings.files', level: 'warning', remedy: `chmod o-w ${file}` }])
    expect(lookAtSecrets(loadConfig({ JWT_SECRET: key }))).toEqual([])
  })
})
