# fish completion of hosting-panel's programs: each is asked itself (PROGRAM --complete -- WORD…), so that
# this file knows nothing that could go stale. The answer's form is told in cmd/complete.c.

function __hp_complete
	set -l words (commandline -opc)
	set -l word (commandline -ct)
	set -l program $words[1]
	set -e words[1]
	for line in (command $program --complete -- $words $word 2>/dev/null)
		set -l field (string split \t -- $line)
		if test -n "$field[1]"
			printf '%s\n' $line
		else if test "$field[2]" = dir
			# files: "dir" or "file", and what stands in front of them in this word
			set -l rest (string sub -s (math (string length -- "$field[3]") + 1) -- $word)
			string replace -r '^' -- "$field[3]" (__fish_complete_directories "$rest" '')
		else
			set -l rest (string sub -s (math (string length -- "$field[3]") + 1) -- $word)
			string replace -r '^' -- "$field[3]" (__fish_complete_path "$rest")
		end
	end
end

complete -c @programs@ -f -a '(__hp_complete)'
