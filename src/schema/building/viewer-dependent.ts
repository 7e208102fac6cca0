/**
 * The mark of a field whose value depends on who asks. Events are shared between viewers by what is asked of the viewer
 * while they are executed (shared-context.ts), with or without this mark; a test compares the two, so that whoever lets a
 * field read the viewer says so here and sees what it costs.
 */
export const viewerDependent = { extensions: { viewerDependent: true } }
