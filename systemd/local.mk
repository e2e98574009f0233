# systemd: units and timers.
