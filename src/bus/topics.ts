/** Every topic name stands here, so that two writers cannot disagree on one. */
export const topics = {
  /** Committed events of one stream (a conversation or a viewer's personal stream), as JSON of a log event. */
  stream: (streamId: string) => `parley:stream:${streamId}`,
  /** Who begins or ceases to type in a conversation, as JSON of a TypingSign. */
  typing: (conversationId: string) => `parley:typing:${conversationId}`,
  /** Ended sessions: the uuid of one. */
  sessionsEnded: 'parley:sessions-ended',
  /**
   * People whose presence may look different now, as a JSON list of user ids; or `{"people": […]}`, whom of others these
   * may see has changed as well. No more than a hint: what is so now is read.
   */
  presence: 'parley:presence',
  /** Where a process receives its own probes. */
  probe: (processId: string) => `parley:probe:${processId}`,
} as const
