type Position = 'last_delivered_seq' | 'last_read_seq'

/**
 * How far one side of a support conversation is, as the other may see it: the user, or anybody of the staff. `s` is the row of
 * support_cases.
 */
export const sideSeq = (position: Position, side: 'USER' | 'STAFF'): string =>
  side === 'USER'
    ? `coalesce((SELECT x.${position} FROM members x WHERE x.conversation_id = s.conversation_id AND x.user_id = s.user_id), 0)`
    : position === 'last_read_seq'
      ? 's.staff_told_seq'
      : `greatest(s.staff_told_seq, (SELECT max(x.last_delivered_seq) FROM members x
          WHERE x.conversation_id = s.conversation_id AND x.user_id <> s.user_id AND x.left_at IS NULL))`
