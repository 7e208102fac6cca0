/** Of a deleted conversation nothing is unread, also while its messages are still being cleared. */
const readTo = (c: string, m: string) => `greatest(${m}.own_read_seq, ${c}.texts_left_seq)`

/**
 * SQL for the number of messages of others after the viewer's read position, without deleted ones. The same as
 * parley_unread, but planned together with the statement around it: a call of that function for each row took longer than
 * the counting. `c` and `m` are rows of conversations and members.
 */
export const unreadCount = (c: string, m: string) => `CASE WHEN ${c}.head_seq <= ${m}.own_read_seq THEN 0 ELSE
  ${c}.head_seq - ${readTo(c, m)}
  - (SELECT count(*)::int FROM messages x
      WHERE x.conversation_id = ${c}.id AND x.seq > ${readTo(c, m)} AND x.deleted_at IS NOT NULL)
  - CASE WHEN ${m}.last_sent_seq <= ${readTo(c, m)} THEN 0 ELSE
      (SELECT count(*)::int FROM messages x WHERE x.conversation_id = ${c}.id AND x.seq > ${readTo(c, m)}
          AND x.seq <= ${m}.last_sent_seq AND x.sender_id = ${m}.user_id AND x.deleted_at IS NULL) END END`

/**
 * SQL for the number of these messages that mention the viewer, or everyone. `mentions` has no rows of deleted messages, and
 * those of people who mentioned themselves, or whom everyone means too, do not count: nothing counts twice. Everyone is who was
 * there then: who joined later was not meant, and may have marked these messages unread.
 */
export const unreadMentionCount = (c: string, m: string) => `CASE WHEN ${c}.head_seq <= ${m}.own_read_seq THEN 0 ELSE
  (SELECT count(*)::int FROM mentions x
    WHERE x.user_id = ${m}.user_id AND x.conversation_id = ${c}.id AND x.message_seq > ${readTo(c, m)} AND x.counts)
  + (SELECT count(*)::int FROM messages x
    WHERE x.conversation_id = ${c}.id AND x.seq > ${readTo(c, m)} AND x.mentions_everyone AND x.sender_id <> ${m}.user_id
      AND x.created_at >= ${m}.joined_at) END`

/**
 * Only these entries can have unread messages. An index finds the rows, and they are few, however many conversations there
 * are.
 */
export const maybeUnread = (c: string, m: string) => `NOT ${m}.caught_up AND ${c}.head_seq > ${m}.own_read_seq`
