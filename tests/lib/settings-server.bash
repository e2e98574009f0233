# Which server a file of tests is about: the files of tests/node that are links to one text (settings-apache.bats …).
# Asked by these themselves, and by directives.bats, which wants a test for every server.
# shellcheck shell=bash
# settings_server FILE: sets server, which serves the website, front, etc, the server's folder, and sites, where its
# vhosts are
settings_server() {
	case ${1##*/} in
	*-apache-nginx.bats) server=nginx front=apache ;;
	*-openlitespeed-behind.bats) server=openlitespeed front=nginx ;;
	openlitespeed.bats | *-openlitespeed.bats) server=openlitespeed front=openlitespeed ;;
	*-apache.bats) server=apache front=apache ;;
	*-behind.bats) server=apache front=nginx ;;
	*) server=nginx front=nginx ;;
	esac
	case $server in
	nginx) etc=/etc/nginx sites=$etc/sites-available ;;
	apache) etc=/etc/apache2 sites=$etc/sites-available ;;
	openlitespeed) etc=/usr/local/lsws/conf sites=$etc/hosting-panel/sites ;;
	esac
}
