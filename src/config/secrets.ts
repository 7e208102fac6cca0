import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

/** Settings whose values are secret, or have passwords in them: no complaint quotes them. */
const secrets = [
  'DATABASE_URL',
  'REDIS_URL',
  'JWT_SECRET',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS',
]
/** Not secret, but too long for a variable, and of several lines. */
const texts = ['AUTH_PUBLIC_KEY']

export const isSecret = (name: string): boolean => secrets.includes(name)

type Given = Readonly<Record<string, string | undefined>>

export interface Read {
  /** The settings, with what was in files as if it had been given itself. */
  given: Record<string, string | undefined>
  /** Settings that came from a file, and which. */
  files: Readonly<Record<string, string>>
}

/** As `cat` puts it into a variable: editors and `echo` end a file with a line end. */
const withoutEnd = (text: string) => text.replace(/\s+$/, '')

/**
 * Each of these settings can be in a file that `<name>_FILE` names, which is how Docker and Kubernetes hand secrets over: variables
 * are in `docker inspect`, in crash reports and in the environment of every child. Answers one line when a file cannot be used.
 */
export function withSecretFiles(given: Given): Read | string {
  const read: Record<string, string | undefined> = { ...given }
  const files: Record<string, string> = {}
  for (const name of [...secrets, ...texts]) {
    const setting = `${name}_FILE`
    const file = given[setting]
    if (file === undefined) continue
    if (given[name] !== undefined) return `${name} or ${setting} must be set, not both.`
    let text: string
    try {
      text = withoutEnd(readFileSync(file, 'utf8'))
    } catch (error) {
      return `${setting} cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'it cannot be read'}.`
    }
    if (text === '') return `${setting} cannot be used: the file is empty.`
    if (isSecret(name) && /[\r\n]/.test(text)) return `${setting} cannot be used: the file has several lines.`
    read[name] = text
    files[name] = isAbsolute(file) ? file : resolve(file)
  }
  return { given: read, files }
}

/** A complaint names what was set: the file, when the value is from one. */
export const naming = (complaint: string, files: Read['files']): string =>
  complaint.replace(/^[A-Z][A-Z\d_]+/, (name) => (name in files ? `${name} (in ${name}_FILE)` : name))
