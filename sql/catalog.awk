# catalog: check sql/catalog.sql and turn it into C.
#   awk -v what=h|c -f scan.awk -f catalog.awk catalog.sql
# Any fault is reported as file:line and ends with status 1. sql/catalog.sql describes the format.

BEGIN {
	split("sqlite postgresql mysql mariadb", engines, " ")
	for (e = 1; e <= 4; e++)
		engine_no[engines[e]] = e
	header_reset()
	scan_reset()
}

function header_reset() {
	h_name = h_scope = h_rows = h_why = h_engine = ""
	h_line = 0
}

function header(key, value) {
	if (!h_line)
		h_line = FNR
	if (key == "name") {
		if (h_name != "")
			fail(FNR, "\"name\" again, but statement \"" h_name "\" has no text yet")
		h_name = value
	} else if (key == "scope")
		h_scope = value
	else if (key == "rows")
		h_rows = value
	else if (key == "why")
		h_why = value
	else
		h_engine = value
}

# A part: text that several statements have in common, each time written @name@ in them.
!started && quote == "" && h_name == "" && /^-- part:/ {
	part_name = trim(substr($0, 9))
	if (part_name !~ /^[a-z][a-z0-9_]*$/)
		fail(FNR, "part \"" part_name "\": lower case letters, digits and _ only")
	else if (part_name in parts)
		fail(FNR, "part \"" part_name "\" stands twice")
	parts[part_name] = ""
	next
}
part_name != "" {
	text_of_part = trim($0)
	part_ends = text_of_part ~ /;$/
	sub(/;$/, "", text_of_part)
	parts[part_name] = trim(parts[part_name] " " text_of_part)
	if (part_ends)
		part_name = ""
	else if (text_of_part == "") {
		fail(FNR, "part \"" part_name "\" does not end with a semicolon")
		part_name = ""
	}
	next
}

# Between statements: blank lines, free comments and headers.
!started && quote == "" && /^[ \t]*(--.*)?$/ {
	if (match($0, /^-- (name|scope|rows|why|engine):/))
		header(substr($0, 4, RLENGTH - 4), trim(substr($0, RLENGTH + 1)))
	else if ($0 ~ /^--[ \t]*(name|scope|rows|why|engine)[ \t]*:/)
		fail(FNR, "a header line is written \"-- key: value\"")
	next
}

{
	scan_line(with_parts($0), FNR)
	if (done) {
		statement()
		scan_reset()
		header_reset()
	}
}

END {
	if (part_name != "")
		fail(FNR, "part \"" part_name "\" does not end with a semicolon")
	else if (started || quote != "")
		fail(FNR, "statement \"" h_name "\" does not end with a semicolon")
	else if (h_name != "")
		fail(FNR, "statement \"" h_name "\" has no text")
	for (i = 1; i <= count; i++)
		for (e = 1; e <= 4; e++)
			if (text[i, e] == "")
				fail(line_of[i], "statement \"" names[i] "\" has no text for " engines[e])
	if (bad)
		exit 1
	print "/* Made from sql/catalog.sql. */"
	if (what == "h")
		print_h()
	else
		print_c()
}

function with_parts(line,    name, out) {
	out = ""
	while (match(line, /@[a-z][a-z0-9_]*@/)) {
		name = substr(line, RSTART + 1, RLENGTH - 2)
		if (!(name in parts))
			fail(FNR, "there is no part \"" name "\"")
		out = out substr(line, 1, RSTART - 1) parts[name]
		line = substr(line, RSTART + RLENGTH)
	}
	return out line
}

