#!/usr/bin/env bats
# The panel in a browser: headless Chromium on the panel's own NGINX, hp-cgi, the doors to root, the node's NGINX
# and PHP, all of them real. tests/web/browser has the jobs.

load web.bash

setup_file() { web_browsed; }
teardown_file() { web_down; }
setup() { web_paths; }

@test "a website: made, seen as a diff, applied, opened; its PHP changed; suspended, undone; removed" { job website; }

@test "every page: for all to read (axe), within 360 px and 1440 px, light and dark; small, and nothing moves" { job looks; }

@test "coming in: a second factor in a second step, a password for once, and what is offered to whom" { job people; }

@test "by keyboard alone: the focus is seen, and is where the news is" { job keys; }

@test "without JavaScript: a website made, changed, suspended, undone, removed" { job plain; }

@test "a certificate of one's own: pasted, stored, served; what does not fit, or is too large, is told" { job certificate; }
