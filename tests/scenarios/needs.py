# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Programs that scenarios need, and Debian's packages that have them."""

import glob
import os
import shutil

# program: (package, where it is)
PROGRAMS = {
    "curl": ("curl", "curl"),
    "wrk": ("wrk", "wrk"),
    "gcc": ("gcc", "gcc"),
    "nginx": ("nginx-light", "nginx"),
    "apache2": ("apache2-bin", "apache2"),
    "postgres": ("postgresql-15", "/usr/lib/postgresql/*/bin/postgres"),
    "pg8000": ("python3-pg8000", "/usr/lib/python3/dist-packages/pg8000/__init__.py"),
    "jdbc": ("libpostgresql-jdbc-java", "/usr/share/java/postgresql.jar"),
    "redis-server": ("redis-server", "redis-server"),
    "redis-cli": ("redis-tools", "redis-cli"),
    "memcached": ("memcached", "memcached"),
    "haproxy": ("haproxy", "haproxy"),
    "aiohttp": ("python3-aiohttp", "/usr/lib/python3/dist-packages/aiohttp/__init__.py"),
    "gunicorn": ("gunicorn", "gunicorn"),
    "uwsgi": ("uwsgi", "uwsgi"),
    "uwsgi-python": ("uwsgi-plugin-python3", "/usr/lib/uwsgi/plugins/python3_plugin.so"),
    "tornado": ("python3-tornado", "/usr/lib/python3/dist-packages/tornado/__init__.py"),
    "twisted": ("python3-twisted", "/usr/lib/python3/dist-packages/twisted/__init__.py"),
    "gevent": ("python3-gevent", "/usr/lib/python3/dist-packages/gevent/__init__.py"),
    "sshd": ("openssh-server", "sshd"),
    "ssh": ("openssh-client", "ssh"),
    "node": ("nodejs", "/usr/bin/node"),
    "java": ("openjdk-17-jdk-headless", "/usr/lib/jvm/*17*/bin/javac"),
    "go": ("golang-go", "/usr/bin/go"),
    "bpftool": ("bpftool", "bpftool"),
    "prefork": ("apache2-bin", "/usr/lib/apache2/modules/mod_mpm_prefork.so"),
    "squid": ("squid", "squid"),
    "mosquitto": ("mosquitto", "mosquitto"),
    "mosquitto_pub": ("mosquitto-clients", "mosquitto_pub"),
    "mariadbd": ("mariadb-server", "mariadbd"),
    "mariadb": ("mariadb-client", "mariadb"),
    "php-fpm": ("php-fpm", "/usr/sbin/php-fpm[0-9]*"),
    "varnishd": ("varnish", "varnishd"),
    "unicorn": ("unicorn", "unicorn"),
    "starman": ("starman", "starman"),
    "pgbouncer": ("pgbouncer", "pgbouncer"),
    "rsync": ("rsync", "rsync"),
    "dovecot": ("dovecot-imapd", "dovecot"),
    "nats": ("nats-server", "nats-server"),
    "rabbitmq": ("rabbitmq-server", "rabbitmq-server"),
    "pika": ("python3-pika", "/usr/lib/python3/dist-packages/pika/__init__.py"),
    "nft": ("nftables", "nft"),
}


def where(program):
    """Its path, or None. Debian's own, not one from elsewhere in PATH."""
    place = PROGRAMS[program][1]
    if place.startswith("/"):
        return next(iter(sorted(glob.glob(place), reverse=True)), None)
    return shutil.which(place, path="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")


def beside(program, name):
    """Another program of the same folder."""
    return os.path.join(os.path.dirname(where(program)), name)


def missing(programs):
    """The reason to skip, or None."""
    packages = sorted({PROGRAMS[program][0] for program in programs if not where(program)})
    return f"not installed: {' '.join(packages)}" if packages else None
