#pragma once
#define NCURSES_WIDECHAR 1
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <term.h>
#include <locale.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

// C globals and macros that Swift cannot read, or not under strict concurrency.

static inline WINDOW *reviewtui_stdscr(void) { return stdscr; }
static inline WINDOW *reviewtui_curscr(void) { return curscr; }
static inline int reviewtui_colors(void) { return COLORS; }
static inline int reviewtui_color_pairs(void) { return COLOR_PAIRS; }

static inline FILE *reviewtui_stdin(void) { return stdin; }
static inline FILE *reviewtui_stdout(void) { return stdout; }

// `columns` and `lines` are macros of term.h.
static inline int reviewtui_window_size(int fd, int *width, int *height) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return -1;
    *width = size.ws_col;
    *height = size.ws_row;
    return 0;
}

// Memory that can be written like a file. Declared here because <sys/mman.h> hides it from all but GNU sources.
extern int memfd_create(const char *name, unsigned int flags);
static inline int reviewtui_memory_file(void) { return memfd_create("reviewtui-frame", 1u /* MFD_CLOEXEC */); }

// A terminfo string, or NULL where the terminal has none (tigetstr's other failure value is (char *)-1).
static inline const char *reviewtui_terminfo_string(const char *name) {
    const char *value = tigetstr(name);
    return value == (const char *)-1 ? NULL : value;
}

static inline int reviewtui_terminfo_flag(const char *name) { return tigetflag(name) > 0; }

// One cell at a position. `pair` may be above 255: it is handed over as an extended pair.
static inline int reviewtui_put(int y, int x, const wchar_t *text, attr_t attributes, int pair) {
    cchar_t cell;
    if (setcchar(&cell, text, attributes, (short)(pair < 256 ? pair : 0), &pair) == ERR) return ERR;
    return mvwadd_wch(stdscr, y, x, &cell);
}

static inline attr_t reviewtui_bold(void) { return A_BOLD; }
static inline attr_t reviewtui_dim(void) { return A_DIM; }
static inline attr_t reviewtui_italic(void) { return A_ITALIC; }
static inline attr_t reviewtui_underline(void) { return A_UNDERLINE; }
static inline attr_t reviewtui_reverse(void) { return A_REVERSE; }

static inline const char *reviewtui_codeset(void) { return nl_langinfo(CODESET); }

// Columns by the C library's tables, which are the ones ncurses counts with. Declared here because <wchar.h> hides it
// from anything but X/Open sources.
extern int wcwidth(wchar_t);
static inline int reviewtui_wcwidth(int scalar) { return wcwidth((wchar_t)scalar); }
