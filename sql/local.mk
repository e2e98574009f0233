# sql: the statement catalog and the migrations, compiled into libhp.
