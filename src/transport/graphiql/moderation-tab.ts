import { placeholders } from './demo.ts'

const how = `Tell the staff of somebody. What the staff, an ADMIN
# and the owner of a group do about it comes below: put
# the cursor into one and press Ctrl-Enter.`
const desk = `"npm run seed" has one of the staff, tara.demo
# with the password parley-demo, and two reports; "npm run
# admin" gives others the role.`

/** Reports, and what becomes of them. */
export const moderation = {
  query: `
# 20. As Ana. ${how}
mutation ReportPerson($report: ReportUserInput!) {
  reportUser(input: $report) {
    ... on ReportUserSuccess { report { id state } }
    ... on Error { code reason }
  }
}

mutation ReportMessage($reportedId: ID!) {
  reportMessage(input: {
    messageId: $reportedId, reason: SPAM
    opKey: "report-message-0001"
  }) {
    ... on ReportMessageSuccess { report { id state } }
    ... on Error { code reason }
  }
}

# As staff: what waits, the oldest first, with the message
# as it was. ${desk}
query Reports($state: ReportState) {
  reports(first: 10, state: $state) {
    nodes {
      id
      reason
      text
      reporter { handle }
      reported { id handle }
      messageId
      evidence { text revision sentAt }
    }
  }
}

# As staff, with ids of the answer before.
mutation RemoveReported($reportedId: ID!) {
  removeMessage(input: { messageId: $reportedId }) {
    ... on RemoveMessageSuccess { messageId }
    ... on Error { code reason }
  }
}

mutation ResolveReport($reportId: ID!) {
  resolveReport(input: {
    reportId: $reportId, outcome: MESSAGE_REMOVED
  }) {
    ... on ResolveReportSuccess { report { state outcome } }
    ... on Error { code reason }
  }
}

# As an ADMIN: from now on nobody is logged in as them.
mutation Suspend($suspendedId: ID!) {
  suspendUser(input: {
    userId: $suspendedId, reason: "Spam"
  }) {
    ... on SuspendUserSuccess { suspension { since until } }
    ... on Error { code reason }
  }
}

query Suspensions {
  suspensions(first: 10) {
    nodes { user { id handle } since until reason }
  }
}

mutation Unsuspend($suspendedId: ID!) {
  unsuspendUser(input: { userId: $suspendedId }) {
    ... on UnsuspendUserSuccess { user { handle } }
    ... on Error { code reason }
  }
}

# As the owner of a group: out of it, and not in again.
mutation Ban($groupId: ID!, $bannedId: ID!) {
  banMember(input: {
    conversationId: $groupId
    userId: $bannedId
    banned: true
  }) {
    ... on BanMemberSuccess { conversation { memberCount } }
    ... on Error { code reason }
  }
}

query Bans($groupId: ID!) {
  bans(conversationId: $groupId, first: 10) {
    nodes { user { id handle } by { handle } bannedAt }
  }
}`,
  variables: {
    report: { userId: placeholders.peerId, reason: 'SPAM', opKey: 'report-person-0001' },
    state: 'OPEN',
    reportedId: '',
    reportId: '',
    suspendedId: '',
    groupId: '',
    bannedId: '',
  },
  signedInComment: `
# ${how}`,
}
