import { placeholders } from './demo.ts'

const { messageId, conversationId } = placeholders

/** What hangs on messages: threads, pins and former texts. */
export const messages = {
  query: `
# 15. As Ana: what hangs on messages. Four operations: put
#     the cursor into one and press Ctrl-Enter. The ids of
#     messages are in the answer of the first.
query ThreadsPinsRevisions($conversationId: ID!) {
  conversation(id: $conversationId) {
    pinnedMessages { id text }
    messages(last: 5) {
      nodes {
        id
        text
        replyTo { id text }
        replyCount
        replies(first: 3) { nodes { text } }
        revisions { revision text editedAt }
      }
    }
  }
}

mutation Reply(
  $conversationId: ID!
  $messageId: ID!
  $clientMessageId: String!
) {
  sendMessage(input: {
    conversationId: $conversationId
    replyToId: $messageId
    clientMessageId: $clientMessageId
    text: "An answer to that."
  }) {
    ... on SendMessageSuccess {
      message { text replyTo { text replyCount } }
    }
    ... on Error { code reason }
  }
}

mutation Pin($messageId: ID!, $pinKey: String!) {
  pinMessage(input: {
    messageId: $messageId, pinned: true, opKey: $pinKey
  }) {
    ... on PinMessageSuccess {
      message { conversation { pinnedMessages { text } } }
    }
    ... on Error { code reason }
  }
}

mutation Edit($messageId: ID!, $editKey: String!) {
  editMessage(input: {
    messageId: $messageId
    text: "Hello again, Ben!"
    opKey: $editKey
  }) {
    ... on EditMessageSuccess {
      message { text revision revisions { text } }
    }
    ... on Error { code reason }
  }
}`,
  variables: { conversationId, messageId, clientMessageId: 'reply-0001', pinKey: 'pin-0001', editKey: 'edit-0001' },
  signedInComment: `
# What hangs on messages. Four operations: put the cursor
# into one and press Ctrl-Enter. The ids of messages are
# in the answer of the first; to press your name above
# again puts that of your newest one into the variables.`,
}
