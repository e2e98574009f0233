# cmd: the programs.
