/** What people type into a search, in one query. */
export const search = {
  query: `
# 14. As Ben: what was written, about a second later. All
#     words, the last one as a beginning; "a phrase", -not
#     and or work. ranges are places in the snippet's text.
query SearchMessages($query: String!) {
  searchMessages(query: $query, first: 10) {
    edges {
      node { id text sender { displayName } createdAt }
      snippet { text ranges { start end } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
  variables: { query: 'look or hel' },
  signedInComment: `
# What was written, about a second later. All words, the
# last one as a beginning; "a phrase", -not and or work.
# ranges are places in the snippet's text.`,
}
