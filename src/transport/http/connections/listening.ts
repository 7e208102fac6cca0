import { StartError } from '../../../start-error.ts'

/** What listening gives. Rejects with a StartError where a setting is to be mended. */
export async function listenOrExplain<Listening>(
  listen: () => Promise<Listening>,
  { port, host, of = '' }: { port: number; host: string; /** What the settings begin with. */ of?: 'METRICS_' | '' },
): Promise<Listening> {
  try {
    return await listen()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `Port ${String(port)} is taken. Stop what uses it, or start with ${of}PORT=${String(port + 1)}.`,
      )
    }
    if (code === 'EACCES')
      throw new StartError(
        `Port ${String(port)} needs more rights. Start with ${of}PORT=${of === '' ? '4000' : '9464'}, say.`,
      )
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartError(
        `${of}HOST=${host} is no address of this machine. Use 127.0.0.1 or 0.0.0.0, or ::1 or :: for IPv6.`,
      )
    }
    throw error
  }
}
