<?php
/* What a website does to the machine that it runs on, for tests/vm/limits.bats. All of it ends by itself. */
$n = (int)($_GET['n'] ?? 0);
$seconds = (int)($_GET['s'] ?? 0);
/* Behind the request, as children that no memory_limit and no max_execution_time of PHP's reaches. */
function leave_running(string $perl, int ...$args): void
{
	exec('perl -e ' . escapeshellarg($perl) . ' ' . implode(' ', $args) . ' >/dev/null 2>&1 </dev/null &');
	echo 'started';
}

switch ($_GET['do'] ?? '') {
case 'who':
	echo posix_getpwuid(posix_geteuid())['name'];
	break;
case 'bomb':
	/* each one forks as long as it lives, and so do its children */
	leave_running('$e = time + shift; $SIG{CHLD} = "IGNORE"; while (time < $e) { fork }', $seconds);
	break;
case 'hog':
	/* so many processes that take 100 MB and more each, and again when one of them is killed */
	leave_running('my ($n, $s) = @ARGV; my $e = time + $s;
		while ($n--) { fork // next or do { my $x = "x" x 50_000_000; sleep $e - time; exit } }
		while (time < $e && wait > 0) { fork or do { my $x = "x" x 50_000_000; sleep $e - time; exit } }', $n, $seconds);
	break;
case 'spin':
	while (true);
}
