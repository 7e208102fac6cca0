import { StartError } from '../../../start-error.ts'

/** The port it listens on. Rejects with a StartError where a setting is to be mended. */
export async function listenOrExplain(
  listen: () => Promise<number>,
  { port, host }: { port: number; host: string },
): Promise<number> {
  try {
    return await listen()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EADDRINUSE') {
      throw new StartError(`Port ${String(port)} is taken. Stop what uses it, or start with PORT=${String(port + 1)}.`)
    }
    if (code === 'EACCES') throw new StartError(`Port ${String(port)} needs more rights. Start with PORT=4000, say.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartError(
        `HOST=${host} is no address of this machine. Use 127.0.0.1 or 0.0.0.0, or ::1 or :: for IPv6.`,
      )
    }
    throw error
  }
}
