/**
 * The one registry of the codes a WebSocket of ours is closed with, and what the client does then. "Reconnects" and
 * "gives up" are the behaviour of graphql-ws's client; any other client should do the same. A client that comes back
 * resumes its subscriptions from its cursors.
 */
export const closeCodes = {
  /** The client is done. Nobody reconnects. */
  NORMAL: 1000,
  /** Never sent by anybody: the connection was lost without a close frame. */
  LOST: 1006,
  /** A message in more than 256 frames, sent by the ws library. Gives up: a bug of the client. */
  TOO_MANY_FRAMES: 1008,
  /**
   * A message over 1 MB, or over 16 KB before it is known who sends it. Gives up: the same message would be refused again.
   */
  MESSAGE_TOO_BIG: 1009,
  /** This process stops (deploy, restart). Reconnects, and reaches another process or the new one. */
  GOING_AWAY: 1012,
  /** Connecting could not be completed, or an event not be read, for a reason on our side, such as the database. Reconnects. */
  TRY_AGAIN_LATER: 1013,
  /**
   * A message that is no graphql-transport-ws message, names an operation with more than 64 characters, or names a device
   * wrongly in connection_init. Gives up.
   */
  BAD_REQUEST: 4400,
  /**
   * The session was ended (logout, reuse of a refresh token): log in again. Gives up. graphql-ws closes with the same
   * code when an operation comes before connection_ack.
   */
  SESSION_ENDED: 4401,
  /**
   * The access token in connection_init is malformed, wrong or expired; or one of the embedding product has expired since, and
   * renewToken did not bring a newer one. Reconnects: connectionParams should be an
   * async function that refreshes the session first when the token is about to expire.
   */
  FORBIDDEN: 4403,
  /** The client does not speak graphql-transport-ws. Gives up. */
  SUBPROTOCOL_NOT_ACCEPTABLE: 4406,
  /**
   * No connection_init within 10 s, or a message that was begun and not finished within 10 s (30 s once it is known who
   * sends it). Reconnects.
   */
  CONNECTION_INIT_TIMEOUT: 4408,
  /** Two operations with one id. Gives up: a bug of the client. */
  SUBSCRIBER_ALREADY_EXISTS: 4409,
  /** The client reads slower than its subscriptions produce. Reconnects, and reads on from its cursors. */
  TOO_SLOW: 4413,
  /**
   * The person, or this socket, asks for more than their share: messages faster than they are taken, more bytes than are
   * kept, too many sockets, or events that cost so much that their subscriptions stay behind. Reconnects, after a while,
   * and reads on from its cursors.
   */
  TOO_MUCH_WORK: 4420,
  /** More than one connection_init. Gives up: a bug of the client. */
  TOO_MANY_INIT_REQUESTS: 4429,
  /** Never sent by us: a client's own code for a socket it found frozen. Reconnects. */
  TERMINATED_BY_CLIENT: 4499,
  /** An error of ours while a message was handled. Gives up. */
  INTERNAL_ERROR: 4500,
} as const

/** Why, for whoever reads it: what was under way is not lost. */
export const comeBack = 'Try again later: come back with your cursor'
export const tooMuch = 'Too much at once: come back later with your cursor'
