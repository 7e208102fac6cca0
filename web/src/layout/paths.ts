/** Ids have letters that mean something in addresses. */
export const conversationPath = (id: string, seq?: number) =>
  `/c/${encodeURIComponent(id)}${seq === undefined ? '' : `?m=${String(seq)}`}`
