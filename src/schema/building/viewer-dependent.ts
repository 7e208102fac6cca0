/**
 * Marks a field whose value depends on the viewer. Whether an event's result is shared is decided by what resolvers ask
 * about the viewer during execution (shared-context.ts), with or without this mark. A test compares the two, so that
 * whoever lets a field read the viewer must mark it here and sees the cost.
 */
export const viewerDependent = { extensions: { viewerDependent: true } }
