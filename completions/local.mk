# completions: each asks the program itself.
