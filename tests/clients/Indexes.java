/* JDBC as Flyway and Liquibase use it: the extended protocol, autocommit and transactions.
 *
 *      java -cp postgresql.jar Indexes.java JDBC_URL
 *
 * Prints one line per step; the test reads them. */
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;

public class Indexes {
    static void step(String name, Object value) {
        System.out.println(name + "=" + value);
    }

    static String sqlState(Statement statement, String sql) {
        try {
            statement.execute(sql);
            return "none";
        } catch (SQLException error) {
            return error.getSQLState();
        }
    }

    static long one(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    static void outsideTransaction(Connection client) throws SQLException {
        try (Statement statement = client.createStatement()) {
            step("updated", statement.executeUpdate("CREATE INDEX item_a ON item (a)"));
            step("violation", sqlState(statement, "CREATE UNIQUE INDEX item_u ON item (a)"));
            step("after", one(statement, "select 41 + 1"));
        }
        try (PreparedStatement prepared = client.prepareStatement("CREATE INDEX item_b ON item (b)")) {
            step("prepared", prepared.execute());
        }
    }

    static void insideTransaction(Connection client) throws SQLException {
        client.setAutoCommit(false);
        try (Statement statement = client.createStatement()) {
            statement.execute("ALTER TABLE item ADD COLUMN c int");
            statement.execute("CREATE INDEX item_c ON item (c)");
            client.commit();
            statement.execute("CREATE TABLE undone (a int)");
            client.rollback();
            step("invalid", sqlState(statement, "CREATE INDEX item_x ON item (nosuch)"));
            step("failed", sqlState(statement, "select 1"));
            client.rollback();
        }
        client.setAutoCommit(true);
    }

    static void ordinaryWork(Connection client) throws SQLException {
        try (PreparedStatement insert = client.prepareStatement("insert into item (id, a) values (?, ?)")) {
            for (int row = 0; row < 500; row++) {
                insert.setInt(1, 1000000 + row);
                insert.setInt(2, row);
                insert.addBatch();
            }
            step("batch", insert.executeBatch().length);
        }
        client.setAutoCommit(false);
        try (Statement statement = client.createStatement()) {
            statement.setFetchSize(100);
            long sum = 0;
            try (ResultSet rows = statement.executeQuery("select id from item where id >= 1000000")) {
                while (rows.next()) {
                    sum += rows.getLong(1) - 1000000;
                }
            }
            step("sum", sum);
        }
        client.commit();
        client.setAutoCommit(true);
    }

    public static void main(String[] words) throws SQLException {
        try (Connection client = DriverManager.getConnection(words[0])) {
            outsideTransaction(client);
            insideTransaction(client);
            ordinaryWork(client);
        }
    }
}
