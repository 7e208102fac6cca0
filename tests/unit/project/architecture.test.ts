import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  type GraphQLSchema,
} from 'graphql'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** A source file by its path from the root, as `src/log/hub.ts`. */
interface Source {
  path: string
  text: string
}

interface Import {
  /** Path from the root for a file of ours, else the package as it is written. */
  target: string
  typeOnly: boolean
}

/** Made once for each source: several tests ask. */
function once<Result>(make: (source: Source) => Result): (source: Source) => Result {
  const made = new WeakMap<Source, { result: Result }>()
  return (source) => {
    const known = made.get(source) ?? { result: make(source) }
    made.set(source, known)
    return known.result
  }
}

const parse = once(({ path, text }) => ts.createSourceFile(path, text, ts.ScriptTarget.Latest))

const importsOf = once((source): Import[] => {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    const { text } = specifier
    const target = text.startsWith('.') ? relative(root, resolve(root, dirname(source.path), text)) : text
    found.push({ target, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause: clause } = node
      const named = clause?.namedBindings
      const onlyTypes =
        clause !== undefined &&
        clause.name === undefined &&
        named !== undefined &&
        ts.isNamedImports(named) &&
        named.elements.length > 0 &&
        named.elements.every(({ isTypeOnly }) => isTypeOnly)
      add(node.moduleSpecifier, clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes)
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(source))
  return found
})

/** Files that import nothing of ours, because anybody may import them. */
const leaves = [
  'start-error',
  'telemetry/logger',
  'domain/errors',
  'domain/viewer',
  'log/event-types',
  'telemetry/facts',
  'files/paths',
  'clock',
]

/** What each room of src/ may import besides the leaves; a type costs nothing when it runs and may come from further away. */
const allowed: Record<string, { values: string[]; types?: string[] }> = {
  // What runs: the server, and the operator's commands.
  main: { values: ['app', 'config', 'workers'] },
  // Several processes behind one port, and what they have of the one that started them.
  workers: {
    values: ['embedded', 'store/database/migrate', 'ephemeral', 'bus', 'flow'],
    types: ['config'],
  },
  admin: { values: ['domain', 'log', 'store', 'embedded', 'bus', 'config'] },
  parley: {
    values: [
      ...['import', 'export', 'embedded', 'config', 'webhooks', 'doctor', 'backup', 'admin'],
      'domain/api-keys/scopes',
    ],
  },
  // What looks at all that a deployment stands on, and what saves it.
  doctor: {
    values: ['store/database', 'store/audit', 'domain/moderation/audit', 'bus/address'],
    types: ['config'],
  },
  backup: { values: ['embedded', 'store/database/session'], types: ['config'] },
  // What other chat systems export, into the database by itself: it needs no server.
  import: {
    values: ['files', 'domain/text', 'domain/sessions/invitation-tokens', 'store/invitations'],
    types: ['config'],
  },
  // What the database has, into a folder: it needs no server either.
  export: { values: ['files', 'domain/ids', 'import/text'], types: ['config'] },
  app: {
    values: [
      ...[
        'transport',
        'execution',
        'schema',
        'domain',
        'log',
        'flow',
        'store',
        'files',
        'webhooks',
        'embedded',
        'bus',
        'ephemeral',
      ],
      ...['fairness', 'telemetry'],
    ],
    types: ['config', 'workers'],
  },
  transport: { values: ['execution', 'schema', 'fairness', 'store/database/failures'] },
  execution: {
    values: ['schema', 'flow', 'fairness', 'transport/errors', 'domain/basis'],
    types: ['domain', 'log', 'store'],
  },
  // Who may have how much at once, and when.
  fairness: { values: ['flow'] },
  schema: { values: ['domain', 'schema/generated'], types: ['log', 'store'] },
  domain: {
    values: ['log', 'flow', 'fairness/network', 'bus/topics'],
    types: ['store', 'files', 'webhooks', 'bus', 'ephemeral'],
  },
  log: { values: ['flow', 'bus/topics', 'store/log-event'], types: ['store', 'bus'] },
  flow: { values: [] },
  store: { values: [] },
  // The bytes of attachments: where they are kept, and what they are found to be.
  files: { values: ['flow'], types: ['config'] },
  // Requests to addresses that others have chosen.
  webhooks: { values: ['store/webhook-endpoints', 'store/webhook-deliveries'], types: ['store'] },
  embedded: { values: [] },
  bus: { values: ['flow'] },
  ephemeral: { values: ['flow', 'bus/topics', 'bus/connection', 'bus/health'], types: ['bus/address'] },
  telemetry: { values: [] },
  config: { values: [] },
  clock: { values: [] },
  'start-error': { values: [] },
}

