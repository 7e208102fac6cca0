import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'parley-compiled-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const evaluate = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' })

test.each(['main', 'admin'])('V8 takes the code that the build keeps of %s', (name) => {
  const [bundle = ''] = new RegExp(`${name}-\\w+\\.cjs`).exec(readFileSync(join(root, `dist/${name}.js`), 'utf8')) ?? []
  const { stdout, stderr } = evaluate(`
    import { readFileSync } from 'node:fs'
    import { Script } from 'node:vm'
    import { sourceOf } from './scripts/compiled.mjs'
    const cachedData = readFileSync('dist/${bundle.replace('.cjs', '.code')}')
    const script = new Script(sourceOf('dist/${bundle}'), { cachedData })
    console.log(script.cachedDataRejected)`)
  expect(stdout, stderr).toBe('false\n')
})

test('a program runs without its code as well, and its stacks name the sources where that is asked for', () => {
  const source = join(folder, 'boom.ts')
  writeFileSync(join(folder, 'reason.mjs'), "export const reason = 'Boom'\n")
  writeFileSync(
    source,
    `
import { join } from 'node:path'
const boom = (it: { reason: string }): never => {
  throw new Error(it.reason)
}
void import(join(import.meta.dirname, 'reason.mjs')).then(boom)
`,
  )
  const made = evaluate(`
    import { makeProgram } from './scripts/bundle.mjs'
    await makeProgram({ name: 'boom', source: ${JSON.stringify(source)}, folder: ${JSON.stringify(folder)}, digest: 'ab'.repeat(8), trial: {} })`)
  expect(made.stderr).toBe('')
  const run = (...flags: string[]) =>
    spawnSync(process.execPath, [...flags, join(folder, 'boom.js')], { encoding: 'utf8' }).stderr
  expect(run()).toMatch(/Error: Boom\n\s+at boom \(.*boom-abababababab\.cjs:\d+:\d+\)/)
  expect(run('--enable-source-maps')).toMatch(/Error: Boom\n\s+at boom \(.*\/boom\.ts:4:9\)/)
  // Flags of V8 that change its code, as another version would.
  expect(run('--no-opt')).toContain('Error: Boom')
  rmSync(join(folder, readdirSync(folder).find((file) => file.endsWith('.code')) ?? ''))
  expect(run()).toContain('Error: Boom')
})
