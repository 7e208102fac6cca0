-- By itself: a new value cannot be used in the transaction that adds it.
ALTER TYPE "event_type" ADD VALUE 'BLOCK_CHANGED';
