import { withheldMessage, type WithheldFrom } from '../../domain/conversations/history.ts'
import type { EventItem } from '../../log/items.ts'
import type { LogEvent } from '../../store/log-event.ts'
import type { Message as MessageRow } from '../../store/rows.ts'
import { isViewerAmong, type Context } from '../building/context.ts'

/**
 * The message itself if the viewer may see it. A result for many viewers may come out of it, so that it asks at most whether
 * the viewer is among those who may not.
 */
function ifShown<Otherwise>(
  context: Context,
  message: MessageRow,
  withheldFrom: WithheldFrom | null | Promise<WithheldFrom | null>,
  otherwise: () => Otherwise,
): MessageRow | Otherwise | Promise<MessageRow | Otherwise> {
  if (withheldFrom instanceof Promise) return withheldFrom.then((late) => ifShown(context, message, late, otherwise))
  return withheldFrom && isViewerAmong(context, withheldFrom) ? otherwise() : message
}

/** A message that another one shows; null when it is withheld from the viewer. */
export const shownOrNull = (context: Context, message: MessageRow): MessageRow | null | Promise<MessageRow | null> =>
  ifShown(context, message, context.loaders.history.withheldFrom(message), () => null)

/**
 * The message of an event. One that is withheld from the viewer keeps its place, without its text: the reader's feed says
 * so, or, where the viewer cleared the history since the feed began, the event.
 */
export function messageOfEvent(
  { event, isWithheld }: EventItem<LogEvent & { message: MessageRow }>,
  context: Context,
): MessageRow | Promise<MessageRow> {
  const { message, historyBound } = event
  if (isWithheld) return withheldMessage(message)
  // Nearly always, and then it costs nothing.
  if (historyBound !== undefined && message.seq > historyBound) return message
  const withheldFrom = context.loaders.history.withheldFrom(message, historyBound)
  return ifShown(context, message, withheldFrom, () => withheldMessage(message))
}
