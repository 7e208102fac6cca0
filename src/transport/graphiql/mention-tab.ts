import { placeholders } from './demo.ts'

const { conversationId, peerId } = placeholders

export const mention = {
  query: `
# 9. As Ana: mention Ben. He is told although he may have
#    muted it, and his inbox counts it until he has read it.
mutation MentionBen($input: SendMessageInput!) {
  sendMessage(input: $input) {
    ... on SendMessageSuccess {
      message {
        seq
        text
        mentions { handle }
        mentionsEveryone
      }
    }
    ... on ValidationError {
      fields { path reason }
    }
    ... on Error { code reason }
  }
}`,
  variables: {
    input: { conversationId, clientMessageId: 'mention-0001', text: 'Ben, look!', mentionIds: [peerId] },
  },
}
