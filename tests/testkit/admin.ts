import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { testSecret } from './server.ts'

/** Runs a command of the operator's on a database: its exit code, and all that it wrote. */
export const runAdmin = (databaseUrl: string, ...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(import.meta.dirname, '../../dist/admin.js'), ...args],
      { env: { ...process.env, DATABASE_URL: databaseUrl, JWT_SECRET: testSecret } },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr })
      },
    )
  })
