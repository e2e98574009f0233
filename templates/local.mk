# templates: one folder a format; installed below $(pkgdatadir).
