/** A question to the staff. */
export const support = {
  query: `
# 11. As Ana: ask the staff of this server for help. Who has
#     the role STAFF finds it in supportQueue.
mutation OpenSupport($input: OpenSupportInput!) {
  openSupport(input: $input) {
    ... on OpenSupportSuccess {
      conversation { id kind title supportStatus }
    }
    ... on Error { code reason }
  }
}`,
  variables: { input: { title: 'Where is my order?', opKey: 'support-0001' } },
}
