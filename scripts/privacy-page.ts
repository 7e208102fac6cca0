// The part of docs/security.md that shows docs/privacy.table.json. Run: npm run docs:privacy
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format, resolveConfig } from 'prettier'

/** Each row has what the viewers get, in their order: a value, null, or a code. */
export interface PrivacyTable {
  viewers: string[]
  operations: Record<string, string[]>
  /** Of objects that have an id. */
  fields: Record<string, string[]>
  /** Fields of all other types: who gets the object gets them. */
  carried: Record<string, string[]>
}

const page = join(import.meta.dirname, '../docs/security.md')

const words: Record<string, string> = {
  groupAdmin: 'ADMIN of the group',
  staff: 'STAFF',
  admin: 'ADMIN',
  former: 'former member',
}

/** One line for each kind of cells, with all names of this part that have them. */
function lines(viewers: string[], rows: Record<string, string[]>, part: string): string {
  const byCells = new Map<string, string[]>()
  for (const [name, cells] of Object.entries(rows)) {
    if (!name.startsWith(`${part}.`)) continue
    const key = cells.join(' | ')
    byCells.set(key, [...(byCells.get(key) ?? []), `\`${name.slice(part.length + 1)}\``])
  }
  const head = `| | ${viewers.map((viewer) => words[viewer] ?? viewer).join(' | ')} |`
  const rule = `|${' --- |'.repeat(viewers.length + 1)}`
  return [head, rule, ...[...byCells].map(([cells, names]) => `| ${names.join(', ')} | ${cells} |`)].join('\n')
}

/** As it stands in the page. */
export async function privacySection({ viewers, operations, fields }: PrivacyTable): Promise<string> {
  const types = [...new Set(Object.keys(fields).map((name) => name.split('.')[0] ?? ''))]
  const parts = [
    ...['Query', 'Mutation', 'Subscription'].map((root) => `### ${root}\n\n${lines(viewers, operations, root)}`),
    ...types.map((type) => `### Fields of ${type}\n\n${lines(viewers, fields, type)}`),
  ]
  return format(parts.join('\n\n'), { ...(await resolveConfig(page)), parser: 'markdown' })
}

const begin = '<!-- privacy table: npm run docs:privacy -->\n\n'

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const table = JSON.parse(readFileSync(join(page, '../privacy.table.json'), 'utf8')) as PrivacyTable
  const [before = ''] = readFileSync(page, 'utf8').split(begin)
  writeFileSync(page, `${before}${begin}${await privacySection(table)}`)
}
