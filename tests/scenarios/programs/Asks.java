/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks URL PATH: asks URL now and then on one connection; after eight times, if there is a PATH, that. */
public class Asks {
	public static void main(String[] arguments) throws Exception {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

		for (int asked = 1;; asked++) {
			boolean last = arguments.length > 1 && asked > 8;
			String url = last ? arguments[0] + arguments[1].substring(1) : arguments[0];
			var answer = client.sendAsync(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());

			if (last)
				System.out.println("asked");
			answer.get();
			Thread.sleep(1200);
		}
	}
}
