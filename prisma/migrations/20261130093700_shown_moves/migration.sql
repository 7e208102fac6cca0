-- Changes of what is shown that have no event in the log: of a person's name, and of the texts of somebody who is being erased.
CREATE TABLE "shown_moves" (
    "id" UUID NOT NULL,
    "xid" xid8 NOT NULL,

    CONSTRAINT "shown_moves_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "shown_moves_xid_idx" ON "shown_moves"("xid");

-- Functions as prisma/functions has them (npm run migration:functions).

-- Trigger: others see something else of the person from this commit on.
CREATE OR REPLACE FUNCTION parley_person_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM parley_shown_moved(NEW.id);
  RETURN NULL;
END $$;

-- What is shown of a person, or in a conversation, changes in this transaction without an event: what others keep of it is void
-- (docs/decisions/0115).
CREATE OR REPLACE FUNCTION parley_shown_moved(p_id uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO shown_moves (id, xid) VALUES (p_id, parley_xid()) ON CONFLICT (id) DO UPDATE SET xid = EXCLUDED.xid;
$$;

-- Turns a person's messages in one stretch of a conversation into tombstones, so that a long conversation takes many short
-- steps. Only the last step has an event.
CREATE OR REPLACE FUNCTION parley_erase_messages(p_actor uuid, p_conversation uuid, p_user uuid, p_after_seq int, p_up_to_seq int)
RETURNS void LANGUAGE sql AS $$
  WITH erased AS (
    UPDATE messages SET text = NULL, salt = NULL, client_message_id = 'erased', deleted_at = coalesce(deleted_at, parley_now()),
      deleted_by_id = coalesce(deleted_by_id, p_actor), mention_ids = NULL, mentions_everyone = false,
      attachment_count = 0
     WHERE conversation_id = p_conversation AND seq > p_after_seq AND seq <= p_up_to_seq AND sender_id = p_user
       AND client_message_id <> 'erased'
    RETURNING seq)
  SELECT parley_clear_messages(p_conversation, ARRAY(SELECT seq FROM erased));
  SELECT parley_shown_moved(p_conversation);
$$;
