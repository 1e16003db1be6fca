# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# A PSGI application. /ask asks the service at BACKEND ("address port"), and waits for its answer.
use strict;
use warnings;
use IO::Socket::INET;

sub {
    my $env = shift;
    if ($env->{PATH_INFO} eq "/ask") {
        my ($address, $port) = split ' ', $ENV{BACKEND};
        my $backend = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port) or die;
        $backend->print("please\n");
        $backend->recv(my $answer, 100);
    }
    return [200, ["Content-Type" => "text/plain", "Content-Length" => 3], ["ok\n"]];
};
