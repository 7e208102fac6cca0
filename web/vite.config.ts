import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The server that `npm run dev -w web` shows the pages of: npm start beside it. */
const server = process.env.PARLEY_URL ?? 'http://127.0.0.1:4000'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Addresses of what the page loads start at its base, which the server writes into it.
  base: './',
  plugins: [react()],
  resolve: {
    // Its source: nothing has to be built before.
    alias: [
      {
        find: '@parley/client/documents',
        replacement: fileURLToPath(new URL('../sdk/src/generated/graphql.ts', import.meta.url)),
      },
      { find: '@parley/client', replacement: fileURLToPath(new URL('../sdk/src/index.ts', import.meta.url)) },
    ],
  },
  build: { target: 'es2022', modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: {
    proxy: Object.fromEntries(
      ['/graphql', '/files', '/uploads'].map((path) => [path, { target: server, ws: path === '/graphql' }]),
    ),
  },
})
