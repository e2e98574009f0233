# tools: checks of the tree, and the list of packages.
EXTRA_DIST += tools/check-all tools/check-docs tools/check-layers tools/check-style \
	tools/check-units tools/docs-settings tools/lib.sh tools/packages
