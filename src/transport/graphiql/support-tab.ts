const desk = `As staff: what waits for an answer. "npm run seed" has
# one of the staff, tara.demo with the password
# parley-demo; "npm run admin" gives others the role.`

/** A question to the staff, and their desk. */
export const support = {
  query: `
# 11. As Ana: ask the staff of this server for help. Three
#     operations: put the cursor into one and press
#     Ctrl-Enter.
mutation OpenSupport($input: OpenSupportInput!) {
  openSupport(input: $input) {
    ... on OpenSupportSuccess {
      conversation { id kind title supportStatus }
    }
    ... on Error { code reason }
  }
}

# ${desk}
query SupportDesk($status: SupportStatus) {
  viewer { unansweredCount }
  supportQueue(first: 10, status: $status) {
    nodes {
      id
      title
      supportStatus
      assignee { handle }
      unansweredSince
      lastMessage { seq text sender { handle } }
    }
    resume
  }
}

# As staff, with an id of the answer before.
mutation Resolve($supportId: ID!, $upToSeq: Int) {
  setSupportStatus(input: {
    conversationId: $supportId
    status: RESOLVED
    upToSeq: $upToSeq
  }) {
    ... on SetSupportStatusSuccess {
      conversation { supportStatus resolvedAt }
    }
    ... on Error { code reason }
  }
}`,
  variables: {
    input: { title: 'Where is my order?', opKey: 'support-0001' },
    status: 'OPEN',
    supportId: '',
    upToSeq: null,
  },
  signedInComment: `
# Ask the staff of this server for help. Three operations:
# put the cursor into one and press Ctrl-Enter.`,
}
