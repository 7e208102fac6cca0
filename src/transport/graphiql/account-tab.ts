import { placeholders } from './demo.ts'

/** Sessions, and people whom one has blocked. */
export const account = {
  query: `
# 17. As Ana: where she is signed in, and whom she blocked.
query Account {
  viewer {
    user { handle }
    sessions {
      id
      device
      createdAt
      lastUsedAt
      current
    }
    blockedUsers(first: 10) { nodes { id handle } }
  }
}

# Blocks and takes it back. While a block is there nothing
# can be sent between the two: leave the second part out
# and try it.
mutation Block($userId: ID!) {
  block: blockUser(input: {
    userId: $userId, blocked: true
  }) {
    ...Blocked
  }
  takeBack: blockUser(input: {
    userId: $userId, blocked: false
  }) {
    ...Blocked
  }
}

# With the id of a session that is not this one.
mutation SignOutThere($sessionId: ID!) {
  revokeSession(input: { sessionId: $sessionId }) {
    ... on RevokeSessionSuccess { viewer { sessions { id } } }
    ... on Error { code reason }
  }
}

fragment Blocked on BlockUserResult {
  ... on BlockUserSuccess {
    viewer { blockedUsers(first: 10) { nodes { handle } } }
  }
  ... on Error { code reason }
}`,
  variables: { userId: placeholders.peerId, sessionId: '' },
  signedInComment: `
# Where you are signed in, and whom you have blocked.`,
}
