-- Everything that a new table needs, in one go: nobody waits for a table that nobody knows.
BEGIN;

CREATE TABLE invoice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer text NOT NULL,
    paid boolean NOT NULL DEFAULT false
);

CREATE INDEX invoice_customer ON invoice (customer);
CREATE UNIQUE INDEX ON invoice (lower(customer)) WHERE NOT paid;

INSERT INTO invoice (customer) VALUES ('Ada'), ('Grace');

COMMIT;