const sdkRooms = [
  ...['requests', 'connection', 'feed', 'session', 'devices', 'stores', 'outbox', 'storage', 'replica', 'tabs'],
  'generated',
]
/** The same for the rooms of the client package: who holds the state knows nothing of the network, and nobody of React. */
const allowedInSdk: Record<string, { values: string[]; types?: string[] }> = {
  // What anybody may import: the entries put the rooms together.
  index: { values: ['parley', 'core', 'health', ...sdkRooms], types: ['person'] },
  parley: { values: ['core', 'health', ...sdkRooms], types: ['person'] },
  core: { values: ['person', 'health', ...sdkRooms] },
  person: { values: sdkRooms },
  health: { values: ['stores/store'] },
  react: { values: ['parley', 'stores', 'generated'], types: ['core', 'health', ...sdkRooms] },
  links: { values: ['connection', 'requests', 'session'] },
  feed: { values: ['requests', 'generated', 'connection/clock', 'stores/store'], types: ['connection', 'replica'] },
  connection: { values: ['requests', 'stores/store'] },
  session: { values: ['requests', 'generated', 'stores/store', 'tabs'], types: ['storage'] },
  tabs: { values: ['stores/store', 'requests'], types: ['connection'] },
  devices: { values: [], types: ['storage', 'generated'] },
  outbox: {
    values: ['replica', 'requests', 'generated', 'stores', 'tabs', 'storage/storage'],
    types: ['storage', 'connection'],
  },
  stores: { values: ['replica', 'generated', 'requests', 'outbox'], types: ['storage', 'connection'] },
  storage: { values: ['replica'], types: ['outbox', 'session'] },
  replica: { values: ['generated', 'requests', 'stores/store', 'storage/storage'] },
  requests: { values: [] },
  generated: { values: ['requests/document'] },
}

const moduleOf = (path: string) => path.replace(/^(sdk\/)?src\//, '').replace(/\.tsx?$/, '')
const layerOf = (path: string) => moduleOf(path).split('/')[0] ?? ''
const isWithin = (path: string, place: string) => moduleOf(path) === place || moduleOf(path).startsWith(`${place}/`)
const isOurs = (target: string) => /^(sdk\/)?src\//.test(target)

function wrongImports(sources: Source[], rules = allowed): string[] {
  return sources.flatMap((source) => {
    const layer = layerOf(source.path)
    const rule = rules[layer]
    if (!rule) return [`${source.path}: there is no rule for src/${layer}`]
    const isLeaf = leaves.includes(moduleOf(source.path))
    return importsOf(source).flatMap(({ target, typeOnly }) => {
      if (!isOurs(target)) return target.startsWith('..') ? [`${source.path} → ${target}`] : []
      if (isLeaf) return [`${source.path} is a leaf → ${target}`]
      if (layerOf(target) === layer) return []
      if (leaves.includes(moduleOf(target)) && layer !== 'config') return []
      const places = typeOnly ? [...rule.values, ...(rule.types ?? [])] : rule.values
      return places.some((place) => isWithin(target, place))
        ? []
        : [`${source.path} → ${target}${typeOnly ? ' (type)' : ''}`]
    })
  })
}

/** Cycles of imports that run, each as the list of its files. Types alone make none. */
function cycles(sources: Source[]): string[] {
  const targets = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source).flatMap(({ target, typeOnly }) => (isOurs(target) && !typeOnly ? [target] : [])),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) walk(path, [])
  return found
}

