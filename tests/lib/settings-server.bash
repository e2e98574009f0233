# Which server a file of tests is about: the files of tests/node that are links to one text (settings-apache.bats …).
# Asked by these themselves, and by directives.bats, which wants a test for every server.
# shellcheck shell=bash
# settings_server FILE: sets server, which serves the website, front, and etc, the server's folder
settings_server() {
	case ${1##*/} in
	*-apache.bats) server=apache front=apache etc=/etc/apache2 ;;
	*-behind.bats) server=apache front=nginx etc=/etc/apache2 ;;
	*) server=nginx front=nginx etc=/etc/nginx ;;
	esac
}
