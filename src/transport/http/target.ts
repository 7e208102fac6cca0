import type { IncomingMessage } from 'node:http'

/**
 * Puts a request's target into its usual form, path and query. Clients of proxies send a whole address there, whose host
 * then counts and not the header's (RFC 9112, 3.2.2).
 */
export function useOrigin(request: IncomingMessage): void {
  const { url = '/', headers } = request
  if (url.startsWith('/') || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return
  const { host, pathname, search } = new URL(url)
  request.url = pathname + search
  headers.host = host
}

/** Without a slash at the end: links are often written with one. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const path = url.split('?', 1)[0] ?? '/'
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
