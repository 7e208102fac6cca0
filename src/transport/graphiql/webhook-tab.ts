const admin = `As an ADMIN: "npm run admin" gives somebody the role
#     (set-role). To hear of what happens at a URL of yours:
#     make an endpoint, send a test event to it, look what
#     became of it. The secret is in this answer only.
#     An address of this machine has to be allowed:
#     WEBHOOK_ALLOW_PRIVATE=127.0.0.1`

/** Endpoints to which events are pushed, and what became of deliveries. */
export const webhook = {
  query: `
# 18. ${admin}
mutation CreateWebhook(
  $webhook: CreateWebhookEndpointInput!
) {
  createWebhookEndpoint(input: $webhook) {
    ... on CreateWebhookEndpointSuccess {
      secret
      endpoint { id url types state }
    }
    ... on Error { code reason }
  }
}

query Webhooks {
  webhookEndpoints {
    id
    url
    state
    stateReason
    failingSince
    heldConversations
  }
}

# With an id of the answer before, as those below.
mutation TestWebhook($endpointId: ID!) {
  testWebhookEndpoint(input: { endpointId: $endpointId }) {
    ... on TestWebhookEndpointSuccess {
      delivery { webhookId state }
    }
    ... on Error { code reason }
  }
}

query WebhookDeliveries($endpointId: ID!) {
  webhookDeliveries(endpointId: $endpointId, first: 10) {
    nodes {
      id
      type
      state
      attempts
      responseStatus
      failure
      nextAttemptAt
    }
  }
}

# Everything since then once more, in order; for one
# delivery give its deliveryId instead.
mutation ReplayWebhook(
  $endpointId: ID!
  $from: DateTime
) {
  replayWebhook(input: {
    endpointId: $endpointId, from: $from
  }) {
    ... on ReplayWebhookSuccess { endpoint { id cursor } }
    ... on Error { code reason }
  }
}`,
  variables: {
    webhook: { url: 'https://parley.example/webhook', types: ['MESSAGE_SENT'], opKey: 'endpoint-0001' },
    endpointId: '',
    from: '2026-12-01T00:00:00Z',
  },
  signedInComment: `
# ${admin.replaceAll('\n#     ', '\n# ')}`,
}
