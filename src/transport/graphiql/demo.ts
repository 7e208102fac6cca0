import { placeholderToken } from '../authenticate.ts'

/** As the first tabs have it. */
export const demoPassword = 'correct horse battery staple'

/** Made by whoever signs in as them first. */
export const demoPeople = [
  { handle: 'ana', displayName: 'Ana' },
  { handle: 'ben', displayName: 'Ben' },
  { handle: 'cleo', displayName: 'Cleo' },
]

/** What stands in the tabs until somebody has signed in, by what it stands for. */
export const placeholders = {
  accessToken: placeholderToken,
  conversationId: 'PASTE_CONVERSATION_ID',
  peerId: 'PASTE_BENS_USER_ID',
  clientMessageId: 'hello-0001',
  messageId: 'PASTE_MESSAGE_ID',
}
