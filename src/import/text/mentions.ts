// Whom a message mentions, as keys of the source. Who is nobody there is left out when it is written.

export interface Mentioned {
  mentions: string[]
  mentionsEveryone: boolean
}

/** Slack's forms in angle brackets, before they are made into text. */
export const mentionsInSlack = (source: string): Mentioned => ({
  mentions: [...source.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g)].map(([, id = '']) => id),
  mentionsEveryone: /<[!@](?:channel|here|everyone|group)(?:\|[^<>]*)?>/.test(source),
})

/** By username, as Mattermost knows them; a full stop may end the sentence. */
export const mentionsByName = (text: string): Mentioned => {
  const names = [...text.matchAll(/(?<![\w@.-])@([a-z0-9][a-z0-9._-]*)/gi)].map(([, name = '']) => name.toLowerCase())
  return {
    mentions: names.flatMap((name) => [name, name.replace(/[._-]+$/, '')]),
    mentionsEveryone: names.some((name) => /^(channel|all|here)$/.test(name.replace(/[._-]+$/, ''))),
  }
}

/** `@**Name|id**` and `@**Name**`, but not the silent `@_**Name**`. */
export const mentionsInZulip = (content: string, idOf: (name: string) => string | undefined): Mentioned => {
  const marks = [...content.matchAll(/@\*\*([^*|\n]*?)(?:\|(\d+))?\*\*/g)]
  return {
    mentions: marks.flatMap(([, name = '', id]) => id ?? idOf(name) ?? []),
    mentionsEveryone: marks.some(([, name = '']) => /^(all|everyone|channel|stream)$/.test(name)),
  }
}
