-- What PostgreSQL refuses in a transaction block, and what a transaction's own locks make of VALIDATE.
BEGIN;
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
DROP INDEX CONCURRENTLY IF EXISTS orders_old;
ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;
VACUUM orders;
COMMIT;

CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id); -- here it may

BEGIN;
ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT positive; -- under the lock of the line before
COMMIT;

BEGIN;
ALTER TABLE orders VALIDATE CONSTRAINT positive; -- under its own
ALTER TABLE lines VALIDATE CONSTRAINT lines_order_fkey;
COMMIT;
