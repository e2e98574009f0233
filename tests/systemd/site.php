<?php
/* What a website can and cannot do, for tests/systemd/instances.bats. */
$f = $_GET['f'] ?? '';
switch ($_GET['do'] ?? '') {
case 'who':
	echo get_current_user(), ' ', posix_geteuid(), ' ', posix_getegid();
	break;
case 'read':
	/* not through PHP's own file functions: open_basedir must not be the only wall */
	exec('cat ' . escapeshellarg($f) . ' 2>/dev/null', $out, $status);
	echo $status === 0 ? 'read' : 'refused';
	break;
case 'list':
	exec('ls ' . escapeshellarg($f) . ' 2>/dev/null', $out, $status);
	echo $status === 0 ? 'listed' : 'refused';
	break;
case 'write':
	exec('sh -c ": >\"\$1\"" - ' . escapeshellarg($f) . ' 2>/dev/null', $out, $status);
	echo $status === 0 ? 'written' : 'refused';
	break;
case 'connect':
	$s = @stream_socket_client('unix://' . $f, $errno, $errstr, 2);
	echo $s ? 'connected' : 'refused';
	break;
case 'forks':
	/* a bomb with a fuse: 300 at the most, by its own limit and the loop's, and all killed */
	$n = 0;
	$h = [];
	for ($i = 0; $i < 300; $i++) {
		$h[] = $p = @proc_open(['/bin/sleep', '20'], [], $pipes);
		$n += is_resource($p) ? 1 : 0;
	}
	foreach (array_filter($h) as $p) {
		proc_terminate($p, 9);
		proc_close($p);
	}
	echo $n;
	break;
case 'bomb':
	/* a real one, for five seconds; were it not for the limit, 250 at the most */
	exec('ulimit -u 250; perl -e \'$e = time + 5; $SIG{CHLD} = "IGNORE";
		while (time < $e) { fork; select undef, undef, undef, 0.05 }\' >/dev/null 2>&1 </dev/null &');
	echo 'started';
	break;
case 'memory':
	/* a child that takes so many MB, which memory_limit does not see */
	exec('perl -e \'$x = "x" x shift; print "took it"\' ' . (int)$f . '000000 2>/dev/null', $out);
	echo implode($out) ?: 'refused';
	break;
case 'spin':
	while (true);
case 'sleep':
	while (true)
		usleep(100000); /* costs no time that max_execution_time counts */
case 'slow':
	/* a signal ends sleep(), and not this */
	for ($end = microtime(true) + (float)($f ?: 6); microtime(true) < $end;)
		usleep(100000);
	echo 'late';
	break;
case 'opcache':
	$seen = 0;
	foreach (array_keys(opcache_get_status()['scripts'] ?? []) as $script)
		$seen += str_starts_with($script, $f) ? 0 : 1;
	echo $seen;
	break;
case 'foreign':
	exec('cat /proc/[0-9]*/status 2>/dev/null', $out);
	echo count(array_filter($out, fn($l) => str_starts_with($l, 'Uid:') && !str_contains($l, "\t" . posix_geteuid() . "\t")));
	break;
case 'self':
	passthru('cat /proc/self/status');
	break;
case 'works':
	session_start();
	$_SESSION['x'] = 1;
	if (session_write_close()) echo 'session ';
	$t = tempnam(sys_get_temp_dir(), 'x');
	if ($t && file_put_contents($t, 'x') && str_starts_with($t, '/var/lib/hosting-panel/sites/')) echo 'tmpfile ';
	if (strlen(random_bytes(8)) === 8) echo 'random ';
	if (trim(shell_exec('echo child')) === 'child') echo 'child ';
	if (preg_match('/^(a+)+b$/', 'aaab')) echo 'regex ';
	if (gethostbyname('localhost') === '127.0.0.1') echo 'dns';
	break;
}
