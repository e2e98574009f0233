# scan: what catalog.awk and migrations.awk share: a reader of SQL, line by line.
#
# scan_line() is fed the lines of a statement. It drops comments, folds white space outside quotes to
# one blank, and knows 'strings', "identifiers", $$bodies$$ and "::". It sets
#   sql     the text, each parameter :name as \001name\002
#   bare    the same with nothing in its strings, for checks
#   done    1 when a line has ended with the statement's semicolon
# POSIX awk only: Debian's awk is mawk.

function fail(line, msg) {
	print FILENAME ":" line ": " msg > "/dev/stderr"
	bad = 1
}

function scan_reset() {
	sql = bare = quote = ""
	done = 0
	started = 0
}

function add(s, visible) {
	sql = sql s
	if (visible)
		bare = bare s
}

function blank() {
	if (sql != "" && substr(sql, length(sql), 1) != " ")
		add(" ", 1)
}

function scan_line(line, nr,    i, n, c, d, rest) {
	n = length(line)
	i = 1
	while (i <= n) {
		c = substr(line, i, 1)
		d = substr(line, i, 2)
		if (quote == "*/") {
			if (d == "*/") {
				quote = ""
				i++
			}
			i++
			continue
		}
		if (quote != "") {
			if (quote == substr(line, i, length(quote))) {
				if (length(quote) == 1 && substr(line, i + 1, 1) == quote) {
					add(c c, quote == "\"")
					i += 2
					continue
				}
				add(quote, 1)
				i += length(quote)
				quote = ""
				continue
			}
			if (c == "\\" && quote != "$$")
				fail(nr, "a backslash in a string does not mean the same on all engines")
			add(c, quote == "\"")
			i++
			continue
		}
		if (done) {
			rest = substr(line, i)
			if (rest !~ /^[ \t]*(--.*)?$/)
				fail(nr, "text after the statement's semicolon")
			return
		}
		if (d == "--") {
			i = n + 1
		} else if (d == "/*") {
			quote = "*/"
			i += 2
		} else if (c == "'" || c == "\"" || d == "$$") {
			quote = d == "$$" ? d : c
			add(quote, 1)
			i += length(quote)
			if (!started)
				started = nr
		} else if (d == "::") {
			add(d, 1)
			i += 2
		} else if (c == ":" && substr(line, i + 1) ~ /^[a-z_]/) {
			match(substr(line, i + 1), /^[a-z0-9_]+/)
			add("\001" substr(line, i + 1, RLENGTH) "\002", 1)
			i += 1 + RLENGTH
		} else if (c == ";") {
			done = 1
			i++
		} else if (c == " " || c == "\t") {
			blank()
			i++
		} else {
			if (c == "`" || c == "?" || c == "$" || c == ":" || c == "\\")
				fail(nr, "\"" c "\" outside a string: parameters are :name, and no engine's own quoting is taken")
			add(c, 1)
			i++
			if (!started)
				started = nr
		}
	}
	if (quote == "")
		blank()
	else if (quote != "*/")
		add("\n", 0)
}

# A C string. mawk and gawk agree on "\\\\" in a replacement only by this detour.
function c_string(s,    out, i, c) {
	out = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\n")
			c = "\\n"
		else if (c == "\t")
			c = "\\t"
		else if (c == "\\" || c == "\"")
			c = "\\" c
		out = out c
	}
	return "\"" out "\""
}

function trim(s) {
	sub(/^[ \t]+/, "", s)
	sub(/[ \t]+$/, "", s)
	return s
}
