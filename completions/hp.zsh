#compdef @programs@
# zsh completion of hosting-panel's programs: each is asked itself (PROGRAM --complete -- WORD…), so that
# this file knows nothing that could go stale. The answer's form is told in cmd/complete.c.

_hp() {
	local line candidate what
	local -a plain open asked
	# what stands in front, and of the word itself what is left of the cursor
	(( CURRENT < 3 )) || asked=("${(@Q)words[2,CURRENT-1]}")
	asked+=("${(Q)PREFIX}")
	while IFS= read -r line; do
		candidate=${line%%$'\t'*}
		what=${line#*$'\t'}
		[[ $what != $line ]] || what=
		if [[ -z $candidate ]]; then
			# files: "dir" or "file", and what stands in front of them in this word
			compset -P "${(b)${what#*$'\t'}}"
			case $what in
			dir*) _files -/ && return 0 ;;
			*) _files && return 0 ;;
			esac
			continue
		fi
		candidate=${candidate//:/\\:}${what:+:$what}
		if [[ ${line%%$'\t'*} == *= ]]; then
			open+=("$candidate")
		else
			plain+=("$candidate")
		fi
	done < <("${(Q)words[1]}" --complete -- "${asked[@]}" 2>/dev/null)
	local found=1
	(( $#plain )) && _describe -t words word plain && found=0
	# a value follows at once
	(( $#open )) && _describe -t settings setting open -S '' && found=0
	return found
}

_hp "$@"