function statement(    i, list, n, k, variant) {
	sql = trim(sql)
	bare = trim(bare)
	if (h_name == "") {
		fail(started, "a statement without \"-- name:\"")
		return
	}
	if (h_name !~ /^[a-z][a-z0-9_]*$/) {
		fail(h_line, "name \"" h_name "\": lower case letters, digits and _ only")
		return
	}
	variant = h_name in index_of
	if (variant && h_engine == "") {
		fail(h_line, "name \"" h_name "\" stands twice, first in line " line_of[index_of[h_name]])
		return
	}
	if (!variant && h_engine != "") {
		fail(h_line, "\"" h_name "\" has a text for " h_engine " before its general text")
		return
	}
	if (variant) {
		if (h_scope h_rows h_why != "")
			fail(h_line, "\"" h_name "\": scope, rows and why stand with the first text only")
		i = index_of[h_name]
	} else {
		i = ++count
		index_of[h_name] = i
		names[i] = h_name
		line_of[i] = h_line
		scope[i] = h_scope
		rows[i] = h_rows
		check_header()
	}
	check_params(i, variant)
	if (scope[i] == "tenant")
		check_tenant()
	if (!variant) {
		for (k = 1; k <= 4; k++)
			text[i, k] = sql
		return
	}
	n = split(h_engine, list, ",")
	for (k = 1; k <= n; k++) {
		list[k] = trim(list[k])
		if (!(list[k] in engine_no))
			fail(h_line, "\"" h_name "\": no engine \"" list[k] "\"")
		else if ((i, list[k]) in has_own)
			fail(h_line, "\"" h_name "\" has two texts for " list[k])
		else {
			has_own[i, list[k]] = 1
			text[i, engine_no[list[k]]] = sql
		}
	}
}

function check_header() {
	if (h_scope != "tenant" && h_scope != "global" && h_scope != "system")
		fail(h_line, "\"" h_name "\": scope is tenant, global or system, not \"" h_scope "\"")
	if (h_rows != "one" && h_rows != "many" && h_rows != "none")
		fail(h_line, "\"" h_name "\": rows is one, many or none, not \"" h_rows "\"")
	if (h_scope != "tenant" && h_why == "")
		fail(h_line, "\"" h_name "\": scope " h_scope " needs a \"-- why:\"")
	if (h_scope == "tenant" && h_why != "")
		fail(h_line, "\"" h_name "\": why belongs to global and system only")
}

# Number the parameters by first appearance; variants must have the same ones.
function check_params(i, variant,    part, n, k, p, used, seen) {
	n = split(sql, part, "\001")
	seen = 0
	for (k = 2; k <= n; k++) {
		p = substr(part[k], 1, index(part[k], "\002") - 1)
		if (p in used)
			continue
		used[p] = 1
		seen++
		if ((i, p) in param_no)
			continue
		if (variant) {
			fail(started, "\"" h_name "\": the text for " h_engine " has a parameter :" p " of its own")
			continue
		}
		params[i, ++nparams[i]] = p
		param_no[i, p] = nparams[i]
		if (p == "tenant" && scope[i] != "tenant")
			fail(started, "\"" h_name "\": :tenant is bound for scope tenant only; take another name, as :tenant_id")
	}
	if (variant && seen != nparams[i] + 0)
		fail(started, "\"" h_name "\": the text for " h_engine " lacks a parameter of the general text")
}

# ---- the tenant's wall ----

# The part of s outside parentheses, upper case; what stands in them becomes "()".
function outside(s,    out, i, c, depth) {
	out = ""
	depth = 0
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "(")
			depth++
		if (!depth)
			out = out c
		else if (depth == 1 && c == "(")
			out = out "( "
		else if (depth == 1 && c == ")")
			out = out ")"
		if (c == ")")
			depth--
	}
	return toupper(out)
}

# The n-th parenthesised list at depth 0, without its parentheses.
function list_at(s, which,    i, c, depth, from) {
	depth = 0
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "(" && ++depth == 1 && --which == 0)
			from = i + 1
		if (c == ")" && --depth == 0 && from)
			return substr(s, from, i - from)
	}
	return ""
}

# Item number where of a comma list (commas inside parentheses don't count); or, when item is not
# empty, the number of that item.
function list_item(s, where, item,    i, c, depth, n, word) {
	depth = 0
	n = 1
	word = ""
	for (i = 1; i <= length(s) + 1; i++) {
		c = substr(s, i, 1)
		if (i > length(s) || (c == "," && !depth)) {
			word = trim(word)
			if (item != "" && word == item)
				return n
			if (item == "" && n == where)
				return word
			n++
			word = ""
			continue
		}
		if (c == "(")
			depth++
		if (c == ")")
			depth--
		word = word c
	}
	return item != "" ? 0 : ""
}

