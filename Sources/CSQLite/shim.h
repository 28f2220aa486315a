#pragma once
#include <sqlite3.h>

/// Makes plans independent of the values that are bound: a variadic function, which Swift does not import.
///
/// Without it, SQLite 3.54 parses most statements anew whenever an argument is bound.
static inline int csqlite_keep_plans(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_QPSG, 1, (int *)0);
}
