import Negotiator from 'negotiator'

const json = 'application/json'
const graphqlJson = 'application/graphql-response+json'
export type JsonType = typeof json | typeof graphqlJson

/** What a client takes, by its Accept header: its order and its weights, also that of 0. */
export interface Accepted {
  /** The media type of a plain answer; null when it takes none. */
  json: JsonType | null
  events: boolean
  /** It asked for a page by name, as browsers do. */
  html: boolean
}

// With the parameter that we would write, as it may be asked for. Any other character set is refused.
const jsonTypes = [json, graphqlJson].flatMap((type) => [type, `${type}; charset=utf-8`])

export function acceptedBy(accept = ''): Accepted {
  // The usual ones; they cost nothing.
  if (accept === '' || accept === '*/*') return { json, events: true, html: false }
  if (accept === json) return { json, events: false, html: false }
  const negotiator = new Negotiator({ headers: { accept } })
  const best = negotiator.mediaType(jsonTypes)
  return {
    json: best === undefined ? null : best.startsWith(json) ? json : graphqlJson,
    events: negotiator.mediaType(['text/event-stream']) !== undefined,
    html: /text\/html/i.test(accept) && negotiator.mediaType(['text/html']) !== undefined,
  }
}

/** The same for Yoga, which knows of no weights. What only takes events gets the mistakes of its request as JSON. */
export function acceptForYoga({ json: jsonType, events, html }: Accepted): string {
  const types = [...(html ? ['text/html'] : []), ...(jsonType ? [jsonType] : events ? [json] : [])]
  return types.join(', ') || 'none'
}
