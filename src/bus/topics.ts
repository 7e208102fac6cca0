/** Every topic name is defined here, so that two writers cannot disagree on one. */
export const topics = {
  /** Committed events of one stream (a conversation or a viewer's personal stream), as JSON of a log event. */
  stream: (streamId: string) => `parley:stream:${streamId}`,
  /** Who begins or ceases to type in a conversation, as JSON of a TypingSign. */
  typing: (conversationId: string) => `parley:typing:${conversationId}`,
  /** Empty: some support conversation has new events. A hint only: the receiver reads how far the desk's stream is. */
  desk: 'parley:desk',
  /** Ended sessions: the uuid of the session. */
  sessionsEnded: 'parley:sessions-ended',
  /**
   * A JSON list of the ids of people whose presence may look different now; or `{"people": […]}` for people whose relations
   * changed: what they see of others, and others of them, may be different. A hint only: the receiver reads the current
   * state.
   */
  presence: 'parley:presence',
  /** Where a process receives its own probes. */
  probe: (processId: string) => `parley:probe:${processId}`,
} as const
