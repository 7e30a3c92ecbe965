-- The table is older than this file, and others use it.
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX CONCURRENTLY orders_placed ON orders (placed_at);

BEGIN;
	CREATE UNIQUE INDEX orders_number ON "Größe" (number); -- in a transaction, behind a tab
COMMIT;

DROP INDEX orders_old;
