import { placeholders } from './demo.ts'

/** A reaction to the newest message of a conversation. */
export const reaction = {
  query: `
# 12. As Ben: react to a message of Ana, by its id out of
#    the answer of 6. Whoever watches the conversation gets
#    a ReactionToggled. "on": false takes it back.
mutation React($input: ToggleReactionInput!) {
  toggleReaction(input: $input) {
    ... on ToggleReactionSuccess {
      ack { outcome }
      message {
        text
        reactions {
          emoji
          count
          viewerReacted
        }
      }
    }
    ... on ValidationError {
      fields { path reason }
    }
    ... on Error { code reason }
  }
}`,
  variables: { input: { messageId: placeholders.messageId, emoji: '👍', on: true, opKey: 'reaction-0001' } },
  signedInComment: `
# React to a message, by its id. To press your name above
# again puts that of your newest one here. "on": false
# takes it back.`,
}
