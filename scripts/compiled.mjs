// Runs a bundle with the code that V8 made of it at the build: a server starts in three fifths of the processor time, on each
// version of Node. Node's own compile cache is there from 22 on, and for what is written to it by a first start.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire, SourceMap } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

/** @param {string} bundle */
export const codeFileOf = (bundle) => bundle.replace(/\.cjs$/, '.code')

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/**
 * Node maps the stacks of what its own loaders load, and not of scripts.
 * @param {string} bundle
 */
function mapStacks(bundle) {
  /** @type {SourceMap | null | undefined} */
  let map
  const read = () => {
    const text = readIfThere(`${bundle}.map`)?.toString()
    return text === undefined ? null : new SourceMap(JSON.parse(text))
  }
  /** @type {(frame: NodeJS.CallSite) => string} */
  const mapped = (frame) => {
    const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()]
    if (frame.getFileName() !== bundle || line === null || column === null) return String(frame)
    if (map === undefined) map = read()
    const origin = map?.findOrigin(line, column)
    if (!origin || !('fileName' in origin)) return String(frame)
    const place = `${new URL(origin.fileName, `file://${bundle}`).pathname}:${origin.lineNumber}:${origin.columnNumber}`
    return String(frame).replace(`${bundle}:${line}:${column}`, place)
  }
  Error.prepareStackTrace = (error, frames) => [error, ...frames.map((frame) => `    at ${mapped(frame)}`)].join('\n')
}

/** As bundle.mjs makes them: `__load` stands for import(). @param {string} bundle */
export const sourceOf = (bundle) =>
  `(function (exports, require, module, __filename, __dirname, __load) { ${readFileSync(bundle, 'utf8')}\n})`

/**
 * Another version of Node takes none of the code, and compiles the bundle as if there were none. With `keep` the code of all
 * that ran is written when the process ends.
 * @param {string} bundle path of a CommonJS file, whose name changes with its content: V8 looks at no more than its length
 * @param {{ keep?: boolean, beforeRun?: () => void }} [options]
 */
export function runCompiled(bundle, { keep = false, beforeRun } = {}) {
  const script = new Script(sourceOf(bundle), {
    filename: bundle,
    cachedData: keep ? undefined : readIfThere(codeFileOf(bundle)),
  })
  if (keep) {
    process.once('exit', () => {
      const draft = `${codeFileOf(bundle)}.${process.pid}`
      writeFileSync(draft, script.createCachedData())
      renameSync(draft, codeFileOf(bundle))
    })
  }
  if (process.sourceMapsEnabled) mapStacks(bundle)
  // Flags that are set make V8 refuse code that was compiled without them.
  beforeRun?.()
  const module = { exports: {} }
  const load = (/** @type {string} */ specifier) => import(specifier)
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle), load)
}
