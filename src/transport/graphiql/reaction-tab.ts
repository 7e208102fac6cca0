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
  variables: { input: { messageId: '', emoji: '👍', on: true, opKey: 'reaction-0001' } },
  signedInComment: `
# As Ben: react to a message of Ana, by its id out of the
# tab of the newest messages. "on": false takes it back.`,
}