function readersOfEnvironment(sources: Source[]): string[] {
  const reads = (node: ts.Node): boolean =>
    (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && node.expression.getText() === 'process') ||
    (ts.isImportDeclaration(node) && /^'(node:)?process'$/.test(node.moduleSpecifier.getText())) ||
    (ts.forEachChild(node, (child) => reads(child) || undefined) ?? false)
  return sources
    .filter(({ path, text }) => reads(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)))
    .map(({ path }) => path)
}

const tooLong = (sources: Source[], maxLines: number) =>
  sources.filter(({ text }) => text.trimEnd().split('\n').length > maxLines).map(({ path }) => path)

/** Files that only hand on what others export. */
function barrels(sources: Source[]): string[] {
  return sources
    .filter((source) => {
      const { statements } = parse(source)
      const isHandedOn = (node: ts.Statement) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined
      return statements.some(isHandedOn) && statements.every((node) => isHandedOn(node) || ts.isImportDeclaration(node))
    })
    .map(({ path }) => path)
}

function undescribed(schema: GraphQLSchema): string[] {
  const missing: string[] = []
  const check = (name: string, { description }: { description?: string | null }) => {
    if (!description?.trim()) missing.push(name)
  }
  for (const type of Object.values(schema.getTypeMap())) {
    // The words on GraphQL's own scalars are its own.
    if (isIntrospectionType(type) || ['ID', 'Int', 'Float', 'String', 'Boolean'].includes(type.name)) continue
    check(type.name, type)
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value)
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field)
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        check(`${type.name}.${field.name}`, field)
        for (const arg of field.args)
          check(`${type.name}.${field.name}(${arg.name}: ${getNamedType(arg.type).name})`, arg)
      }
    }
  }
  return missing
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') }))
}

const isGenerated = ({ path }: Source) => path.includes('/generated/')

describe('the source tree', () => {
  const sources = sourcesIn('src').filter((source) => !isGenerated(source))

  test('is there to be checked', () => {
    expect(sources.length).toBeGreaterThan(50)
  })
  test('imports one way: main → app → transport → execution → schema → domain → log → store | bus | ephemeral', () => {
    expect(wrongImports(sources)).toEqual([])
  })
  test('has no cycles', () => {
    expect(cycles(sources)).toEqual([])
  })
  test('reads the environment in config.ts alone, which gets it from what runs', () => {
    expect(readersOfEnvironment(sources)).toEqual(['src/admin.ts', 'src/main.ts', 'src/parley.ts'])
  })
  test('has no file over 300 lines', () => {
    expect(tooLong(sources, 300)).toEqual([])
  })
  test('has no barrels', () => {
    expect(barrels(sources)).toEqual([])
  })
  test('is unknown to the SDK, and the other way round', () => {
    const sdk = sourcesIn('sdk').flatMap((source) =>
      importsOf(source).map(({ target }) => `${source.path} → ${target}`),
    )
    expect(sdk.filter((line) => line.includes('→ src/') || line.includes('→ ..'))).toEqual([])
    const back = sources.flatMap((source) => importsOf(source).map(({ target }) => target))
    expect(back.filter((target) => target.startsWith('sdk/'))).toEqual([])
  })
})

describe('the client package', () => {
  const sources = sourcesIn('sdk/src').filter(({ path }) => !path.includes('.test.'))
  const written = sources.filter((source) => !isGenerated(source))

  test('imports one way between its rooms', () => {
    expect(wrongImports(sources, allowedInSdk)).toEqual([])
  })
  test('has no cycles', () => {
    expect(cycles(sources)).toEqual([])
  })
  test('has no file over 300 lines', () => {
    expect(tooLong(written, 300)).toEqual([])
  })
  test('has no barrels but its entry', () => {
    expect(barrels(written)).toEqual(['sdk/src/index.ts', 'sdk/src/links/live.ts', 'sdk/src/links/sse.ts'])
  })
  test('needs no graphql, and of other packages those it names', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'sdk/package.json'), 'utf8')) as Record<string, object>
    const named = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    const targets = sources
      // Whoever uses Apollo Client or urql has graphql.
      .filter(({ path }) => !path.startsWith('sdk/src/links/'))
      .flatMap((source) => importsOf(source).map(({ target }) => target))
      .filter((target) => !isOurs(target))
    expect(targets.filter((target) => target === 'graphql' || !named.includes(target.split('/')[0] ?? ''))).toEqual([])
  })
})

