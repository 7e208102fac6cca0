import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { build, type BuildOptions } from 'esbuild'
import { atEndOfEachFile } from '../testkit/at-end.ts'

/** A program with all it imports, and the client from its source: tsconfig.json says where that is. */
export async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxDev: true,
    // React's development build, as it warns.
    define: { 'process.env.NODE_ENV': '"development"' },
    write: false,
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

/** Serves a page of its own with this program in it, as an application is that embeds the client, and this in its body. Returns its address. */
export async function servePage(entry: string, main = ''): Promise<string> {
  const program = await bundle(entry, { platform: 'browser' })
  const html = `<!doctype html><title>A page</title><main>${main}</main><script type="module" src="/program.js"></script>`
  const server = createServer((request, response) => {
    const isProgram = request.url === '/program.js'
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isProgram ? program : html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEndOfEachFile(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
