/** How much is asked for at once: within what an operation may cost. */
export const pageSizes = { inbox: 25, inboxMessages: 20, messages: 50, members: 100, support: 25, blocked: 100 }

/** The cursor of a message in its conversation's history, as the server makes it: from there pages go on. */
export const messageCursor = (seq: number): string =>
  btoa(JSON.stringify(['messages', seq]))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
