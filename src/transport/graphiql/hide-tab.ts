import { placeholders } from './demo.ts'

const how = `Out of one's own inbox, on all devices, until the
# next message. With clearHistory: true nothing up to now
# is shown to her again; Ben still has everything.`

/** A conversation that a person is done with. */
export const hide = {
  query: `
# 13. As Ana: hide the conversation.
# ${how}
mutation HideConversation(
  $input: HideConversationInput!
) {
  hideConversation(input: $input) {
    ... on HideConversationSuccess {
      conversation {
        viewerEntry { hidden historyFromSeq }
      }
    }
    ... on Error { code reason }
  }
}`,
  variables: { input: { conversationId: placeholders.conversationId, clearHistory: false } },
  signedInComment: `
# Hide the conversation.
# ${how}`,
}
