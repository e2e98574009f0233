# corpus.bash: what nobody may be able to make mean something, for tests/cli/hostile.bats and tests/web/forms.bats.
# shellcheck shell=bash disable=SC2016,SC1003

# Values that no field whatsoever may take.
corpus() { # each ended by a NUL
	printf '%s\0' $'a\rb' $'a\nb' $'x\n' $'\t' $'\001' $'\177' $'\302\205' $'\xff\xfe' $'\xc0\xaf' $'\xed\xa0\x80' \
		'"; }' "';--" '$(id)' '`id`' '${x}' '../../etc/passwd' '{{x}}' '%s%n' '1;2' 'a{b}' '<?php' '\' \
		'99999999999999999999' '-99999999999999999999' '"' "'" ';' '{' '}' '$' '%' '../' 'pаypal' \
		$'a\342\200\256b'
	head -c 65536 /dev/zero | tr '\0' a
	printf '\0'
}

# What a page, a shell, a database, a server's configuration or a header would act on, if it were not text.
# window.hpRan and /run/hp-ran tell that one did.
payloads() { # likewise
	printf '%s\0' '<script>window.hpRan=1</script>' '"><img src=x onerror="window.hpRan=2">' "' onfocus='window.hpRan=3' autofocus x='" \
		'</textarea><svg onload=window.hpRan=4>' '</title><script>window.hpRan=5</script>' 'javascript:window.hpRan=6' \
		"<b hx-get=/logout hx-trigger=load data-x='" '<base href=//evil.example/>' '&lt;script&gt;' '<!--' ']]>' \
		'; touch /run/hp-ran' '$(touch /run/hp-ran)' '`touch /run/hp-ran`' '| touch /run/hp-ran #' '--force' '-' \
		"' OR '1'='1" "'; DROP TABLE users; --" '1; DELETE FROM websites' ':tenant' '%' \
		$'x\r\nSet-Cookie: hpran=1' $'x\r\n\r\n<script>window.hpRan=7</script>' '%0d%0aSet-Cookie:%20hpran=1' \
		'../../../../etc/shadow' '/etc/shadow' '..%2f..%2fetc%2fshadow' 'a/../b' \
		'{{csrf}}' '{{{csrf}}}' '{{#rows}}' '{{>head.html}}' '${jndi:x}' '<?php touch("/run/hp-ran"); ?>' \
		$'; } server { listen 81; root /etc; } #' $'x;\ninclude /etc/shadow;' '$request_body' '=1+1' '@SUM(1)' '{"a":1}' '[1]'
}
