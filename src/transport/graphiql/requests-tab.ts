const how = `People whom he does not know have to ask. Four
# operations: put the cursor into one and press Ctrl-Enter.
# After the first, what a stranger begins with Ben (Cleo's
# startDirect, say) is a request.`

/** Who wants to be asked first. */
export const requests = {
  query: `
# 19. As Ben. ${how}
mutation AskFirst {
  updateSettings(input: {
    directMessagesFrom: CONTACTS, requestsEnabled: true
  }) {
    settings { directMessagesFrom requestsEnabled }
  }
}

query Requests {
  inbox(first: 10, filter: REQUESTS) {
    nodes {
      requestedAt
      requestedBy { handle }
      conversation { id kind title lastMessage { text } }
    }
  }
}

# With an id of the answer before.
mutation AcceptRequest($acceptedId: ID!) {
  acceptRequest(input: { conversationId: $acceptedId }) {
    ... on AcceptRequestSuccess {
      entry { unreadCount conversation { id } }
    }
    ... on Error { code reason }
  }
}

# The stranger does not learn of it.
mutation DeclineRequest($declinedId: ID!) {
  declineRequest(input: { conversationId: $declinedId }) {
    ... on DeclineRequestSuccess { conversationId }
    ... on Error { code reason }
  }
}`,
  variables: { acceptedId: '', declinedId: '' },
  signedInComment: `
# As Ben. ${how}`,
}
