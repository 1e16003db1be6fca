/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
import java.sql.DriverManager;

/**
 * PgClient ADDRESS:PORT: one long query through JDBC. With a timeout for connect or TLS, its defaults, the JVM makes
 * the socket non-blocking and waits in poll() from then on; without one it blocks in read().
 */
class PgClient {
    public static void main(String[] arguments) throws Exception {
        var url = "jdbc:postgresql://" + arguments[0] + "/postgres?connectTimeout=0&sslmode=disable";
        try (var connection = DriverManager.getConnection(url, "postgres", "");
                var statement = connection.createStatement()) {
            System.out.println("connected");
            statement.execute("select pg_sleep(60)");
        }
    }
}
