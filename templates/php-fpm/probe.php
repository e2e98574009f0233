<?php
/*
 * What answers behind a website's socket, for hp-php show; written by hosting-panel. No web server
 * leads here, and it tells a website's own scripts nothing that they could not find out.
 */
$cache = function_exists('opcache_get_status') ? @opcache_get_status(false) : null;
$limits = [];
foreach (['memory_limit', 'max_execution_time', 'upload_max_filesize', 'post_max_size'] as $name) {
	$limits[$name] = (string)ini_get($name);
}
header('Content-Type: application/json');
echo json_encode([
	'version' => PHP_VERSION,
	'sapi' => PHP_SAPI,
	'pid' => getmypid(),
	'extensions' => array_map('strtolower', get_loaded_extensions()),
	'limits' => $limits,
	'opcache' => $cache === null ? 'missing' : (($cache['opcache_enabled'] ?? false) ? 'on' : 'off'),
	'jit' => (bool)($cache['jit']['on'] ?? false),
	'opcache_memory' => (int)($cache['memory_usage']['used_memory'] ?? 0),
	'opcache_scripts' => (int)($cache['opcache_statistics']['num_cached_scripts'] ?? 0),
], JSON_INVALID_UTF8_SUBSTITUTE);
