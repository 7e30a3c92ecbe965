// node-postgres: simple and extended protocol, prepared statements, transactions.
//
//      node indexes.js CONNECTION_URL
//
// Prints one JSON object; the test reads it.
const { Client } = require("pg");

async function sqlState(client, sql) {
    try {
        await client.query(sql);
        return "none";
    } catch (error) {
        return error.code;
    }
}

async function main() {
    const client = new Client({ connectionString: process.argv[2] });
    const steps = {};
    await client.connect();
    steps.simple = (await client.query("CREATE INDEX item_a ON item (a)")).command;
    steps.extended = (await client.query({ text: "CREATE INDEX item_b ON item (b)", values: [],
        queryMode: "extended" })).command;
    steps.prepared = (await client.query({ name: "ddl", text: "CREATE INDEX item_ab ON item (a, b)",
        queryMode: "extended" })).command;
    steps.violation = await sqlState(client, "CREATE UNIQUE INDEX item_u ON item (a)");
    steps.after = (await client.query("select $1::int + 1 as n", [41])).rows[0].n;

    await client.query("BEGIN");
    await client.query("ALTER TABLE item ADD COLUMN c int");
    await client.query("CREATE INDEX item_c ON item (c)");
    await client.query("COMMIT");
    await client.query("BEGIN");
    await client.query("CREATE TABLE undone (a int)");
    await client.query("ROLLBACK");

    const queued = await Promise.all(Array.from({ length: 100 }, (_, n) =>
        client.query("select $1::int as n", [n])));
    steps.sum = queued.reduce((sum, result) => sum + result.rows[0].n, 0);
    await client.end();
    console.log(JSON.stringify(steps));
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
