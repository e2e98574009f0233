# tools: checks of the tree.
