#!/usr/bin/env bats
# The pages as a browser without JavaScript has them: every action is a link or a form.

load web.bash

password='correct horse battery'
bad='<script>alert(1)</script>"'"'"'&{{x}}'

setup_file() {
	web_up 'rate_limit = 100000' 'login_rate_limit = 100000'
	hp-user passwd anna -q <<<"$password"
	hp-user add carl tenant=acme role=client -q
	hp-user passwd carl -q <<<"$password"
	hp-user add chief tenant=acme role=admin operator=true -q
	hp-user passwd chief -q <<<"$password"
	hp-tenant add other -q
	hp-site add foreign.example tenant=other --no-apply -q
	hp-user add olga tenant=other role=admin -q
}
teardown_file() { web_down; }
setup() {
	web_paths
	jar=$BATS_TEST_TMPDIR/jar
}

# page PATH [CURL-ARGUMENT …]: its status in $status, the page in $page, headers in $head
page() {
	local path=$1
	shift
	head=$BATS_TEST_TMPDIR/head
	status=$(curl -sS -m 60 --cacert $ca -b "$jar" -c "$jar" -D "$head" -o "$BATS_TEST_TMPDIR/page" \
		-w '%{http_code}' "$@" "$url$path")
	page=$(<"$BATS_TEST_TMPDIR/page")
	head=$(<"$head")
}
csrf() { sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' <<<"$page" | head -n 1; }
# send PATH [NAME=VALUE …]: the form, with the token of the page before
send() {
	local path=$1 args=() f
	shift
	args=(--data-urlencode "csrf=$(csrf)")
	for f in "$@"; do args+=(--data-urlencode "$f"); done
	page "$path" "${args[@]}"
}
login() { # login NAME [NAME=VALUE …]
	local name=$1
	shift
	rm -f "$jar"
	page /login
	send /login "username=$name" "password=$password" "$@"
}
in_as() { # likewise, and he is let in
	login "$@"
	[ "$status" = 303 ] || { echo "$1 is not let in: $status"; shows nothing; }
}
shows() { # shows TEXT: it stands on the page
	[[ $page == *"$1"* ]] || {
		echo "“$1” is not on the page, which has status $status:"
		echo "$page" | sed -n '/<main/,$p'
		return 1
	}
}
hides() {
	[[ $page != *"$1"* ]] || { echo "“$1” is on the page"; return 1; }
}

@test "who is not known is asked who he is, in place; and comes to where he wanted" {
	page /websites/a.example
	[ "$status" = 401 ]
	shows 'name="password"'
	shows 'name="next" value="/websites/a.example"'
	send /login username=anna "password=$password" next=/websites/a.example
	[ "$status" = 303 ]
	[[ ${head,,} == *$'\nlocation: /websites/a.example\r'* ]]
	[[ ${head,,} == *'__host-hp_session='*'secure'* ]] && [[ $head == *HttpOnly* && $head == *SameSite=Strict* ]]
	page /websites/a.example
	[ "$status" = 200 ]
	shows '<h1>a.example</h1>'
}

@test "login: wrong and unknown alike; the form's token; no open redirect; a session of one's own" {
	rm -f "$jar"
	page /login
	send /login username=anna password=wrong-password
	[ "$status" = 401 ]
	shows 'the name or the password is wrong'
	shows 'value="anna"'
	one=${page//anna/X}
	send /login username=nobody-here password=wrong-password
	two=${page//nobody-here/X}
	[ "$one" = "$two" ]
	# a form of another page has no token, or that of another browser
	page /login
	page /login --data-urlencode username=anna --data-urlencode "password=$password"
	[ "$status" = 403 ]
	page /login --data-urlencode username=anna --data-urlencode "password=$password" --data-urlencode "csrf=$(printf '0%.0s' {1..64})"
	[ "$status" = 403 ]
	page /login
	page /login -H 'Origin: https://evil.example' --data-urlencode "csrf=$(csrf)" --data-urlencode username=anna --data-urlencode "password=$password"
	[ "$status" = 403 ]
	for next in //evil.example/ https://evil.example/ '/\evil.example' /logout /api/dashboard/metrics /nowhere $'/websites\r\nX: y'; do
		in_as anna "next=$next"
		[[ ${head,,} == *$'\nlocation: /\r'* ]] || { echo "$next: $head"; false; }
	done
	# what was in the cookie before is not the session afterwards
	rm -f "$jar"
	page /login -b '__Host-hp_session=hps_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
	in_as anna
	! grep -q aaaaaaaaaaaa "$jar"
}

@test "logging out ends the session, not only the cookie" {
	in_as anna
	cp "$jar" "$BATS_TEST_TMPDIR/kept"
	page /
	send /logout
	[ "$status" = 303 ]
	page /websites
	[ "$status" = 401 ]
	cp "$BATS_TEST_TMPDIR/kept" "$jar"
	page /websites
	[ "$status" = 401 ]
}

@test "what changes something wants the session's token" {
	in_as anna
	page /websites/a.example
	page /websites/a.example/suspend -X POST
	[ "$status" = 403 ]
	page /websites/a.example/suspend --data-urlencode "csrf=$(printf '1%.0s' {1..64})"
	[ "$status" = 403 ]
	[ "$(hp-site show a.example --tsv -n -o status)" = active ]
}

@test "settings: one field changed is one member sent; the plan first; then it is so" {
	in_as anna
	page /websites/a.example/settings
	[ "$status" = 200 ]
	shows 'name="php_memory_limit"'
	hides 'name="memory_max"' # the operator's
	send /websites/a.example/settings php_memory_limit=300M "redirects=/old = 301 /new"$'\n'"/x/* = 302 /y/*" gzip_enabled=true
	shows 'Apply this change to a.example?'
	shows '<ins class="pre">300M</ins>'
	shows 'value="/old = 301 /new'
	[ -z "$(hp-site show a.example --tsv -n -o php_memory_limit)" ]
	send /websites/a.example/settings apply=1 php_memory_limit=300M "redirects=/old = 301 /new"$'\n'"/x/* = 302 /y/*"
	[ "$status" = 303 ]
	page /websites/a.example
	shows 'was changed'
	page /websites/a.example
	hides 'was changed'
	is "$(hp-site show a.example --json)" '.php_memory_limit == "300M" and .redirects == {"/old": "301 /new", "/x/*": "302 /y/*"} and .gzip_enabled'
	is "$(hp-audit list --json --limit 1)" '.[0] | .actor == "anna" and .source == "127.0.0.1" and (.after | keys) == ["php_memory_limit", "redirects"]'
}

@test "settings: what is refused stands beside its field, and what was typed is kept" {
	in_as anna
	page /websites/a.example/settings
	send /websites/a.example/settings whole=1 php_memory_limit=lots "php_settings=a line" php_max_execution_time=5 gzip_enabled=true ssl_auto_renew=true https_redirect=true
	[ "$status" = 422 ]
	shows 'each line is NAME = VALUE'
	shows 'value="lots"'
	send /websites/a.example/settings php_memory_limit=lots php_max_execution_time=5
	[ "$status" = 422 ]
	[[ $page == *'class="field bad"'*'name="php_memory_limit"'*'class="why"'* ]]
	shows 'value="lots"'
	send /websites/a.example/settings
	[ "$status" = 422 ]
	shows 'nothing was changed'
}

@test "settings: a box without a tick says no, where the whole form was sent" {
	in_as anna
	page /websites/b.example/settings
	send /websites/b.example/settings whole=1 apply=1 ssl_auto_renew=true https_redirect=true
	[ "$status" = 303 ]
	is "$(hp-site show b.example --json)" '.gzip_enabled == false and .ssl_auto_renew'
}

@test "settings: who comes second overwrites nothing" {
	in_as anna
	page /websites/b.example/settings
	revision=$(sed -n 's/.*name="revision" value="\([0-9a-f]*\)".*/\1/p' <<<"$page" | head -n 1)
	[ "${#revision}" = 32 ]
	hp-site set b.example php_max_execution_time=77 --no-apply -q
	send /websites/b.example/settings apply=1 "revision=$revision" php_max_execution_time=99
	[ "$status" = 409 ]
	shows 'was changed meanwhile'
	[ "$(hp-site show b.example --tsv -n -o php_max_execution_time)" = 77 ]
}

@test "a website made and given names; removed only by typing its name, and where root can be asked" {
	in_as anna
	page /websites/new
	send /websites/new domain=new.example "aliases=www.new.example"
	shows 'Make this website?'
	send /websites/new apply=1 domain=new.example "aliases=www.new.example"
	[ "$status" = 303 ]
	[[ $head == *'/websites/new.example'* ]]
	page /websites/new.example
	shows 'www.new.example'
	send /websites/new.example/aliases name=shop.new.example
	[ "$status" = 303 ]
	page /websites/new.example
	shows 'shop.new.example'
	send /websites/new.example/aliases/shop.new.example/remove
	page /websites/new.example/remove
	send /websites/new.example/remove confirm=new.exampl
	[ "$status" = 422 ]
	hp-site show new.example -q >/dev/null
	send /websites/new.example/remove confirm=new.example
	# nobody listens for root here
	[ "$status" = 503 ]
	shows 'can&#39;t be reached'
	hp-site remove new.example --yes --no-apply -q
}

@test "what belongs to somebody else is as if it were not there, on every page" {
	in_as anna
	for path in /websites/foreign.example /websites/foreign.example/settings /users/olga /users/olga/edit; do
		page $path
		[ "$status" = 404 ] || { echo "$path: $status"; false; }
		foreign=$(sed 's/foreign\|olga/X/g; s/[0-9a-f]\{32,64\}/ID/g' <<<"$page")
		page "$(sed 's/foreign/unknown/; s/olga/unkn/' <<<"$path")"
		[ "$status" = 404 ]
		[ "$foreign" = "$(sed 's/unknown\|unkn/X/g; s/[0-9a-f]\{32,64\}/ID/g' <<<"$page")" ]
	done
	page /websites
	send /websites/foreign.example/settings apply=1 php_memory_limit=300M
	[ "$status" = 404 ] || shows nothing
	page /websites
	send /websites/foreign.example/suspend # the operator's, whosever it is
	[ "$status" = 403 ]
	page /tenants/new
	send /tenants/new subdomain=mine
	[ "$status" = 403 ]
}

@test "whatever is stored or typed is text on the page" {
	hp-tenant set acme "name=$bad" -q
	in_as chief
	page /tenants
	shows '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;{{x}}'
	hides '<script>alert'
	for path in /websites /users /keys /sessions /audit; do
		page "$path" -G --data-urlencode "q=$bad" --data-urlencode "sort=$bad" --data-urlencode "object=$bad" --data-urlencode "user=$bad" --data-urlencode "page=$bad"
		hides '<script>alert'
	done
	page /users/new
	send /users/new "username=$bad" "email=$bad" tenant=acme
	[ "$status" = 422 ]
	hides '<script>alert'
	shows '&lt;script&gt;'
	page "/websites/%3Cscript%3Ealert(1)%3C%2Fscript%3E"
	hides '<script>alert'
	hp-tenant set acme name=Acme -q
}

@test "no page has script or style of its own, and none may be put in" {
	in_as chief
	for path in / /websites /websites/new /websites/a.example /websites/a.example/settings /websites/a.example/remove \
		/users /users/anna /users/new /users/anna/edit /account /keys /keys/new /sessions /audit /tenants /tenants/acme /tenants/new /tenants/acme/edit /php /nowhere; do
		page "$path"
		[[ $status = 200 || $path = /nowhere || $path = /php ]] || { echo "$path: $status"; shows nothing; }
		! grep -qiE '<style|<script>|<script [^>]*>[^<]|[ "]style=|[ "]on[a-z]+=|javascript:' <<<"$page" || { echo "$path"; false; }
		grep -qi "^content-security-policy: default-src 'none'; script-src 'self'" <<<"$head"
		grep -qi '^x-frame-options: deny' <<<"$head"
		grep -qi '^cache-control: no-store' <<<"$head"
	done
}

@test "users: made, changed, given a password; keys are shown once; sessions end" {
	in_as chief
	page /users/new
	send /users/new username=dora role=client tenant=acme "email=dora@example.com" "password=$password"
	[ "$status" = 303 ]
	page /users/dora
	shows dora@example.com
	send /users/dora/password "password=another good one" "again=yet another one"
	[ "$status" = 422 ]
	send /users/dora/password "password=another good one" "again=another good one"
	[ "$status" = 303 ]
	page /keys/new
	send /keys/new name=robot username=dora verb.site:list=1 verb.site:show=1
	[ "$status" = 200 ]
	token=$(sed -n 's/.*\(hpk_[a-z0-9]*_[a-z0-9]*\).*/\1/p' <<<"$page")
	is "$(api "$token" /api/v1/me)" '.username == "dora" and .by == "key"'
	page /keys
	hides "$token"
	shows "${token:4:12}"
	send "/keys/${token:4:12}/remove"
	[ "$(code /api/v1/me -H "Authorization: Bearer $token")" = 401 ]
	# a key is not for pages
	key=$(web_key --verbs site:list)
	[ "$(code /websites -H "Authorization: Bearer $key")" = 403 ]
}

@test "second factor: set up, asked for in a second step, recovery codes shown once" {
	hp-user add fred tenant=acme role=admin -q
	hp-user passwd fred -q <<<"$password"
	in_as fred
	page /account
	send /account/second
	[ "$status" = 200 ]
	secret=$(sed -n 's/.*name="secret" value="\([A-Z2-7]*\)".*/\1/p' <<<"$page" | head -n 1)
	shows '<path d="M4 4h7'
	uri=$(sed -n 's/.*name="uri" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n 1 | sed 's/&amp;/\&/g')
	send /account/second/confirm code=000000 "secret=$secret" "uri=$uri"
	[ "$status" = 422 ]
	shows "$secret"
	send /account/second/confirm "code=$(totp "$secret")" "secret=$secret" "uri=$uri"
	[ "$status" = 200 ]
	recovery=$(sed -n 's/.*class="secret">\([^<]*\)<.*/\1/p' <<<"$page" | head -n 1)
	[ "$(grep -c 'class="secret"' <<<"$page")" = 10 ]
	login fred
	[ "$status" = 401 ]
	shows 'name="code"'
	hides 'is wrong'
	send /login username=fred "password=$password" "code=$recovery"
	[ "$status" = 303 ]
}

# totp SECRET: the code of now (RFC 6238)
totp() {
	perl -MDigest::SHA=hmac_sha1 -e '
		my ($b, $bits) = ("", ""); $bits .= sprintf("%05b", index("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", $_)) for split //, $ARGV[0];
		my $h = hmac_sha1(pack("Q>", int(time / 30)), pack("B*", substr($bits, 0, 8 * int(length($bits) / 8))));
		printf "%06d\n", (unpack("N", substr($h, ord(substr($h, -1)) & 15, 4)) & 0x7fffffff) % 1000000' "$1"
}

@test "audit: what was done is shown, and undone after a look" {
	in_as anna
	page /websites/b.example/settings
	send /websites/b.example/settings apply=1 php_max_execution_time=123
	id=$(hp-audit list --json --limit 1 | jq -r '.[0].id')
	page '/audit?object=b.example'
	shows "/audit/$id/undo"
	page "/audit/$id/undo"
	[ "$status" = 200 ]
	[ "$(hp-site show b.example --tsv -n -o php_max_execution_time)" = 123 ]
	send "/audit/$id/undo"
	[ "$status" = 303 ]
	[ "$(hp-site show b.example --tsv -n -o php_max_execution_time)" != 123 ]
}

@test "dashboard: counts, and charts as JSON; what is not there is told" {
	in_as chief
	page /
	shows '<b>3</b><span>websites</span>'
	page /api/dashboard/metrics
	[ "$status" = 200 ]
	hides '<html'
	page /api/dashboard/chart/changes
	is "$page" '(.x | length) == 30 and (.y | length) == 30 and .y[29] > 0'
	page /api/dashboard/chart/cpu
	[ "$status" = 404 ]
}

@test "with htmx, the main part alone; without, all of it" {
	in_as anna
	page /websites -H 'HX-Request: true'
	hides '<html'
	shows '<main id="main"'
	shows 'hx-swap-oob="true"'
	grep -qi '^vary: hx-request' <<<"$head"
	# a session that is over: the browser loads the page, which asks who he is
	rm -f "$jar"
	page /websites -H 'HX-Request: true'
	[ "$status" = 401 ]
	grep -qi '^hx-redirect: /websites' <<<"$head"
}

@test "files have their digest in their name, and the first view is small" {
	in_as anna
	page /
	total=$(wc -c <<<"$page")
	for f in $(grep -oE '/static/[a-z0-9.-]+' <<<"$page" | sort -u) ; do
		grep -qE -- '-[0-9a-f]{12}\.' <<<"$f"
		page "$f" -H 'Accept-Encoding: gzip'
		[ "$status" = 200 ]
		grep -qi 'immutable' <<<"$head"
		total=$((total + $(stat -c %s "$BATS_TEST_TMPDIR/page")))
	done
	echo "$total bytes"
	[ "$total" -le 102400 ]
	page /static/..%2fpackage.json
	[ "$status" != 200 ]
}
