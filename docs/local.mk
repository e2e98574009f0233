# docs: for those who read or change the code.
