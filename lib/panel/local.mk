# panel: the control plane. Never touches a server's file.
lib_libhp_la_SOURCES += lib/panel/panel.h
