/** Stands before each word of a conversation in the index: the last letters of its id, as parley_search_messages has them. */
export const tagOf = (conversationId: string): string => conversationId.slice(-6)

/** In the index as if it were a word. No word begins with this sign. Two people may have the same; the sender is compared too. */
export const senderLabel = (userId: string): string => `~${userId.slice(-8)}`

export const attachmentLabel = '~attachment'
