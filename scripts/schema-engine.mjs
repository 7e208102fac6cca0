// Prisma's schema engine as WASM, for comparing schemas without the native engine that `prisma migrate` would download.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'

const root = join(import.meta.dirname, '..')
const schemaPath = join(root, 'prisma/schema.prisma')

async function loadEngine() {
  // The engine leaves the text of a panic here.
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => console.error(message) }
  // By file path: the package's entry imports .wasm as a module, which Node 20 does not support.
  const folder = join(root, 'node_modules/@prisma/schema-engine-wasm')
  const bindings = await import(join(folder, 'schema_engine_bg.js'))
  const module = new WebAssembly.Module(readFileSync(join(folder, 'schema_engine_bg.wasm')))
  const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(exports)
  const start = /** @type {() => void} */ (exports.__wbindgen_start)
  start()
  return bindings.SchemaEngine
}

/** Makes the adapter accept PostgreSQL's one-byte "char" (oid 18), which the engine reads from the catalogs. */
function withCatalogChars(adapter) {
  const { performIO, queryRaw } = adapter
  const charColumnsByQuery = new WeakMap()
  adapter.performIO = async (query) => {
    const result = await performIO.call(adapter, query)
    const charColumns = result.fields.flatMap((field, index) => (field.dataTypeID === 18 ? [index] : []))
    // As text (oid 25) the value passes the adapter; the type that the engine expects is restored below.
    for (const index of charColumns) result.fields[index].dataTypeID = 25
    charColumnsByQuery.set(query, charColumns)
    return result
  }
  adapter.queryRaw = async (query) => {
    const result = await queryRaw.call(adapter, query)
    for (const index of charColumnsByQuery.get(query)) result.columnTypes[index] = ColumnTypeEnum.Character
    return result
  }
  return adapter
}

/**
 * The SQL that brings a database to prisma/schema.prisma, or null when nothing is missing. Functions, CHECK constraints and
 * partial indexes are not compared: Prisma cannot express them. Only once per process: the engine keeps global state.
 */
export async function sqlToReachSchema(databaseUrl) {
  const SchemaEngine = await loadEngine()
  const schema = { path: schemaPath, content: readFileSync(schemaPath, 'utf8') }
  const factory = new PrismaPg({ connectionString: databaseUrl })
  const connect = factory.connect.bind(factory)
  factory.connect = async () => withCatalogChars(await connect())
  const engine = await SchemaEngine.new(
    { datamodels: [[schema.path, schema.content]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  const { exitCode, stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files: [schema], configDir: root },
    to: { tag: 'schemaDatamodel', files: [schema] },
    script: true,
    exitCode: true,
    // The list of applied migrations is Prisma's own table and is part of no schema.
    filters: { externalTables: ['public._prisma_migrations'], externalEnums: [] },
  })
  return exitCode === 0 ? null : stdout
}
