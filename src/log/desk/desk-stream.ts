/**
 * The id of the desk's stream, as parley_desk has it. Its events say which support conversation has moved, and how far:
 * docs/decisions/0056.
 */
export const deskStreamId = '00000000-0000-4000-8000-00000000de5c'
