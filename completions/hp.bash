# bash completion of hosting-panel's programs: each is asked itself (PROGRAM --complete -- WORD…), so that
# this file knows nothing that could go stale. The answer's form is told in cmd/complete.c.

# The words up to the cursor as the program would get them, into _hp_words: bash cuts words at = and :
# where a program does not.
_hp_split() {
	local line=${COMP_LINE:0:COMP_POINT} lead w i
	_hp_words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		lead=${line%%[![:space:]]*}
		line=${line#"$lead"}
		w=${COMP_WORDS[i]}
		# the cursor may stand inside the word
		[[ $line == "$w"* ]] || w=$line
		line=${line#"$w"}
		w=${w//[\"\'\\]/}
		if [[ -n $lead || $i -eq 0 ]]; then
			_hp_words+=("$w")
		else
			_hp_words[${#_hp_words[@]} - 1]+=$w
		fi
	done
}

_hp_complete() {
	local IFS=$' \t\n' word cut='' candidate what front quoted c
	local -a _hp_words
	COMPREPLY=()
	_hp_split
	word=${_hp_words[${#_hp_words[@]} - 1]}
	# bash replaces what stands behind the last of the characters that it cuts words at
	for c in = :; do
		[[ $COMP_WORDBREAKS == *"$c"* && $word == *"$c"* ]] || continue
		front=${word%"$c"*}$c
		[[ ${#front} -le ${#cut} ]] || cut=$front
	done
	while IFS= read -r candidate; do
		what=${candidate#*$'\t'}
		candidate=${candidate%%$'\t'*}
		if [[ -z $candidate ]]; then
			# files: "dir" or "file", and what stands in front of them in this word
			front=${what#*$'\t'}
			compopt -o filenames
			while IFS= read -r candidate; do
				candidate=$front$candidate
				COMPREPLY+=("${candidate#"$cut"}")
			done < <(
				if [[ $what == dir* ]]; then
					compgen -d -- "${word#"$front"}"
				else
					compgen -f -- "${word#"$front"}"
				fi
			)
			continue
		fi
		quoted=${candidate#"$cut"}
		[[ $quoted != *[!A-Za-z0-9@%+=:,./_-]* ]] || printf -v quoted %q "$quoted"
		COMPREPLY+=("$quoted")
	done < <("${_hp_words[0]}" --complete -- "${_hp_words[@]:1}" 2>/dev/null)
	# a value or another column follows at once
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

complete -F _hp_complete @programs@