test('every type, field, argument and enum value of the schema is described', () => {
  expect(undescribed(buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8')))).toEqual([])
})

describe('the checks themselves find', () => {
  const source = (path: string, text: string): Source => ({ path, text })

  test.each([
    ['a layer above', 'src/domain/inbox.ts', `import { builder } from '../schema/builder.ts'`],
    ['the neighbour', 'src/store/events.ts', `import { topics } from '../bus/topics.ts'`],
    ['the neighbour, the other way', 'src/bus/redis.ts', `import type { LogEvent } from '../store/rows.ts'`],
    ['a value where only types may come from', 'src/schema/user.ts', `import { userColumns } from '../store/rows.ts'`],
    ['a mixed import', 'src/schema/user.ts', `import { type User, userColumns } from '../store/rows.ts'`],
    ['the bus itself', 'src/ephemeral/redis.ts', `import { createRedisBus } from '../bus/redis.ts'`],
    ['an implementation', 'src/domain/presence.ts', `import { createRedisPresence } from '../ephemeral/redis.ts'`],
    ['something re-exported', 'src/log/read.ts', `export { newId } from '../domain/ids.ts'`],
    ['something loaded later', 'src/log/read.ts', `const late = () => import('../domain/ids.ts')`],
    ['a leaf that leans on something', 'src/domain/errors.ts', `import type { Viewer } from './viewer.ts'`],
    ['a file outside src', 'src/main.ts', `import { seed } from '../../prisma/seed.ts'`],
    ['a new folder', 'src/utils/misc.ts', ''],
  ])('%s', (_, path, text) => {
    expect(wrongImports([source(path, text)])).toHaveLength(1)
  })

  test('nothing wrong with types from the store in a resolver', () => {
    expect(wrongImports([source('src/schema/user.ts', `import type { User } from '../store/rows.ts'`)])).toEqual([])
    expect(wrongImports([source('src/schema/user.ts', `import { type User } from '../store/rows.ts'`)])).toEqual([])
  })

  test('a cycle of three, and none where one of them is only a type', () => {
    const files = [
      source('src/log/a.ts', `import { b } from './b.ts'`),
      source('src/log/b.ts', `import { c } from './c.ts'`),
    ]
    expect(cycles([...files, source('src/log/c.ts', `import { a } from './a.ts'`)])).toEqual([
      'src/log/a.ts → src/log/b.ts → src/log/c.ts → src/log/a.ts',
    ])
    expect(cycles([...files, source('src/log/c.ts', `import type { A } from './a.ts'`)])).toEqual([])
  })

  test('a reader of the environment', () => {
    const reader = source('src/log/hub.ts', 'const size = Number(process.env.RING)')
    const importer = source('src/log/read.ts', `import { env } from 'node:process'`)
    expect(readersOfEnvironment([reader, importer, source('src/log/cursor.ts', 'process.pid')])).toEqual([
      reader.path,
      importer.path,
    ])
  })

  test('a file that is too long', () => {
    expect(tooLong([source('src/a.ts', 'x\n'.repeat(301)), source('src/b.ts', 'x\n'.repeat(300))], 300)).toEqual([
      'src/a.ts',
    ])
  })

  test('a barrel, and no barrel in a file with something of its own', () => {
    const barrel = source('src/store/all.ts', `export * from './rows.ts'\nexport { a } from './a.ts'`)
    const own = source('src/store/rows.ts', `export type { User } from './user.ts'\nexport const a = 1`)
    expect(barrels([barrel, own])).toEqual([barrel.path])
  })

  test('a type, field, argument and value without words', () => {
    const schema = buildSchema(`
      type Query { a(b: Int): E }
      """said""" enum E { """said""" X Y }
      input I { c: Int }`)
    expect(undescribed(schema)).toEqual(['Query', 'Query.a', 'Query.a(b: Int)', 'E.Y', 'I', 'I.c'])
  })
})
