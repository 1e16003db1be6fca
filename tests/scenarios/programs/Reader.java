/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
import java.net.Socket;

/** Reader ADDRESS PORT: asks with a blocking socket, as most Java clients do; with "again" for ever. */
class Reader {
    public static void main(String[] arguments) throws Exception {
        boolean again = arguments.length > 2;
        try (var socket = new Socket(arguments[0], Integer.parseInt(arguments[1]))) {
            do {
                socket.getOutputStream().write("ask\n".getBytes());
                if (!again)
                    System.out.println("asked");
                socket.getInputStream().read(new byte[4096]);
                Thread.sleep(again ? 2 : 0);
            } while (again);
        }
    }
}
