# docs: for those who read or change the code.
EXTRA_DIST += docs/design.md docs/new-command.md docs/new-setting.md docs/performance.md docs/security.md docs/settings.md
