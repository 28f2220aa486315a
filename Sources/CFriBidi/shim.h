#pragma once
#include <fribidi.h>

/* The direction of a paragraph's first letter that has one, left to right where there is none (UAX #9, P2 and P3). */
static inline FriBidiParType reviewtui_direction_by_first_letter(void) { return FRIBIDI_PAR_ON; }

static inline int reviewtui_is_right_to_left(FriBidiParType direction) { return FRIBIDI_IS_RTL(direction) != 0; }

/* Brackets are mirrored; Arabic letters take the forms of their place in a word, one form a letter. */
static inline FriBidiFlags reviewtui_shaping(void) {
    return FRIBIDI_FLAG_SHAPE_MIRRORING | FRIBIDI_FLAG_SHAPE_ARAB_PRES;
}
