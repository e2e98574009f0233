#!/usr/bin/perl
# app.pl PORT: a program behind a website (proxy_port). It answers with the request that it got; "/frame"
# with a header of its own, and what asks for WebSocket gets a tunnel that repeats each line.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 16, ReuseAddr => 1)
	or die "port $ARGV[0]: $!\n";
print "ready\n";
close STDOUT;
while (my $c = $l->accept) {
	next if fork;
	$c->autoflush(1);
	my $head = '';
	while (my $line = <$c>) {
		$head .= $line;
		last if $line =~ /^\r?\n$/;
	}
	if ($head =~ /^Upgrade: websocket\r$/mi && $head =~ /^Connection: upgrade\r$/mi) {
		print $c "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
		while (my $line = <$c>) { print $c "again: $line" }
		exit;
	}
	my $more = $head =~ m{^GET /frame } ? "X-Frame-Options: DENY\r\nX-Own: app\r\n" : '';
	my $status = $head =~ m{^GET /go } ? "302 Found\r\nLocation: http://127.0.0.1:$ARGV[0]/there" : '200 OK';
	# for who keeps what asks for it alone
	$more .= "X-LiteSpeed-Cache-Control: public,max-age=10\r\n" if $status =~ /^200/;
	print $c "HTTP/1.1 $status\r\nContent-Type: text/plain\r\n${more}Connection: close\r\nContent-Length: ",
		length $head, "\r\n\r\n", $head;
	exit;
}
