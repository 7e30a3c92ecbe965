BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT AND CHAIN; -- nothing is open behind it but an empty transaction
ROLLBACK;
BEGIN;
SELECT 1;
ROLLBACK;
BEGIN; -- never ended
ALTER TABLE orders ADD COLUMN paid boolean;
SAVEPOINT s;
ALTER TABLE lines ADD COLUMN paid boolean;
