// The machine's limits for the essential work alone: the same statements without a server in front of them, and the same
// frames without any work behind them.
import { measureBroadcast } from './broadcast.mjs'
import { measureStatements } from './statements.mjs'

export const limitLabels = {
  sendStatement: 'parley_send_message, many groups, statements/s',
  sendStatementHot: 'parley_send_message, one group, statements/s',
  inboxStatement: 'The statement of the inbox, statements/s',
  pageStatement: 'The statement of the messages page, statements/s',
  framesWs: 'ws: one send() a frame to 1,000 sockets, frames/s',
  framesOneAWrite: 'Bare sockets, one frame a write, frames/s',
  framesManyAWrite: 'Bare sockets, 16 frames a write, frames/s',
}

/** @returns {Promise<Record<string, string | number | null>>} */
export async function measureLimits({ postgres, template, budget, clients }) {
  return {
    ...(await measureStatements({ postgres, template, durationMs: budget.limitMs })),
    ...(await measureBroadcast({ watchers: clients.watchers, durationMs: budget.limitMs })),
  }
}
