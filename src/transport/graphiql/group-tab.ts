import { placeholders } from './demo.ts'

const how = `A group, and who may do what in it. Three operations:
# put the cursor into one and press Ctrl-Enter. Its id is
# in the answers of the first two.`

/** Roles, permissions and policies of a group. */
export const group = {
  query: `
# 16. As Ana. ${how}
query Groups {
  inbox(first: 50) {
    nodes {
      conversation {
        id
        kind
        ...Rights
      }
    }
  }
}

mutation CreateGroup($group: CreateGroupInput!) {
  createGroup(input: $group) {
    ... on CreateGroupSuccess {
      conversation { id ...Rights }
    }
    ... on Error { code reason }
  }
}

# The owner alone may do this.
mutation SetRights($groupId: ID!, $userId: ID!) {
  setMemberRole(input: {
    conversationId: $groupId, userId: $userId, role: ADMIN
  }) {
    ... on Error { code reason }
  }
  setMemberPermissions(input: {
    conversationId: $groupId
    memberPermissions: [ADD, PIN]
  }) {
    ... on Error { code reason }
  }
  setHistoryVisibility(input: {
    conversationId: $groupId
    historyVisibility: SINCE_JOINED
  }) {
    ... on Error { code reason }
  }
  setEditPolicy(input: {
    conversationId: $groupId, editPolicy: UNTIL_READ
  }) {
    ... on SetEditPolicySuccess {
      conversation { ...Rights }
    }
    ... on Error { code reason }
  }
}

fragment Rights on Conversation {
  title
  members(first: 10) { nodes { role user { handle } } }
  memberPermissions
  historyVisibility
  editPolicy
}`,
  variables: {
    group: { title: 'A group', memberIds: [placeholders.peerId], opKey: 'group-0001' },
    groupId: '',
    userId: placeholders.peerId,
  },
  signedInComment: `
# ${how}`,
}
