# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
An application between a web server and PostgreSQL: a thread a request, each with its own connection of pg8000, which
blocks in reads. ADDRESS PORT DATABASE_PORT FIFO; /sleep, /lock and /quick ask the database, /pipe reads from the FIFO.
"""

import http.server
import sys

import pg8000

address, port, database_port, fifo = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

STATEMENTS = {
    "sleep": "select pg_sleep(600)",
    "lock": "select pg_advisory_lock(1)",
    "quick": "select 1, pg_sleep(0.01)",
}


def query(statement):
    connection = pg8000.connect(user="postgres", host=address, port=database_port, database="postgres")
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.fetchall()
    connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word = self.path.strip("/")
        if word == "pipe":
            with open(fifo, "rb") as file:
                file.read()
        else:
            query(STATEMENTS[word])
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


Server((address, port), Handler).serve_forever()