function check_tenant(    top, n, where) {
	top = " " outside(bare) " "
	gsub(/[\n\t]/, " ", top)
	if (top ~ / (UNION|EXCEPT|INTERSECT) /) {
		fail(started, "\"" h_name "\": scope tenant with UNION, EXCEPT or INTERSECT: one wall can't hold both sides")
		return
	}
	if (top ~ /^ INSERT / && top ~ / VALUES[ (]/) {
		if (top ~ / ON (CONFLICT|DUPLICATE) / && top !~ / DO NOTHING /)
			fail(started, "\"" h_name "\": scope tenant with an upsert, which could change another tenant's row")
		n = list_item(list_at(bare, 1), 0, "tenant_id")
		if (!n || list_item(list_at(bare, 2), n, "") != "\001tenant\002")
			fail(started, "\"" h_name "\": scope tenant, but its column tenant_id does not get :tenant")
		if (top ~ /\) ?, ?\(/)
			fail(started, "\"" h_name "\": scope tenant with more than one row of values")
		return
	}
	where = index(top, " WHERE ")
	top = where ? substr(top, where) : ""
	if (top !~ /( WHERE| AND) ([A-Z_]+\.)?TENANT_ID = \001TENANT\002 /)
		fail(started, "\"" h_name "\": scope tenant without \"tenant_id = :tenant\" in its WHERE, outside parentheses")
	else if (top ~ / (OR|NOT|XOR|BETWEEN) /)
		fail(started, "\"" h_name "\": scope tenant with OR, NOT or BETWEEN beside \"tenant_id = :tenant\": put it in parentheses")
}

# ---- output ----

function print_h(    i) {
	print "#ifndef HP_DB_CATALOG_AUTO_H\n#define HP_DB_CATALOG_AUTO_H\n"
	print "enum hp_sql {"
	for (i = 1; i <= count; i++)
		print "\tHP_SQL_" toupper(names[i]) ","
	print "\tHP_SQL_COUNT\n};\n\n#endif"
}

# The text for one engine. order gets the parameters' numbers where the engine knows only "?".
function placeholders(i, e,    part, n, k, p, no, out, stop) {
	n = split(text[i, e], part, "\001")
	out = part[1]
	order = ""
	for (k = 2; k <= n; k++) {
		stop = index(part[k], "\002")
		no = param_no[i, substr(part[k], 1, stop - 1)]
		if (e == 1)
			p = "?" no
		else if (e == 2)
			p = "$" no
		else {
			p = "?"
			order = order (no - 1) ", "
		}
		out = out p substr(part[k], stop + 1)
	}
	return out
}

function print_c(    i, e, k, s, list, line) {
	print "#include \"db/catalog.h\"\n"
	for (i = 1; i <= count; i++) {
		if (!nparams[i])
			continue
		list = ""
		for (k = 1; k <= nparams[i]; k++)
			list = list "\"" params[i, k] "\", "
		print "static const char *const params_" i "[] = {" list "};"
		for (e = 3; e <= 4; e++) {
			placeholders(i, e)
			if (e == 4 && text[i, 3] == text[i, 4])
				continue
			print "static const unsigned char order_" i "_" e "[] = {" order "};"
		}
	}
	print "\nconst struct hp_sql_def hp_sql_defs[HP_SQL_COUNT] = {"
	for (i = 1; i <= count; i++) {
		print "\t[HP_SQL_" toupper(names[i]) "] = {"
		print "\t\t.name = \"" names[i] "\","
		print "\t\t.scope = HP_SCOPE_" toupper(scope[i]) ","
		print "\t\t.rows = HP_ROWS_" toupper(rows[i]) ","
		if (nparams[i]) {
			print "\t\t.nparams = " nparams[i] ","
			print "\t\t.params = params_" i ","
		}
		for (e = 1; e <= 4; e++) {
			s = placeholders(i, e)
			line = "\t\t.text[HP_ENGINE_" toupper(engines[e]) "] = " c_string(s) ","
			print line
			if (e > 2 && nparams[i]) {
				k = e == 4 && text[i, 3] == text[i, 4] ? 3 : e
				print "\t\t.order[" (e - 3) "] = order_" i "_" k ","
				print "\t\t.norder[" (e - 3) "] = sizeof(order_" i "_" k "),"
			}
		}
		print "\t},"
	}
	print "};"
}
