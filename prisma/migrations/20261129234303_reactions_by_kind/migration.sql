-- Who reacts with an emoji, in order, without a look at the rows. It has the person besides, so that it is not the smaller
-- one of two indexes for the reactions of one person to a message, which the primary key finds at once.
DROP INDEX "reactions_conversation_id_message_seq_kind_event_seq_idx";
CREATE INDEX "reactions_by_kind" ON "reactions" ("conversation_id", "message_seq", "kind", "event_seq", "user_id");
