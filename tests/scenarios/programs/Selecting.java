/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Selecting ADDRESS PORT: an echo server with one selector thread. "stop" makes that thread sleep, "nap MS" for so long. */
class Selecting {
    private static final ByteBuffer BUFFER = ByteBuffer.allocate(4096);

    public static void main(String[] arguments) throws Exception {
        var selector = Selector.open();
        var server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])));
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        while (true) {
            selector.select();
            for (var key : selector.selectedKeys())
                serve(selector, key);
            selector.selectedKeys().clear();
        }
    }

    private static void serve(Selector selector, SelectionKey key) throws Exception {
        if (key.isAcceptable())
            accept(selector, (ServerSocketChannel) key.channel());
        else
            echo((SocketChannel) key.channel());
    }

    private static void accept(Selector selector, ServerSocketChannel server) throws Exception {
        var channel = server.accept();
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
    }

    private static void echo(SocketChannel channel) throws Exception {
        if (!read(channel)) {
            channel.close();
            return;
        }
        BUFFER.flip();
        if (BUFFER.get(0) == 's')
            Thread.sleep(60000);
        if (BUFFER.get(0) == 'n')
            Thread.sleep(Integer.parseInt(new String(BUFFER.array(), 4, BUFFER.limit() - 5)));
        channel.write(BUFFER);
    }

    private static boolean read(SocketChannel channel) {
        BUFFER.clear();
        try {
            return channel.read(BUFFER) > 0;
        } catch (IOException gone) {
            return false;
        }
    }
}
