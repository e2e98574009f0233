# completions: for bash, zsh and fish. Each asks the program itself, so a shell's one text serves all
# programs; it is installed under each program's name, which is where bash and fish look for it.
completed = $(notdir $(bin_PROGRAMS:$(EXEEXT)=))

bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
nodist_bashcomp_DATA = completions/bash/hp completions/bash/hp-tenant completions/bash/hp-user completions/bash/hp-site \
	completions/bash/hp-php completions/bash/hp-vhost completions/bash/hp-cert \
	completions/bash/hp-db \
	completions/bash/hp-node completions/bash/hp-audit
nodist_zshcomp_DATA = completions/zsh/_hp
nodist_fishcomp_DATA = completions/fish/hp.fish completions/fish/hp-tenant.fish completions/fish/hp-user.fish \
	completions/fish/hp-site.fish completions/fish/hp-php.fish completions/fish/hp-vhost.fish \
	completions/fish/hp-cert.fish \
	completions/fish/hp-db.fish completions/fish/hp-node.fish completions/fish/hp-audit.fish

$(nodist_bashcomp_DATA): completions/hp.bash Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) 's/[@]programs[@]/$(@F)/' \
		$(top_srcdir)/completions/hp.bash >$@.tmp && mv $@.tmp $@
$(nodist_fishcomp_DATA): completions/hp.fish Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) 's/[@]programs[@]/$(@F:.fish=)/' \
		$(top_srcdir)/completions/hp.fish >$@.tmp && mv $@.tmp $@
$(nodist_zshcomp_DATA): completions/hp.zsh Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) 's/[@]programs[@]/$(completed)/' \
		$(top_srcdir)/completions/hp.zsh >$@.tmp && mv $@.tmp $@

EXTRA_DIST += completions/hp.bash completions/hp.zsh completions/hp.fish
CLEANFILES += $(nodist_bashcomp_DATA) $(nodist_zshcomp_DATA) $(nodist_fishcomp_DATA)
