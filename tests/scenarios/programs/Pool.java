/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;

/** ADDRESS PORT ITS_ADDRESS ITS_PORT: an HTTP server of 16 threads that asks a database, over a pool of 10 connections. */
public class Pool {
	public static void main(String[] arguments) throws Exception {
		BlockingQueue<Socket> pool = new ArrayBlockingQueue<>(10);
		HttpServer server =
			HttpServer.create(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])), 64);

		while (pool.remainingCapacity() > 0)
			pool.add(new Socket(arguments[2], Integer.parseInt(arguments[3])));
		server.createContext("/", exchange -> {
			try {
				Socket database = pool.take();

				database.getOutputStream().write("q\n".getBytes());
				new BufferedReader(new InputStreamReader(database.getInputStream())).readLine();
				pool.put(database);
			} catch (InterruptedException stopped) {
				return;
			}
			exchange.sendResponseHeaders(200, 3);
			exchange.getResponseBody().write("ok\n".getBytes());
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(16));
		server.start();
	}
}
